/* SPDX-License-Identifier: MIT */
#include "mine.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Handed over: 0. The token of a reply that could not be delivered has not been given out. */
static int hand_over(const struct rpc_req *req, const struct rpc_rep *rep)
{
    mqd_t q;
    int r;

    if (req->reply_to[0] != '/' || strnlen(req->reply_to, sizeof req->reply_to) == sizeof req->reply_to)
        return -1;
    q = mq_open(req->reply_to, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (q == (mqd_t)-1)
        return -1;
    r = mq_send(q, (const char *)rep, RPC_REP_HEADER + rep->len, 0);
    mq_close(q);
    return r;
}

static int serve_all(mqd_t q, uint64_t *token)
{
    static struct rpc_req req; /* as large as the queue's messages */
    static struct rpc_rep rep;
    ssize_t n;

    while ((n = mq_receive(q, (char *)&req, sizeof req, NULL)) != -1) {
        uint64_t before = *token;

        if (rpc_dispatch(&req, (size_t)n, &rep, token) == 0 && hand_over(&req, &rep) == 0) {
            stat_served++;
        } else {
            *token = before;
            stat_dropped++;
        }
        if (stop_signal())
            return 1;
    }
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

int tokend_run(const char *name)
{
    struct epoll_event ev = {.events = EPOLLIN}, got;
    int ep = -1, r = -1, code;
    uint64_t token = 0;
    mqd_t q;

    if (stop_open(0) == -1)
        return say("tokend", "signalfd", errno, EXIT_FAILED);
    q = q_create(name, QUEUE_MAXMSG, sizeof(struct rpc_req));
    if (q == (mqd_t)-1) {
        code = say("tokend", name, errno, errno == EEXIST ? EXIT_IN_USE : EXIT_FAILED);
        stop_close();
        return code;
    }
    ep = epoll_create1(EPOLL_CLOEXEC);
    if (ep != -1 && q_nonblock(q, 1) == 0 && (ev.data.fd = q, epoll_ctl(ep, EPOLL_CTL_ADD, q, &ev)) == 0 &&
        (ev.data.fd = stop_fd, epoll_ctl(ep, EPOLL_CTL_ADD, stop_fd, &ev)) == 0) {
        dprintf(1, "READY %s\n", name);
        r = 0;
    }
    while (r == 0) {
        if (epoll_wait(ep, &got, 1, -1) == -1)
            r = errno == EINTR ? 0 : -1;
        else if (got.data.fd == q)
            r = serve_all(q, &token);
        else
            r = stop_signal() != 0;
    }
    code = r < 0 ? say("tokend", name, errno, EXIT_FAILED) : EXIT_OK;
    mq_unlink(name);
    mq_close(q);
    if (ep != -1)
        close(ep);
    stop_close();
    dprintf(1, "BYE served=%llu dropped=%llu\n", (unsigned long long)stat_served, (unsigned long long)stat_dropped);
    return code;
}
