/* SPDX-License-Identifier: MIT */
/* grade: one submission through all stages, in one box, to a scored result. */
#ifndef GRADER_BATCH_GRADE_H
#define GRADER_BATCH_GRADE_H

#include "stage/stage.h"

struct grade_options {
    const char *const *only;  /* names of the tests to run, up to NULL; NULL: all of them */
    bool verdicts_only;       /* build and behaviour alone: no valgrind, no coverage */
    enum box_mode mode;
    unsigned jobs;            /* tests at a time; 0: chosen by the number of processors */
    const char *pages;        /* folder for lcov's tracefile and genhtml's pages; NULL: none */
    void (*progress)(void *ctx, const struct stage_progress *p); /* may be NULL */
    void *progress_ctx;
    /* For one who looks at a test more closely; all may be NULL. */
    const struct strs *env;   /* more "NAME=value" for the test runner */
    void (*command)(void *ctx, const json_t *record); /* as in struct stage */
    int (*opened)(void *ctx, struct box *box, struct err *err);  /* the box is there, and empty */
    int (*closing)(void *ctx, struct box *box, struct err *err); /* all has run, the box is still there */
    bool show_debug;          /* the debug files of the host's libraries are seen */
    void *ctx;                /* of these */
};

/* Fills *r, which the caller has initialised and releases. 0: *r is complete; its status may be
 * held, which says that we could not judge. -1: interrupted, or nothing could be tried at all
 * (*err; code EINTR when interrupted). */
int grade_submission(const struct lab *lab, const struct kit *kit, const struct submission *submission,
                     const struct grade_options *o, struct result *r, struct err *err);

#endif
