/* SPDX-License-Identifier: MIT */
/* limits: the parts of lab.c that are about limits. */
#ifndef GRADER_LAB_LIMITS_H
#define GRADER_LAB_LIMITS_H

#include "lab/lab.h"

void limits_check(const struct lab *lab, struct strs *problems); /* part of lab_check() */

/* Every lab has hints for who meets a limit: the one called 'key', and the key of that for a failure
 * with this signature. NULL: none. */
const struct lab_hint *limits_hint(const char *key);
const char *limits_hint_for(const char *signature);

#endif
