/* SPDX-License-Identifier: MIT */
/* remote procedure calls: dispatch and the client */
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

/* C. Remote procedure calls: what both sides know ------------------------------------------------ */

uint64_t served, dropped; /* what STAT tells */

static int64_t argument(const struct rpc_req *req, size_t i)
{
    int64_t n;

    memcpy(&n, req->data + i * sizeof(n), sizeof(n));
    return n;
}

static void result(struct rpc_rep *rep, uint64_t n)
{
    memcpy(rep->data + rep->len, &n, sizeof(n));
    rep->len += (uint32_t)sizeof(n);
}

static int do_sum(const struct rpc_req *req, struct rpc_rep *rep)
{
    int64_t sum = 0;

    if (req->len % sizeof(sum) != 0)
        return RPC_BAD_ARGUMENT;
    for (size_t i = 0; i < req->len / sizeof(sum); i++)
        if (__builtin_add_overflow(sum, argument(req, i), &sum))
            return RPC_OVERFLOW;
    result(rep, (uint64_t)sum);
    return RPC_OK;
}

static int do_div(const struct rpc_req *req, struct rpc_rep *rep)
{
    int64_t a, b;

    if (req->len != 2 * sizeof(a))
        return RPC_BAD_ARGUMENT;
    a = argument(req, 0);
    b = argument(req, 1);
    if (b == 0)
        return RPC_DIVIDED_BY_ZERO;
    if (a == INT64_MIN && b == -1) /* the quotient is one more than fits, and the processor traps */
        return RPC_OVERFLOW;
    result(rep, (uint64_t)(a / b));
    result(rep, (uint64_t)(a % b));
    return RPC_OK;
}

static int do_op(const struct rpc_req *req, struct rpc_rep *rep, uint64_t *next_token)
{
    switch (req->op) {
    case OP_ECHO:
        memcpy(rep->data, req->data, req->len);
        rep->len = req->len;
        return RPC_OK;
    case OP_TOKEN:
        if (req->len != 0)
            return RPC_BAD_ARGUMENT;
        result(rep, (*next_token)++);
        return RPC_OK;
    case OP_SUM:
        return do_sum(req, rep);
    case OP_DIV:
        return do_div(req, rep);
    case OP_STAT:
        if (req->len != 0)
            return RPC_BAD_ARGUMENT;
        result(rep, served);
        result(rep, dropped);
        return RPC_OK;
    default:
        return RPC_UNKNOWN_OP;
    }
}

int rpc_dispatch(const void *msg, size_t n, struct rpc_rep *rep, uint64_t *next_token)
{
    struct rpc_req req = {0};

    memcpy(&req, msg, n < sizeof(req) ? n : sizeof(req));
    if (n < RPC_REQ_HEADER || req.magic != RPC_REQ_MAGIC || req.len > RPC_MAX || req.len > n - RPC_REQ_HEADER)
        return fail_with(EBADMSG);
    memset(rep, 0, sizeof(*rep));
    rep->magic = RPC_REP_MAGIC;
    rep->id = req.id;
    rep->status = do_op(&req, rep, next_token);
    return 0;
}

/* C. The client's side --------------------------------------------------------------------------- */

struct rpc {
    mqd_t server, reply;
    char name[sizeof(((struct rpc_req *)0)->reply_to)];
    uint64_t last_id;
};

rpc_t *rpc_open(const char *server)
{
    rpc_t *c;

    if (strlen(server) > SERVER_NAME_MAX) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    snprintf(c->name, sizeof(c->name), "%s.%ld", server, (long)getpid());
    c->server = mq_open(server, O_WRONLY);
    c->reply = c->server < 0 ? -1 : q_create(c->name, REPLIES_MAX, sizeof(struct rpc_rep));
    if (c->reply < 0) {
        int why = errno;

        if (c->server >= 0)
            mq_close(c->server);
        free(c);
        errno = why;
        return NULL;
    }
    return c;
}

/* The next reply, whosever it is. 0, or -1: see wait_ready. */
static int next_reply(rpc_t *c, struct rpc_rep *rep, long long end_ns)
{
    for (;;) {
        ssize_t n = receive(c->reply, rep, sizeof(*rep), NULL, NO_WAIT);

        if (n >= (ssize_t)RPC_REP_HEADER && rep->magic == RPC_REP_MAGIC && rep->len <= (size_t)n - RPC_REP_HEADER)
            return 0;
        if (n < 0 && (errno != EAGAIN || wait_ready(c->reply, POLLIN, end_ns) < 0))
            return -1;
    }
}

int rpc_call(rpc_t *c, uint32_t op, const void *in, size_t inlen, void *out, size_t cap,
             size_t *outlen, int timeout_ms)
{
    long long end_ns = end_after(timeout_ms);
    struct rpc_req req = {.magic = RPC_REQ_MAGIC, .op = op, .id = ++c->last_id};
    struct rpc_rep rep;

    if (inlen > RPC_MAX)
        return fail_with(EMSGSIZE);
    memcpy(req.reply_to, c->name, sizeof(req.reply_to));
    if (inlen > 0)
        memcpy(req.data, in, inlen);
    req.len = (uint32_t)inlen;
    if (send_ready(c->server, &req, RPC_REQ_HEADER + inlen, 0, end_ns) < 0)
        return -1;
    do /* a reply with another id is late: it belongs to a call that was given up */
        if (next_reply(c, &rep, end_ns) < 0)
            return -1;
    while (rep.id != req.id);
    if (rep.len > cap)
        return fail_with(EMSGSIZE);
    if (rep.len > 0)
        memcpy(out, rep.data, rep.len);
    *outlen = rep.len;
    return rep.status;
}

void rpc_close(rpc_t *c)
{
    if (!c)
        return;
    mq_close(c->server);
    mq_close(c->reply);
    mq_unlink(c->name);
    free(c);
}
