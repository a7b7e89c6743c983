/* SPDX-License-Identifier: MIT */
/* the functions on queues */
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

/* One line on stderr for the failure in errno. Returns the exit code for it. */
int complain(const char *prog, const char *what)
{
    int why = errno;

    fprintf(stderr, "%s: %s: %s\n", prog, what, strerror(why));
    switch (why) {
    case ENOENT:
    case EAGAIN:
        return EXIT_NO_PEER;
    case ETIMEDOUT:
        return EXIT_TIMEOUT;
    case EEXIST:
    case EBUSY:
        return EXIT_IN_USE;
    default:
        return EXIT_FAILED;
    }
}

int fail_with(int why)
{
    errno = why;
    return -1;
}

/* A. Queue functions ---------------------------------------------------------------------------- */

mqd_t q_create(const char *name, long maxmsg, long msgsize)
{
    struct mq_attr attr = {.mq_maxmsg = maxmsg, .mq_msgsize = msgsize};

    return mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
}

/* The moment on the wall clock so many milliseconds from now. NO_WAIT: long ago, so that the call
 * takes what it can have at once and does not wait. */
static struct timespec deadline_after(int timeout_ms)
{
    struct timespec t = {0};

    if (timeout_ms > 0) {
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_sec += timeout_ms / 1000;
        t.tv_nsec += timeout_ms % 1000 * 1000000L;
        if (t.tv_nsec >= 1000000000L) {
            t.tv_sec++;
            t.tv_nsec -= 1000000000L;
        }
    }
    return t;
}

/* The deadline is a moment, so going on after a signal does not move it. */
int transmit(mqd_t q, const void *buf, size_t len, unsigned prio, int timeout_ms)
{
    struct timespec until = deadline_after(timeout_ms);
    int r;

    do
        r = timeout_ms < 0 ? mq_send(q, buf, len, prio) : mq_timedsend(q, buf, len, prio, &until);
    while (r < 0 && errno == EINTR);
    if (r < 0 && errno == ETIMEDOUT && timeout_ms == NO_WAIT)
        errno = EAGAIN;
    return r;
}

/* Receives into buf, which has room for the longest message of the queue. */
ssize_t receive(mqd_t q, void *buf, size_t size, unsigned *prio, int timeout_ms)
{
    struct timespec until = deadline_after(timeout_ms);
    ssize_t n;

    do
        n = timeout_ms < 0 ? mq_receive(q, buf, size, prio) : mq_timedreceive(q, buf, size, prio, &until);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == ETIMEDOUT && timeout_ms == NO_WAIT)
        errno = EAGAIN;
    return n;
}

int q_send(mqd_t q, const void *buf, size_t len, unsigned prio, int timeout_ms)
{
    return transmit(q, buf, len, prio, timeout_ms);
}

ssize_t q_recv(mqd_t q, void **buf, unsigned *prio, int timeout_ms)
{
    struct mq_attr attr;
    ssize_t n;
    void *room;

    if (mq_getattr(q, &attr) < 0)
        return -1;
    room = malloc((size_t)attr.mq_msgsize);
    if (!room)
        return -1;
    n = receive(q, room, (size_t)attr.mq_msgsize, prio, timeout_ms);
    if (n < 0) {
        free(room);
        return -1;
    }
    *buf = room;
    return n;
}

int q_nonblock(mqd_t q, int on)
{
    struct mq_attr attr = {.mq_flags = on ? O_NONBLOCK : 0}, old;

    if (mq_setattr(q, &attr, &old) < 0)
        return -1;
    return (old.mq_flags & O_NONBLOCK) != 0;
}
