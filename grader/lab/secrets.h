/* SPDX-License-Identifier: MIT */
/* secrets: what only the hidden tests of a lab know. The texts in tests/<lab>/hidden.c that stand in
 * nothing a student has: handouts, template, public tests, hints. Hidden tests may say how they
 * failed, never what they put in or expected; so none of these may be on a student's page. */
#ifndef GRADER_LAB_SECRETS_H
#define GRADER_LAB_SECRETS_H

#include <stdbool.h>

#include "lab/lab.h"

struct secrets {
    struct strs texts; /* pieces of literals of at least SECRET_MIN bytes, runs of blanks as one */
    struct strs told;  /* problems, each with file and line: a message of hidden.c that tells one, or a number */
    struct strs messages; /* of hidden and public tests, formats of printf: "FILE:LINE:text" */
    char *known;       /* all that students may read, runs of blanks as one */
};
enum { SECRET_MIN = 4 };

/* -1: hidden.c cannot be read. The caller releases it in either case. */
int secrets_load(const struct lab *lab, struct secrets *s, struct err *err);
void secrets_release(struct secrets *s);

/* The first secret that is in 'page' as a word or words of its own; NULL: none. */
const char *secrets_in(const struct secrets *s, const char *page);

/* Is 'text' long enough to be a secret, and in nothing that students may read? */
bool secrets_is_one(const struct secrets *s, const char *text);

/* Is 'text' in 'page', not as a part of a longer word? Runs of blanks are the same as one. */
bool text_has_words(const char *page, const char *text);

#endif
