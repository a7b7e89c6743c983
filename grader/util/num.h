/* SPDX-License-Identifier: MIT */
/* num: numbers that people type. The whole string must be one, and in range: a typo never means
 * "no limit". */
#ifndef GRADER_UTIL_NUM_H
#define GRADER_UTIL_NUM_H

/* 0: *out is the number; -1: it is none, or not from min to max; *out is untouched. */
int num_parse(const char *s, unsigned long min, unsigned long max, unsigned long *out);
int num_parse_double(const char *s, double min, double max, double *out);

#endif
