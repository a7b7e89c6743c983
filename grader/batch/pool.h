/* SPDX-License-Identifier: MIT */
/* pool: pieces of work, each in a process of its own, several at a time. One that dies takes none of
 * the others with it; all of them end with us, however we end. */
#ifndef GRADER_BATCH_POOL_H
#define GRADER_BATCH_POOL_H

#include <stddef.h>

#include "util/err.h"

struct pool {
    size_t n;        /* pieces */
    unsigned at_once;
    /* In the process: does piece 'i', writes what it found to the file 'out', returns the exit status. */
    int (*work)(void *ctx, size_t i, int out);
    /* Here, in the order of the pieces: 'status' as waitpid tells it, 'out' can be read from its start.
     * -1: nothing more is started, and pool_run fails. */
    int (*done)(void *ctx, size_t i, int status, int out, struct err *err);
    void *ctx;
};

/* 0: all pieces are done. -1: *err; code EINTR when interrupted. Nothing of them is alive any more. */
int pool_run(const struct pool *p, struct err *err);

#endif
