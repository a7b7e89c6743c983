/* SPDX-License-Identifier: MIT */
/* handout: where a lab's handout states a demand, so that a report can send its reader there. */
#ifndef GRADER_LAB_HANDOUT_H
#define GRADER_LAB_HANDOUT_H

#include "lab/lab.h"

/* The handout's path, in the lab's folder; the caller frees it. */
char *handout_path(const struct lab *lab, enum lang lang);

/* The number of the line that states the demand: the first one that begins with its key, whatever
 * Markdown stands before it. 0: none does, or there is no such handout. */
unsigned handout_line(const struct lab *lab, enum lang lang, const char *demand);

#endif
