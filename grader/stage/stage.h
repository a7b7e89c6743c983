/* SPDX-License-Identifier: MIT */
/* stage: each turns a submission into findings, in one box. A stage never prints and never scores.
 *
 *   build       compiles the sources, links one image         -> one image in /sub
 *   behaviour   runs the tests                                 -> verdicts, leftovers, coverage counters
 *   memory      runs the memcheck tests again under valgrind   -> memory errors
 *   coverage    reads the counters
 *   leftovers   judges what behaviour saw left behind
 *   style       judges what build saw: warnings, forbidden calls
 *
 * To add a stage: 1. a file here with its function; 2. a value in enum stage_id and its name
 * (result/result.c); 3. its row in the table of batch/grade.c; 4. its points in result/score.c. */
#ifndef GRADER_STAGE_STAGE_H
#define GRADER_STAGE_STAGE_H

#include <jansson.h>

#include "box/box.h"
#include "lab/kit.h"
#include "lab/lab.h"
#include "lab/submission.h"
#include "result/result.h"

struct stage_progress { /* what a person would like to know meanwhile */
    enum stage_id stage;
    size_t done, total;           /* tests; 0, 0: not counted */
    const struct result_test *test; /* its verdict has just come; NULL */
};

struct stage {
    const struct lab *lab;
    const struct kit *kit;
    const struct submission *submission;
    struct box *box;
    struct result *result;
    unsigned jobs;                /* tests at a time */
    long started_ms;              /* clock_ms() when the grading began */
    void (*progress)(void *ctx, const struct stage_progress *p); /* NULL: nobody asks */
    void *progress_ctx;
    long cpu_ms;                  /* a stage adds what its programs used; the caller takes and resets it */
    const struct strs *env;       /* more "NAME=value" for the runner of behaviour; NULL: none */
    /* What programs the tests start (LAB_COMMANDS in env): a record each; may be NULL. */
    void (*command)(void *ctx, const json_t *record);
    void *command_ctx;
};

/* 0: done, whatever it found. -1: a fault of ours (*err), or an interruption (err->code EINTR). */
typedef int stage_fn(struct stage *s, struct err *err);
stage_fn stage_build, stage_behaviour, stage_memory, stage_coverage, stage_leftovers, stage_style;

/* Where things lie in the box (docs/internals.md). */
#define SUB_DIR "/sub"
#define SUB_OBJ "/sub/obj"
#define SUB_IMAGE "/sub/image"
#define SUB_BIN "/sub/bin"
#define VG_DIR "/vg"

#endif
