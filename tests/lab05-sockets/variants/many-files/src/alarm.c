/* SPDX-License-Identifier: MIT */
/* SIGTERM and SIGINT arrive as a byte on a socketpair of our own. */
#include "parts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int ends[2] = {-1, -1};

static void ring(int sig)
{
    int e = errno;

    (void)sig;
    (void)!send(ends[1], "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    errno = e;
}

static void on_both(void (*handler)(int))
{
    struct sigaction act;

    memset(&act, 0, sizeof(act));
    act.sa_handler = handler;
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
}

int alarm_open(void)
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    own(ends[1]);
    on_both(ring);
    return own(ends[0]);
}

void alarm_close(void)
{
    on_both(SIG_IGN); /* we are leaving already */
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0)
            close(ends[i]);
        ends[i] = -1;
    }
}
