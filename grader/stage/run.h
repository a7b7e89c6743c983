/* SPDX-License-Identifier: MIT */
/* run: what several stages do with a box: capture output, run many programs a few at a time. */
#ifndef GRADER_STAGE_RUN_H
#define GRADER_STAGE_RUN_H

#include "box/box.h"
#include "stage/stage.h"

/* One program with its output captured. */
struct run {
    struct strs argv;
    const char *const *env; /* NULL: a compiler's */
    const char *cwd;
    uid_t uid;
    struct proc_limits limits;
    int out_fd, err_fd;     /* memfds, owned; -1 before the run */
    struct proc_result result;
};

#define RUN_INIT {.out_fd = -1, .err_fd = -1}

enum { RUN_TOOL_WALL_MS = 120000, RUN_TOOL_CPU_S = 10 };

/* A program of BOX_BUILDER, so a tool of ours, that is over its wall time is a fault of ours or of the
 * machine's load, never the submission's: limit its processor time, too, to much less.
 *
 * Runs them in their order, at most 'parallel' at a time, and starts no more of them when *budget_ms of
 * the processor's time are used up. What it took is subtracted from *budget_ms. The first *done of
 * them have run. */
int run_within(struct stage *s, struct run *runs, size_t n, unsigned parallel, long *budget_ms, size_t *done,
               struct err *err);

/* Runs them all, at most 'parallel' at a time, and waits for all. */
int run_all(struct stage *s, struct run *runs, size_t n, unsigned parallel, struct err *err);

/* What was captured, at most 'max' bytes of it, as a string that the caller frees; NULs become \1. */
char *run_text(int fd, size_t max);

bool run_ok(const struct run *r); /* exit 0 */
void run_release(struct run *r);

/* A file of the host into the box. */
int put_file(struct box *box, const char *host, const char *path, mode_t mode, uid_t uid, struct err *err);

#endif
