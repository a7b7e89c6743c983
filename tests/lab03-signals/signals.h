/* SPDX-License-Identifier: MIT */
/* signals: what the public and the hidden tests of lab03 have in common.
 *
 * Failures name the line of the test, not one of this file: a function in parentheses is called
 * without the macro that notes the line, and the macros below note it once for all. */
#ifndef LAB03_SIGNALS_H
#define LAB03_SIGNALS_H

#include "harness.h"

#include <stdlib.h>
#include <string.h>

/* What the probe printed, unless the function is still a stub. */
static inline const char *written(const char *printed)
{
    if (strstr(printed, "-1 ENOSYS"))
        lab_fail(KIND_STATE, "not implemented", "not-implemented",
                 "the function is not implemented");
    return printed;
}

/* All that the probe printed. */
static inline const char *said_by(struct proc *p)
{
    (expect_exit)(p, 0);
    return written(stdout_of(p));
}

/* A program that is told by its READY line, which must name its own pid. */
static inline struct proc *ready(const struct start *how, const char *const argv[])
{
    struct proc *p = (start_argv)(how, argv);

    (check_str)((next_line)(p), text("READY %d", (int)pid_of(p)), "ready-line",
                text("the first line of %s", argv[0]));
    return p;
}
#define ready(how, ...) (HERE, ready(how, (const char *const[]){__VA_ARGS__, NULL}))

/* Ends a program whose end is not what the test is about. */
static inline void finish(struct proc *p)
{
    (send_signal)(p, SIGTERM);
    (void)(await_exit)(p);
}
#define finish(...) (HERE, finish(__VA_ARGS__))

/* For commands that end at once where the test is not about that: see wrap.c. */
#define PARENT_FIRST "LAB_FORK=parent-first"

/* The next line of supervise must be "START ID <pid>". */
static inline pid_t expect_start(struct proc *p, int id)
{
    const char *line = (next_line)(p), *head = text("START %d ", id);
    size_t n = strlen(head);

    if (strncmp(line, head, n) != 0 || line[n + strspn(line + n, "0123456789")] ||
        atoi(line + n) < 2)
        (check_str)(line, text("%s<pid>", head), NULL, "the next line of supervise");
    return (pid_t)atoi(line + n);
}
#define expect_start(...) (HERE, expect_start(__VA_ARGS__))

#endif
