/* SPDX-License-Identifier: MIT */
/* gcc_report: the diagnostics that gcc writes with -fdiagnostics-format=json (gcc(1)). Bytes to
 * JSON; knows no process. The bytes are half hostile: what a student wrote stands in messages. */
#ifndef GRADER_STAGE_GCC_REPORT_H
#define GRADER_STAGE_GCC_REPORT_H

#include <jansson.h>

/* The diagnostics of all arrays in 'text', each of which is a line of its own; other lines, such as
 * the assembler's, are skipped. A last array that was cut short gives those that are whole. The
 * caller decrefs the array. NULL: there is none. */
json_t *gcc_read_diagnostics(const char *text);

#endif
