/* SPDX-License-Identifier: MIT */
/* service: what the public and the hidden tests of lab02 have in common.
 *
 * Failures name the line of the test, not one of this file: a function in parentheses is called
 * without the macro that notes the line, and the macros below note it once for all.
 *
 * Whether a server survives the moments in which nobody has its FIFO open for writing is judged in
 * keepalive_no_reopen (and, for the lamp, in led_toggle). Everywhere else the test itself keeps a
 * writer on the FIFO, so that one mistake costs one test, and does so every time. */
#ifndef LAB02_SERVICE_H
#define LAB02_SERVICE_H

#include "harness.h"

#include <string.h>
#include <sys/stat.h>

static inline int lines_in(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += *s == '\n';
    return n;
}

#define FOREVER "1800000" /* a time-out that never comes, and fits into an int even in microseconds */

/* Waits for the READY of a program and looks whether its FIFO is where it was told. */
static inline void fifo_ready(struct proc *d, const char *path)
{
    (expect_next_line)(d, text("READY %s", path));
    if (file_kind(path) == S_IFIFO)
        return;
    (send_signal)(d, SIGTERM); /* by itself, so that what it leaves is its own */
    (void)(await_exit)(d);
    lab_fail(KIND_STATE, "no FIFO at PATH", "fixed-path", "it says READY, but there is no FIFO '%s'", path);
}

/* A fifod that can serve, with a writer on its FIFO until the test ends. */
static inline struct proc *service_start(const struct start *how, const char *path,
                                         struct sock **writer)
{
    struct proc *d;
    struct sock *w;

    clue("not-flushed");
    d = (start_with)(how ? how : &(struct start){0}, "fifod", path, NULL);
    fifo_ready(d, path);
    clue("not-open-when-ready");
    w = (write_fifo)(path);
    if (writer)
        *writer = w;
    clue(NULL);
    return d;
}

/* Stops a program with all its processes: who of them reads and who answers is its own affair. */
static inline void service_hold(struct proc *d)
{
    (freeze)(d);
    (freeze_offspring)(d);
}

static inline void service_let_go(struct proc *d)
{
    (thaw_offspring)(d);
    (thaw)(d);
}

/* Ends a program whose end is not what the test is about. */
static inline void service_end(struct proc *d)
{
    (send_signal)(d, SIGTERM);
    (void)(await_exit)(d);
}

static inline bool service_client_waits(void *arg)
{
    struct proc *c = arg;

    return has_ended(c) || blocked_in(c, CALL_INPUT | CALL_OPEN | CALL_PAUSE);
}

/* A client whose request is answered only when it waits for the reply, or has given up: whether it
 * is ready to receive before it asks is judged in two tests (concurrent_clients and
 * client_protocol_cleanup). */
static inline struct proc *service_client(struct proc *d, const char *const argv[])
{
    struct proc *c;

    (service_hold)(d);
    c = (start_argv)(NULL, argv);
    (await)(service_client_waits, c, "fifoc to ask");
    (service_let_go)(d);
    return c;
}

/* Runs fifoc with these arguments: exit 0 and this text. */
static inline void service_ask(struct proc *d, const char *answer, const char *const argv[])
{
    struct proc *c = service_client(d, argv);

    (expect_exit)(c, 0);
    (expect_output)(c, text("%s\n", answer));
}

/* The same: exit 1, and why is on standard error. */
static inline void service_refuse(struct proc *d, const char *const argv[])
{
    struct proc *c = service_client(d, argv);

    (expect_complaint)(c, 1);
    (expect_output)(c, "");
}

#define fifo_ready(...) (HERE, fifo_ready(__VA_ARGS__))
#define service_start(...) (HERE, service_start(__VA_ARGS__))
#define service_hold(...) (HERE, service_hold(__VA_ARGS__))
#define service_let_go(...) (HERE, service_let_go(__VA_ARGS__))
#define service_end(...) (HERE, service_end(__VA_ARGS__))
/* ask(d, "answer", "server", "ECHO", "answer"); refuse(d, "server", "DANCE"); */
#define ask(d, answer, ...)                                                                        \
    (HERE, service_ask(d, answer,                                                                  \
                       (const char *const[]){"fifoc", "-t", FOREVER, __VA_ARGS__, NULL}))
#define refuse(d, ...)                                                                             \
    (HERE, service_refuse(d, (const char *const[]){"fifoc", "-t", FOREVER, __VA_ARGS__, NULL}))

#endif
