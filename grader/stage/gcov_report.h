/* SPDX-License-Identifier: MIT */
/* gcov_report: the figures of `gcov --json-format --stdout` (gcov(1), "gcov JSON format"). Bytes to
 * numbers; knows no process. */
#ifndef GRADER_STAGE_GCOV_REPORT_H
#define GRADER_STAGE_GCOV_REPORT_H

#include "result/result.h"
#include "util/err.h"

/* Reads the documents of 'json', one on each line, and fills r->files, r->lines and r->branches with
 * the sources whose path begins with 'prefix' ("src/"). A line counts once however many functions
 * it is in. -1: it is not gcov's JSON; r is untouched. */
int gcov_read_json(const char *json, size_t n, const char *prefix, struct result *r, struct err *err);

#endif
