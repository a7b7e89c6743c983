/* SPDX-License-Identifier: MIT */
/* tokens: what the public and the hidden tests of the token server have in common.
 *
 * Failures name the line of the test, not one of this file: a function in parentheses is called
 * without the macro that notes the line, and the macros below note it once for all.
 *
 * Which clock a deadline is on is judged where timeouts are (q_timeouts_nonblock,
 * client_timeout_late_reply). Everywhere else such a mistake is forgiven (wrap.c), because it would
 * decide by luck: one mistake costs what it is about. */
#ifndef LAB04_TOKENS_H
#define LAB04_TOKENS_H

#include "harness.h"
#include "lab04.h"

#include <string.h>

#define NO_TIMEOUT "14400000" /* one that never comes: what is late fails by the deadline of the test */

/* However one may wait for a message: in the queue's own calls, for its descriptor, for a signal of
 * mq_notify, or for what a handler or a thread of mq_notify does then (a pipe, a semaphore). */
enum { WAITING = CALL_QUEUE | CALL_INPUT | CALL_PAUSE | CALL_SEM };

/* For a test that is about time, but not about nanoseconds that must be carried. */
static const char *const carrying[] = {"LAB_CLOCK=carry", NULL};
static const char *const forgiving[] = {"LAB_CLOCK=forgive", NULL};

/* A server that can serve. */
static inline struct proc *token_server(const char *name)
{
    struct proc *d = (start)("tokend", name, NULL);

    (await_line)(d, text("READY %s", name));
    return d;
}

/* Ends a server whose end is not what the test is about. */
static inline void token_end(struct proc *d)
{
    (send_signal)(d, SIGTERM);
    (void)(await_exit)(d);
}

/* A client with this command, of at most four words. */
static inline struct proc *token_client(const char *server, const char *const command[])
{
    const struct start how = {.env = forgiving};
    const char *argv[16] = {"tokenc", "-t", NO_TIMEOUT, server};
    size_t n = 4;

    while (*command && n < 15)
        argv[n++] = *command++;
    return (start_argv)(&how, argv);
}

struct meeting {
    struct proc *server, *client;
};

static inline bool token_met(void *arg)
{
    const struct meeting *m = arg;

    return has_ended(m->client) || has_ended(m->server);
}

/* Until the client has ended. That the server ends is what went wrong then, not that its client is
 * still waiting: which is ended gently, so that what both left behind is theirs. */
static inline void token_await(struct proc *server, struct proc *client)
{
    struct meeting m = {server, client};

    (await)(token_met, &m, "the end of tokenc");
    if (!has_ended(server))
        return;
    (void)(await_exit)(server);
    (send_signal)(client, SIGTERM);
    (void)(await_exit)(client);
    (expect_exit)(server, 0);
    lab_fail(KIND_EXIT, "tokend ended", NULL, "tokend has ended although nobody asked it to");
}

/* A client, its exit code and all that it prints. */
static inline void token_ask(struct proc *server, const char *name, const char *const command[],
                             int code, const char *output)
{
    struct proc *c = token_client(name, command);

    token_await(server, c);
    (expect_exit)(c, code);
    (expect_output)(c, output);
}

/* A request as it travels. Its size. 'reply_to' may be longer than its field: then it fills it. */
static inline size_t token_request(struct rpc_req *r, uint32_t op, uint64_t id, const char *reply_to,
                                   const void *data, size_t len)
{
    (void)memset(r, 0, sizeof(*r));
    r->magic = RPC_REQ_MAGIC;
    r->op = op;
    r->id = id;
    (void)memcpy(r->reply_to, reply_to,
                 strlen(reply_to) < sizeof(r->reply_to) ? strlen(reply_to) : sizeof(r->reply_to));
    r->len = (uint32_t)len;
    (void)memcpy(r->data, data, len);
    return RPC_REQ_HEADER + len;
}

/* All tokens that these programs printed: each number below n must have come once. */
static inline void token_check_all(struct proc *const clients[], size_t clients_n, size_t n)
{
    bool *seen = bytes_of(0, n * sizeof(*seen));

    for (size_t i = 0; i < clients_n; i++) {
        const char *at = stdout_of(clients[i]);

        for (at = strchr(at, '\n') + 1; *at; at = strchr(at, '\n') + 1) {
            size_t length = strcspn(at, "\n");
            char *end;
            unsigned long long token = strtoull(at, &end, 10);

            if (end != at + length || end == at)
                lab_fail(KIND_BYTES, "no token", NULL, "a client got %.*s instead of a token", (int)length, at);
            if (token >= n || seen[token])
                lab_fail(KIND_COUNT, "tokens", NULL, "%s token %llu%s",
                         token >= n ? "there should be no" : "two clients, or one of them twice, got", token,
                         token >= n ? text(" among %zu", n) : "");
            seen[token] = true;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (!seen[i])
            lab_fail(KIND_COUNT, "tokens", NULL, "nobody got token %zu of %zu", i, n);
}

#define token_server(...) (HERE, token_server(__VA_ARGS__))
#define token_end(...) (HERE, token_end(__VA_ARGS__))
#define token_client(...) (HERE, token_client(__VA_ARGS__))
#define token_await(...) (HERE, token_await(__VA_ARGS__))
#define token_ask(...) (HERE, token_ask(__VA_ARGS__))
#define token_check_all(...) (HERE, token_check_all(__VA_ARGS__))

/* token_ask(d, name, WORDS("sum", "1", "2"), 0, "3\n") */
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
