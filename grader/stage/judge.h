/* SPDX-License-Identifier: MIT */
/* judge: runs the lab's test runner in the box and hands on what it reports. */
#ifndef GRADER_STAGE_JUDGE_H
#define GRADER_STAGE_JUDGE_H

#include <jansson.h>

#include "stage/stage.h"

struct judge {
    const char *channel;       /* path of the records' socket in the box */
    const struct strs *tests;  /* names of the tests to run: at least one */
    const struct strs *env;    /* more "NAME=value" for the runner */
    unsigned jobs;             /* tests at a time */
    unsigned wall_ms;          /* of the whole run: a backstop, tests have deadlines of their own */
    /* Called for each record, in order for each test. 'name' is its kind ("end"), 'test' the result's
     * test that it speaks of (NULL: of none). */
    void (*record)(void *ctx, const char *name, struct result_test *test, json_t *record);
    void *ctx;
};

/* 0: the runner came to its end, however its tests ended. -1: a fault of ours, or interrupted. */
int judge_run(struct stage *s, const struct judge *j, struct err *err);

#endif
