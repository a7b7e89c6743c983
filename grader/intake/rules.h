/* SPDX-License-Identifier: MIT */
/* rules: the names that a submission's files may have. The grader keeps them for folders, and for
 * what the unpacker says; the unpacker, a program of its own, for archives. */
#ifndef GRADER_INTAKE_RULES_H
#define GRADER_INTAKE_RULES_H

#include <stdbool.h>

#include "intake/limits.h"
#include "lab/rejection.h"

/* What is wrong with a path in a submission. WHY_NONE: nothing; 'clean' is the path without empty
 * components and dots ("" for the top itself). Bytes that are not UTF-8 are let through. */
enum rejection_why rules_path(const char *path, char clean[INTAKE_PATH_MAX + 1]);

bool rules_is_source(const char *path);  /* a C source or header, by its name */
bool rules_is_archive(const char *path); /* by its name */

/* What systems and tools add by themselves: hidden files and folders, __MACOSX. Not looked at. */
bool rules_is_noise(const char *path);

#endif
