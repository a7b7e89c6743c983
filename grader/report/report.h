/* SPDX-License-Identifier: MIT */
/* report: writers of results. A writer reads a result and a lab's texts, and runs nothing.
 *
 * To add a writer: 1. its function here, in a file of its own; 2. its row in report_formats;
 * 3. its line in docs/grader.1; 4. its golden files under tests/grader/reports. */
#ifndef GRADER_REPORT_REPORT_H
#define GRADER_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "lab/lab.h"
#include "result/result.h"

struct report_options {
    enum lang lang;
    bool colour;        /* terminal escapes are wanted */
    bool show_hidden;   /* what hidden tests saw, too: for instructors */
    const char *today;  /* "2026-12-31": what is told of hidden tests may depend on it; NULL: no day */
    bool deterministic; /* leave out what differs from run to run (result/json.h) */
    const char *path;   /* of the submission, to tell how the same is graded again; NULL: unknown */
    const char *command; /* by which grader command; NULL: run */
};

typedef int report_writer(FILE *out, const struct lab *lab, const struct result *r,
                          const struct report_options *o);

struct report_format {
    const char *name; /* of --format */
    const char *help;
    report_writer *write; /* 0, or -1 when writing failed (errno) */
};
extern const struct report_format report_formats[]; /* ends with a NULL name */

const struct report_format *report_format(const char *name); /* NULL: there is none */

report_writer report_text, report_json;

/* Every point of the score, so that it can be done again by hand. The lab is the result's. */
report_writer report_arithmetic;

/* Records of explain/explain.h, what they look like, and a hint. */
int report_processes(FILE *out, const json_t *records, const struct report_options *o);

/* Words of reports in English, for _(). */
const char *report_verdict(enum verdict verdict);
const char *report_status(enum result_status status);
const char *report_stage(enum stage_id stage);

/* A line for each result: id, score, status and the tests that were not passed. */
int report_table(FILE *out, const struct result *results, size_t n, const struct report_options *o);

#endif
