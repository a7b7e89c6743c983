/* SPDX-License-Identifier: MIT */
#include "mine.h"
#include <errno.h>
#include <string.h>

uint64_t stat_served, stat_dropped;

/* Only what will travel is written into *rep: the header and len bytes. */
struct work {
    const unsigned char *arg;
    uint32_t len;
    unsigned char *res;
    uint32_t *reslen;
    uint64_t *next_token;
};

static int64_t number(const struct work *w, size_t i)
{
    int64_t x;

    return memcpy(&x, w->arg + 8 * i, 8), x;
}

static void result(const struct work *w, int64_t x)
{
    memcpy(w->res + *w->reslen, &x, 8);
    *w->reslen += 8;
}

static int op_echo(const struct work *w)
{
    memmove(w->res, w->arg, *w->reslen = w->len);
    return RPC_OK;
}

static int op_token(const struct work *w)
{
    if (w->len)
        return RPC_BAD_ARGUMENT;
    result(w, (int64_t)*w->next_token);
    *w->next_token += 1;
    return RPC_OK;
}

static int op_sum(const struct work *w)
{
    int64_t sum = 0;

    if (w->len & 7)
        return RPC_BAD_ARGUMENT;
    for (size_t i = 0; i < w->len / 8; i++) {
        int64_t x = number(w, i);

        if (x > 0 ? sum > INT64_MAX - x : sum < INT64_MIN - x)
            return RPC_OVERFLOW;
        sum += x;
    }
    result(w, sum);
    return RPC_OK;
}

static int op_div(const struct work *w)
{
    int64_t a, b;

    if (w->len != 16)
        return RPC_BAD_ARGUMENT;
    a = number(w, 0);
    b = number(w, 1);
    if (!b)
        return RPC_DIVIDED_BY_ZERO;
    if (b == -1 && a == INT64_MIN)
        return RPC_OVERFLOW;
    result(w, a / b);
    result(w, a % b);
    return RPC_OK;
}

static int op_stat(const struct work *w)
{
    if (w->len)
        return RPC_BAD_ARGUMENT;
    result(w, (int64_t)stat_served);
    result(w, (int64_t)stat_dropped);
    return RPC_OK;
}

int rpc_dispatch(const void *msg, size_t n, struct rpc_rep *rep, uint64_t *next_token)
{
    static int (*const ops[])(const struct work *) = {
        [OP_ECHO] = op_echo, [OP_TOKEN] = op_token, [OP_SUM] = op_sum, [OP_DIV] = op_div, [OP_STAT] = op_stat};
    const unsigned char *m = msg;
    uint32_t magic, op, len, reslen = 0;
    struct work w;

    if (n < RPC_REQ_HEADER)
        return errno = EBADMSG, -1;
    memcpy(&magic, m + offsetof(struct rpc_req, magic), 4);
    memcpy(&op, m + offsetof(struct rpc_req, op), 4);
    memcpy(&len, m + offsetof(struct rpc_req, len), 4);
    if (magic != RPC_REQ_MAGIC || len > RPC_MAX || RPC_REQ_HEADER + len > n)
        return errno = EBADMSG, -1;
    w = (struct work){m + RPC_REQ_HEADER, len, rep->data, &reslen, next_token};
    memcpy(&rep->id, m + offsetof(struct rpc_req, id), 8);
    rep->magic = RPC_REP_MAGIC;
    rep->status = op < sizeof ops / sizeof *ops && ops[op] ? ops[op](&w) : RPC_UNKNOWN_OP;
    rep->len = rep->status == RPC_OK ? reslen : 0;
    return 0;
}
