/* SPDX-License-Identifier: MIT */
/* lab04 - POSIX message queues: your library. What each function must do is told in include/lab04.h
 * and in the handout. Replace the stubs one after the other: parts A, B, C, D, E. */
#include "lab04.h"

#include <errno.h>

/* What every stub returns. Remove it with the last of them. */
static int not_implemented(void)
{
    errno = ENOSYS;
    return -1;
}

/* A. Queue functions ---------------------------------------------------------------------------- */

mqd_t q_create(const char *name, long maxmsg, long msgsize)
{
    (void)name;
    (void)maxmsg;
    (void)msgsize;
    return (mqd_t)not_implemented();
}

int q_send(mqd_t q, const void *buf, size_t len, unsigned prio, int timeout_ms)
{
    (void)q;
    (void)buf;
    (void)len;
    (void)prio;
    (void)timeout_ms;
    return not_implemented();
}

ssize_t q_recv(mqd_t q, void **buf, unsigned *prio, int timeout_ms)
{
    (void)q;
    (void)buf;
    (void)prio;
    (void)timeout_ms;
    return not_implemented();
}

int q_nonblock(mqd_t q, int on)
{
    (void)q;
    (void)on;
    return not_implemented();
}

/* B. mqtool ------------------------------------------------------------------------------------- */

int mqtool_create(const char *name, long maxmsg, long msgsize)
{
    (void)name;
    (void)maxmsg;
    (void)msgsize;
    return not_implemented();
}

int mqtool_send(const char *name, const char *text, unsigned prio, int timeout_ms)
{
    (void)name;
    (void)text;
    (void)prio;
    (void)timeout_ms;
    return not_implemented();
}

int mqtool_recv(const char *name, long count, int timeout_ms)
{
    (void)name;
    (void)count;
    (void)timeout_ms;
    return not_implemented();
}

int mqtool_stat(const char *name)
{
    (void)name;
    return not_implemented();
}

int mqtool_unlink(const char *name)
{
    (void)name;
    return not_implemented();
}

/* C. Remote procedure calls --------------------------------------------------------------------- */

int rpc_dispatch(const void *msg, size_t n, struct rpc_rep *rep, uint64_t *next_token)
{
    (void)msg;
    (void)n;
    (void)rep;
    (void)next_token;
    return not_implemented();
}

rpc_t *rpc_open(const char *server)
{
    (void)server;
    (void)not_implemented();
    return NULL;
}

int rpc_call(rpc_t *c, uint32_t op, const void *in, size_t inlen, void *out, size_t cap,
             size_t *outlen, int timeout_ms)
{
    (void)c;
    (void)op;
    (void)in;
    (void)inlen;
    (void)out;
    (void)cap;
    (void)outlen;
    (void)timeout_ms;
    return not_implemented();
}

void rpc_close(rpc_t *c)
{
    (void)c;
}

int tokend_run(const char *name)
{
    (void)name;
    return not_implemented();
}

int tokenc_run(const char *name, int timeout_ms, char *const command[])
{
    (void)name;
    (void)timeout_ms;
    (void)command;
    return not_implemented();
}

/* D. mqpool ------------------------------------------------------------------------------------- */

int mqpool_run(const char *name, int workers, int batch)
{
    (void)name;
    (void)workers;
    (void)batch;
    return not_implemented();
}

/* E. mqwatch ------------------------------------------------------------------------------------ */

int mqwatch_run(const char *name, long count)
{
    (void)name;
    (void)count;
    return not_implemented();
}
