/* SPDX-License-Identifier: MIT */
/* messages: what tests, harness and stages saw, which they say in English, in the reader's language:
 * by a lab's own messages.yaml, then by the grader's (grader/text/messages.yaml). */
#ifndef GRADER_LAB_MESSAGES_H
#define GRADER_LAB_MESSAGES_H

#include "lab/lab.h"

/* Reads a lab's messages.yaml into lab->messages. -1: it is not as the schema says. */
int messages_read(struct lab *lab, const char *path, struct err *err);
void messages_free(struct messages *messages);

/* The message in this language; as it is where nothing is known of it. 'lab' may be NULL. The caller
 * frees it. */
char *messages_in(const struct lab *lab, enum lang lang, const char *english);

/* Adds a line for each pattern that is none: of the grader's own, or of the lab's. */
void messages_check(const struct lab *lab, struct strs *problems);

/* Adds a line for each message of the lab's tests that its messages.yaml, if there is one, does not
 * know: "FILE:LINE:text" each, where text is a format of printf. */
void messages_check_said(const struct lab *lab, const struct strs *said, struct strs *problems);

#endif
