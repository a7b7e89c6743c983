/* SPDX-License-Identifier: MIT */
/* gcov_report: the figures of `gcov --json-format --stdout` (gcov(1), "gcov JSON format"). Bytes to
 * numbers; knows no process. */
#ifndef GRADER_STAGE_GCOV_REPORT_H
#define GRADER_STAGE_GCOV_REPORT_H

#include "result/result.h"
#include "util/err.h"

/* Reads the documents of 'json', one on each line, and fills r->files, r->lines and r->branches with
 * the sources that are the student's: all but 'given' (the lab's headers; may be NULL), what lies below
 * tests/, and the few functions that headers of the C library bring. A "#line" moves code to another
 * file, but not out of the count. A line counts once however many functions it is in. The names of all
 * functions that are counted go to *functions (may be NULL), which the caller releases.
 * -1: it is not gcov's JSON; r and *functions are untouched. */
int gcov_read_json(const char *json, size_t n, const struct strs *given, struct result *r, struct strs *functions,
                   struct err *err);

#endif
