/* SPDX-License-Identifier: MIT */
/* grade: one submission through all stages, in one box, to a scored result. */
#ifndef GRADER_BATCH_GRADE_H
#define GRADER_BATCH_GRADE_H

#include "stage/stage.h"

struct grade_options {
    const char *const *only;  /* names of the tests to run, up to NULL; NULL: all of them */
    enum box_mode mode;
    unsigned jobs;            /* tests at a time; 0: chosen by the number of processors */
    const char *pages;        /* folder for lcov's tracefile and genhtml's pages; NULL: none */
    void (*progress)(void *ctx, const struct stage_progress *p); /* may be NULL */
    void *progress_ctx;
};

/* Fills *r, which the caller has initialised and releases. 0: *r is complete; its status may be
 * held, which says that we could not judge. -1: interrupted, or nothing could be tried at all
 * (*err; code EINTR when interrupted). */
int grade_submission(const struct lab *lab, const struct kit *kit, const struct submission *submission,
                     const struct grade_options *o, struct result *r, struct err *err);

#endif
