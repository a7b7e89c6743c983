/* SPDX-License-Identifier: MIT */
#include "mine.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rpc {
    mqd_t out, in;
    uint64_t id;
    char mine[32];
};

rpc_t *rpc_open(const char *server)
{
    struct rpc *c;
    struct timespec now;
    int e;

    if (strnlen(server, SERVER_NAME_MAX + 1) > SERVER_NAME_MAX)
        return errno = ENAMETOOLONG, NULL;
    c = malloc(sizeof *c);
    if (!c)
        return NULL;
    memset(c->mine, 0, sizeof c->mine);
    sprintf(c->mine, "%s.%ld", server, (long)getpid());
    c->out = mq_open(server, O_WRONLY | O_CLOEXEC);
    if (c->out != (mqd_t)-1) {
        c->in = q_create(c->mine, 4, RPC_REP_HEADER + RPC_MAX);
        if (c->in == (mqd_t)-1 && errno == EEXIST) {
            /* The name has our PID in it: whoever made it is dead. */
            mq_unlink(c->mine);
            c->in = q_create(c->mine, 4, RPC_REP_HEADER + RPC_MAX);
        }
        if (c->in != (mqd_t)-1) {
            clock_gettime(CLOCK_REALTIME, &now);
            c->id = (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec << 32;
            return c;
        }
        e = errno;
        mq_close(c->out);
        errno = e;
    }
    e = errno;
    free(c);
    errno = e;
    return NULL;
}

void rpc_close(rpc_t *c)
{
    if (c) {
        mq_unlink(c->mine);
        mq_close(c->in);
        mq_close(c->out);
        free(c);
    }
}

int rpc_call(rpc_t *c, uint32_t op, const void *in, size_t inlen, void *out, size_t cap, size_t *outlen,
             int timeout_ms)
{
    struct deadline d, now = {.mode = 0};
    unsigned char wire[RPC_REQ_HEADER + RPC_MAX];
    uint32_t head[2] = {RPC_REQ_MAGIC, op}, len = (uint32_t)inlen;
    struct rpc_rep *rep;
    size_t room = q_room(c->in);
    ssize_t n;
    int r = -1, e;

    if (inlen > RPC_MAX)
        return errno = EMSGSIZE, -1;
    deadline_set(&d, timeout_ms);
    if (room < sizeof *rep)
        room = sizeof *rep;
    rep = malloc(room);
    if (!rep)
        return -1;
    /* what came late for earlier calls must not stand in the way of this reply */
    while (q_get(c->in, rep, room, NULL, &now) != -1)
        ;
    c->id++;
    memcpy(wire, head, 8);
    memcpy(wire + offsetof(struct rpc_req, id), &c->id, 8);
    memcpy(wire + offsetof(struct rpc_req, reply_to), c->mine, sizeof c->mine);
    memcpy(wire + offsetof(struct rpc_req, len), &len, 4);
    if (inlen)
        memcpy(wire + RPC_REQ_HEADER, in, inlen);
    if (q_put(c->out, wire, RPC_REQ_HEADER + inlen, 0, &d) == 0)
        while ((n = q_get(c->in, rep, room, NULL, &d)) != -1) {
            if ((size_t)n < RPC_REP_HEADER || rep->magic != RPC_REP_MAGIC || rep->id != c->id ||
                rep->status < 0 || rep->len > RPC_MAX || (size_t)n < RPC_REP_HEADER + rep->len)
                continue;
            if (rep->len > cap) {
                errno = EMSGSIZE;
                break;
            }
            if (rep->len)
                memcpy(out, rep->data, rep->len);
            if (outlen)
                *outlen = rep->len;
            r = rep->status;
            break;
        }
    e = errno;
    free(rep);
    errno = e;
    return r;
}

int tokenc_run(const char *name, int timeout_ms, char *const command[])
{
    int64_t num[RPC_MAX / 8], res[RPC_MAX / 8 + 1];
    char line[RPC_MAX + 64];
    const void *in = num;
    size_t inlen = 0, got = 0;
    uint32_t op = *command[0] == 'e' ? OP_ECHO : *command[0] == 't' ? OP_TOKEN : *command[0] == 'd' ? OP_DIV
                  : command[0][1] == 'u' ? OP_SUM : OP_STAT;
    int r, n, e, sig;
    rpc_t *c;

    if (op == OP_ECHO)
        inlen = strlen(in = command[1]);
    else
        for (; command[1 + inlen / 8]; inlen += 8)
            num[inlen / 8] = strtoll(command[1 + inlen / 8], NULL, 10);
    if (stop_open(0) == -1)
        return say("tokenc", "signalfd", errno, EXIT_FAILED);
    c = rpc_open(name);
    if (!c) {
        r = say("tokenc", name, errno, errno == ENOENT ? EXIT_NO_PEER : EXIT_FAILED);
        stop_close();
        return r;
    }
    r = rpc_call(c, op, in, inlen, res, sizeof res, &got, timeout_ms);
    e = errno;
    rpc_close(c);
    sig = stop_signal();
    stop_close();
    if (sig) { /* die of it, now that all is tidy */
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, sig);
        raise(sig);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        return EXIT_FAILED;
    }
    if (r == -1)
        return say("tokenc", command[0], e, e == ETIMEDOUT ? EXIT_TIMEOUT : EXIT_FAILED);
    if (r != RPC_OK) {
        n = sprintf(line, "remote error %d\n", r);
    } else if (op == OP_ECHO) {
        memcpy(line, res, got);
        line[got] = '\n';
        n = (int)got + 1;
    } else if (got != (op == OP_DIV || op == OP_STAT ? 16u : 8u)) {
        return say("tokenc", command[0], EBADMSG, EXIT_FAILED);
    } else {
        n = sprintf(line, op == OP_DIV ? "%lld %lld\n" : op == OP_STAT ? "served=%lld dropped=%lld\n" : "%lld\n",
                    (long long)res[0], (long long)(got == 16 ? res[1] : 0));
    }
    if (put_all(1, line, (size_t)n) == -1)
        return say("tokenc", "stdout", errno, EXIT_FAILED);
    return r == RPC_OK ? EXIT_OK : EXIT_FAILED;
}
