/* SPDX-License-Identifier: MIT */
/* lab04 - POSIX message queues: what your library offers. This header is given: grading overwrites
 * it with the course's own copy, so put declarations of your own into a header of your own.
 *
 * Functions that fail return -1 (or NULL) and leave the reason in errno, unless they say otherwise. */
#ifndef LAB04_H
#define LAB04_H

#include <mqueue.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    QUEUE_MAXMSG = 8,    /* no queue of this lab has room for more messages */
    QUEUE_MSGSIZE = 512, /* nor for longer ones */
    SERVER_NAME_MAX = 20 /* bytes in the name of a token server, its slash included */
};

/* Exit codes of every program. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_PEER = 3, EXIT_TIMEOUT = 4, EXIT_IN_USE = 5 };

/* A. Queue functions ---------------------------------------------------------------------------- */
/* timeout_ms: -1 waits for ever; 0 does not wait (EAGAIN); more: ETIMEDOUT after so many
 * milliseconds. A signal handler that returns changes nothing: the wait goes on to the same moment.
 * On a descriptor with O_NONBLOCK nothing waits, whatever the timeout: EAGAIN. */

/* A new queue, open for reading and writing, mode 0600. The name exists already: EEXIST. */
mqd_t q_create(const char *name, long maxmsg, long msgsize);

/* Sends len bytes, which may be 0. Longer than the queue's messages may be: EMSGSIZE. 0, -1. */
int q_send(mqd_t q, const void *buf, size_t len, unsigned prio, int timeout_ms);

/* Receives the next message, whatever its length. *buf comes from malloc, and the caller frees it;
 * *prio is its priority (prio may be NULL). The length, or -1: *buf is untouched. */
ssize_t q_recv(mqd_t q, void **buf, unsigned *prio, int timeout_ms);

/* Switches O_NONBLOCK on (on != 0) or off. The previous state, 0 or 1; -1. */
int q_nonblock(mqd_t q, int on);

/* C. Remote procedure calls --------------------------------------------------------------------- */
/* A client sends a request to the queue of the server; the reply comes to a queue of its own, whose
 * name is in the request. Only the header and 'len' bytes of data travel. Both sides are on one
 * machine: numbers have the machine's byte order. */

enum { OP_ECHO = 1, OP_TOKEN, OP_SUM, OP_DIV, OP_STAT };

/* Remote status. */
enum { RPC_OK = 0, RPC_BAD_ARGUMENT, RPC_OVERFLOW, RPC_DIVIDED_BY_ZERO, RPC_UNKNOWN_OP };

#define RPC_MAX 200                   /* bytes of data */
#define RPC_REQ_MAGIC UINT32_C(0x3f717274) /* first bytes of a request */
#define RPC_REP_MAGIC UINT32_C(0x21707274) /* and of a reply */

struct rpc_req {
    uint32_t magic, op;
    uint64_t id;        /* the reply has the same */
    char reply_to[32];  /* name of the client's queue, with its NUL; NULs up to the end */
    uint32_t len;       /* bytes of data */
    unsigned char data[RPC_MAX];
};

struct rpc_rep {
    uint32_t magic;
    int32_t status;
    uint64_t id;
    uint32_t len;       /* 0 unless status is RPC_OK */
    unsigned char data[RPC_MAX];
};

#define RPC_REQ_HEADER offsetof(struct rpc_req, data)
#define RPC_REP_HEADER offsetof(struct rpc_rep, data)

/* The server's work on one message of n bytes: reads the request, does it, fills *rep. TOKEN hands
 * out *next_token and adds one to it. 0: *rep is ready. -1, EBADMSG: not a request (shorter than its
 * header, wrong magic, len larger than RPC_MAX or than what came): drop it. Bytes behind header +
 * len are ignored. It does not look at reply_to. */
int rpc_dispatch(const void *msg, size_t n, struct rpc_rep *rep, uint64_t *next_token);

typedef struct rpc rpc_t; /* yours to define, in src/lab04.c */

/* A client of the server with this name. Makes the reply queue "<server>.<pid>". NULL: ENOENT (no
 * such server), ENAMETOOLONG (of more than SERVER_NAME_MAX bytes), ... */
rpc_t *rpc_open(const char *server);

/* One call: sends op with inlen bytes of 'in', waits for the reply with the same id, discards all
 * others, puts at most cap bytes of its data into 'out' and their number into *outlen. The timeout
 * is that of the whole call. The remote status (0 or more), or -1: ETIMEDOUT, EMSGSIZE (inlen larger
 * than RPC_MAX, or the data larger than cap), ... */
int rpc_call(rpc_t *c, uint32_t op, const void *in, size_t inlen, void *out, size_t cap,
             size_t *outlen, int timeout_ms);

/* Closes and unlinks the reply queue. NULL is fine. */
void rpc_close(rpc_t *c);

/* The programs ---------------------------------------------------------------------------------- */
/* What each main() calls once it has read its arguments. They return the exit code of the program;
 * -1 with ENOSYS means "not implemented". You may move this logic elsewhere: only what the programs
 * do is tested. */

int mqtool_create(const char *name, long maxmsg, long msgsize);
int mqtool_send(const char *name, const char *text, unsigned prio, int timeout_ms);
int mqtool_recv(const char *name, long count, int timeout_ms);
int mqtool_stat(const char *name);
int mqtool_unlink(const char *name);

int tokend_run(const char *name);
int tokenc_run(const char *name, int timeout_ms, char *const command[]); /* "sum", "1", "2", NULL */
int mqpool_run(const char *name, int workers, int batch);
int mqwatch_run(const char *name, long count); /* 0: until a signal ends it */

#endif
