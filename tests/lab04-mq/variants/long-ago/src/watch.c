/* SPDX-License-Identifier: MIT */
/* mqwatch: notification by a thread of the C library, which writes into an eventfd. */
#include "mine.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void arrived(union sigval v)
{
    eventfd_write(v.sival_int, 1);
}

static int subscribe(mqd_t q, int efd)
{
    struct sigevent e;

    memset(&e, 0, sizeof e);
    e.sigev_notify = SIGEV_THREAD;
    e.sigev_notify_function = arrived;
    e.sigev_value.sival_int = efd;
    return mq_notify(q, &e);
}

/* 1: enough. 0: empty. -1: error. */
static int show(mqd_t q, char *buf, size_t room, long *left)
{
    char head[16], *line = buf + sizeof head;
    unsigned prio;
    ssize_t n;

    while ((n = mq_receive(q, line, room, &prio)) != -1) {
        int k = snprintf(head, sizeof head, "%u ", prio);

        memcpy(line - k, head, (size_t)k);
        line[n] = '\n';
        if (put_all(1, line - k, (size_t)(k + n + 1)) == -1)
            return -1;
        if (*left > 0 && --*left == 0)
            return 1;
        if (stop_signal())
            return 1;
    }
    return errno == EAGAIN ? 0 : -1;
}

int mqwatch_run(const char *name, long count)
{
    int efd = -1, r = -1, code;
    char *buf = NULL;
    size_t room;
    mqd_t q;

    if (stop_open(0) == -1)
        return say("mqwatch", "signalfd", errno, EXIT_FAILED);
    q = mq_open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (q != (mqd_t)-1) {
        efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        room = q_room(q);
        buf = malloc(room + 32);
        if (buf && efd != -1 && subscribe(q, efd) == 0) {
            dprintf(1, "READY %s\n", name);
            r = show(q, buf, room, &count);
        }
        while (r == 0) {
            struct pollfd p[2] = {{.fd = efd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
            eventfd_t v;

            if (poll(p, 2, -1) == -1)
                r = errno == EINTR ? 0 : -1;
            else if (p[1].revents)
                r = stop_signal() != 0;
            else if (eventfd_read(efd, &v) == 0)
                r = subscribe(q, efd) == 0 ? show(q, buf, room, &count) : -1;
        }
    }
    code = r < 0 ? say("mqwatch", name, errno, code_of(errno)) : EXIT_OK;
    if (q != (mqd_t)-1)
        mq_close(q);
    if (efd != -1)
        close(efd);
    free(buf);
    stop_close();
    return code;
}
