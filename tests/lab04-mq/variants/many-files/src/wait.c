/* SPDX-License-Identifier: MIT */
/* waiting until a signal asks to stop */
#include "inner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Waiting, until a signal asks to stop ---------------------------------------------------------- */

static volatile sig_atomic_t stop_asked;
const sigset_t *stop_mask; /* of ppoll, NULL: this program does not catch signals */

static void stop_ask(int sig)
{
    (void)sig;
    stop_asked = 1;
}

/* From now on SIGTERM and SIGINT are delivered in wait_ready and nowhere else: one that comes
 * between looking at stop_asked and going to sleep is not lost. */
void stop_catch(void)
{
    static sigset_t waiting;
    struct sigaction act = {.sa_handler = stop_ask};
    sigset_t block;

    sigemptyset(&act.sa_mask);
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigaddset(&block, SIGINT);
    sigprocmask(SIG_BLOCK, &block, &waiting);
    sigdelset(&waiting, SIGTERM);
    sigdelset(&waiting, SIGINT);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    stop_mask = &waiting;
}

long long now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

long long end_after(int timeout_ms)
{
    return timeout_ms < 0 ? FOREVER : now_ns() + timeout_ms * 1000000LL;
}

/* Until fd (a queue's descriptor is one, too, on Linux) is ready: 0. -1: ETIMEDOUT, or EINTR when a
 * signal has asked to stop. */
int wait_ready(int fd, short events, long long end_ns)
{
    struct pollfd p = {.fd = fd, .events = events};
    struct timespec left;
    int r;

    do {
        long long ns = end_ns == FOREVER ? 0 : end_ns - now_ns();

        /* With something to tell, ppoll does not deliver signals. This one has nothing to look at. */
        if (stop_mask)
            ppoll(NULL, 0, &(struct timespec){0}, stop_mask);
        if (stop_asked)
            return fail_with(EINTR);
        if (ns < 0)
            ns = 0;
        left = (struct timespec){ns / 1000000000LL, ns % 1000000000LL};
        r = ppoll(&p, 1, end_ns == FOREVER ? NULL : &left, stop_mask);
    } while (r < 0 && errno == EINTR);
    return r > 0 ? 0 : fail_with(r == 0 ? ETIMEDOUT : errno);
}

/* As transmit, but a signal that asks to stop ends it. */
int send_ready(mqd_t q, const void *buf, size_t len, unsigned prio, long long end_ns)
{
    while (transmit(q, buf, len, prio, NO_WAIT) < 0)
        if (errno != EAGAIN || wait_ready(q, POLLOUT, end_ns) < 0)
            return -1;
    return 0;
}
