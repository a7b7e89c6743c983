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

/* What supervise has said about its commands, whose ids are 1 to 'jobs'. A command is started before
 * it ends; which line of several commands comes first is told nowhere: who has taken note of an end
 * may start the next command before it prints the line, and children may print START themselves. */
enum { STORY_MAX = 300 };

struct story {
    struct proc *p;
    int jobs;
    bool started[STORY_MAX + 1];
    const char *ended[STORY_MAX + 1]; /* its line */
};

/* The id in a line "WORD ID REST", 0 if it is no such line. */
static inline int id_in(const char *line, const char *word)
{
    const size_t n = strlen(word);

    return strncmp(line, word, n) == 0 && line[n] == ' ' ? atoi(line + n + 1) : 0;
}

static inline void hear_line(struct story *s)
{
    const char *line = (next_line)(s->p);
    int started = id_in(line, "START"), ended = id_in(line, "EXIT");
    const char *head = text("START %d ", started);
    const size_t n = strlen(head);

    if (!ended)
        ended = id_in(line, "SIGNAL");
    if (started >= 1 && started <= s->jobs && !s->started[started] && strncmp(line, head, n) == 0
        && atoi(line + n) >= 2 && !line[n + strspn(line + n, "0123456789")]) {
        s->started[started] = true;
    } else if (ended >= 1 && ended <= s->jobs && !s->ended[ended]) {
        if (!s->started[ended])
            lab_fail(KIND_ORDER, "", NULL, "EXIT %d comes before START %d", ended, ended);
        s->ended[ended] = line;
    } else {
        lab_fail(KIND_STATE, "", NULL, "a line of supervise is '%s'", line);
    }
}

/* Until this command has been started. */
static inline void await_start(struct story *s, int id)
{
    while (!s->started[id])
        hear_line(s);
}
#define await_start(...) (HERE, await_start(__VA_ARGS__))

/* Until it has ended: its line EXIT or SIGNAL. */
static inline const char *end_of(struct story *s, int id)
{
    while (!s->ended[id])
        hear_line(s);
    return s->ended[id];
}
#define end_of(...) (HERE, end_of(__VA_ARGS__))

#endif
