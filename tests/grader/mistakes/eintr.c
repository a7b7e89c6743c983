/* SPDX-License-Identifier: MIT */
/* A read that a signal interrupted is taken for a failed one.
 * lab: 03
 * ends: 0
 * signature: eintr: exit code 1 instead of 0
 * cause: eintr */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static void on_signal(int sig)
{
    (void)sig;
}

int main(void)
{
    struct sigaction sa = {.sa_handler = on_signal};
    struct itimerval again = {{0, 5000}, {0, 5000}}; /* until one comes while it sleeps in read */
    int p[2];
    char byte;

    (void)!pipe(p);
    (void)sigaction(SIGALRM, &sa, NULL);
    (void)setitimer(ITIMER_REAL, &again, NULL);
    if (read(p[0], &byte, 1) < 0) {
        (void)fprintf(stderr, "eintr: read: %s\n", strerror(errno));
        return 1;
    }
    return 0;
}
