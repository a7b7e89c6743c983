/* SPDX-License-Identifier: MIT */
/* Queue functions by poll: try at once, wait for the descriptor, try again. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "mine.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct timespec LONG_AGO = {1, 0}; /* 1 January 1970, one second past midnight: gone */

mqd_t q_create(const char *name, long maxmsg, long msgsize)
{
    struct mq_attr a = {.mq_maxmsg = maxmsg, .mq_msgsize = msgsize};
    mqd_t q;

    if (*name != '/')
        return errno = EINVAL, (mqd_t)-1;
    q = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR, &a);
    if (q != (mqd_t)-1)
        fchmod(q, 0600); /* whatever the umask */
    return q;
}

void deadline_set(struct deadline *d, int timeout_ms)
{
    d->mode = timeout_ms < 0 ? -1 : timeout_ms > 0;
    clock_gettime(CLOCK_REALTIME, &d->at);
    if (timeout_ms > 0) {
        long long ns = d->at.tv_nsec + timeout_ms * 1000000LL;

        d->at.tv_sec += ns / 1000000000LL;
        d->at.tv_nsec = ns % 1000000000LL;
    }
}

/* 0: try again. -1: errno tells. */
static int await(mqd_t q, short events, const struct deadline *d)
{
    struct pollfd p[2] = {{.fd = q, .events = events}, {.fd = stop_fd, .events = POLLIN}};
    struct timespec now, rest;

    if (d->mode == 0)
        return errno = EAGAIN, -1;
    if (d->mode == 1) {
        clock_gettime(CLOCK_REALTIME, &now);
        rest.tv_sec = d->at.tv_sec - now.tv_sec;
        rest.tv_nsec = d->at.tv_nsec - now.tv_nsec;
        if (rest.tv_nsec < 0)
            rest.tv_sec--, rest.tv_nsec += 1000000000L;
        if (rest.tv_sec < 0 || (rest.tv_sec == 0 && rest.tv_nsec == 0))
            return errno = ETIMEDOUT, -1;
    }
    if (ppoll(p, 2, d->mode == 1 ? &rest : NULL, NULL) == -1)
        return errno == EINTR ? 0 : -1;
    if (p[1].revents)
        return errno = ECANCELED, -1;
    return 0;
}

int q_put(mqd_t q, const void *buf, size_t len, unsigned prio, const struct deadline *d)
{
    while (mq_timedsend(q, buf, len, prio, &LONG_AGO) == -1) {
        if (errno == EINTR)
            continue;
        if (errno != ETIMEDOUT || await(q, POLLOUT, d) == -1)
            return -1;
    }
    return 0;
}

ssize_t q_get(mqd_t q, void *buf, size_t cap, unsigned *prio, const struct deadline *d)
{
    ssize_t n;

    while ((n = mq_timedreceive(q, buf, cap, prio, &LONG_AGO)) == -1) {
        if (errno == EINTR)
            continue;
        if (errno != ETIMEDOUT || await(q, POLLIN, d) == -1)
            return -1;
    }
    return n;
}

size_t q_room(mqd_t q)
{
    struct mq_attr a;

    return mq_getattr(q, &a) == -1 ? 0 : (size_t)a.mq_msgsize;
}

int q_send(mqd_t q, const void *buf, size_t len, unsigned prio, int timeout_ms)
{
    struct deadline d;

    deadline_set(&d, timeout_ms);
    return q_put(q, buf, len, prio, &d);
}

ssize_t q_recv(mqd_t q, void **buf, unsigned *prio, int timeout_ms)
{
    struct deadline d;
    size_t room;
    ssize_t n;
    char *p;

    deadline_set(&d, timeout_ms);
    room = q_room(q);
    if (!room || !(p = malloc(room)))
        return -1;
    n = q_get(q, p, room, prio, &d);
    if (n == -1) {
        int e = errno;

        free(p);
        errno = e;
    } else {
        *buf = p;
    }
    return n;
}

int q_nonblock(mqd_t q, int on)
{
    struct mq_attr a;
    int before;

    if (mq_getattr(q, &a) == -1)
        return -1;
    before = !!(a.mq_flags & O_NONBLOCK);
    a.mq_flags = on ? a.mq_flags | O_NONBLOCK : a.mq_flags & ~(long)O_NONBLOCK;
    return before != !!on && mq_setattr(q, &a, NULL) == -1 ? -1 : before;
}
