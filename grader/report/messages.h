/* SPDX-License-Identifier: MIT */
/* messages: what harness and stages saw, which they say in English, in the reader's language
 * (grader/text/messages.yaml). */
#ifndef GRADER_REPORT_MESSAGES_H
#define GRADER_REPORT_MESSAGES_H

#include "lab/lab.h"

/* The message in this language; as it is where nothing is known of it. The caller frees it. */
char *messages_in(enum lang lang, const char *english);

/* Adds a line for each pattern that is none. */
void messages_check(struct strs *problems);

#endif
