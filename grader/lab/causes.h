/* SPDX-License-Identifier: MIT */
/* causes: what the grader itself knows of mistakes in inter-process communication, for what a lab's
 * own hints do not name. The knowledge is data (grader/text/causes.yaml), compiled into the program,
 * read once, and never freed. */
#ifndef GRADER_LAB_CAUSES_H
#define GRADER_LAB_CAUSES_H

#include "lab/lab.h"

struct known_cause {
    struct lab_hint hint;  /* its key is the cause's */
    char **signatures;     /* patterns; group 1 is the process */
    unsigned signatures_count;
    char **messages;
    unsigned messages_count;
    char **findings;
    unsigned findings_count;
    struct lab_text *says; /* one sentence; {1} to {9} stand for groups of the pattern. NULL */
};

/* The first that fits what is known of a failed test; signature and message may be NULL. NULL: none. */
const struct known_cause *causes_of_test(const char *signature, const char *message);
const struct known_cause *causes_of_finding(const char *kind);
const struct known_cause *causes_find(const char *key);

/* The process that the cause names, as in signatures ("a child of sort"); NULL: none. To be freed. */
char *causes_process(const struct known_cause *c, const char *signature);
/* Its sentence for this signature, or NULL. 'name' gives a process its name in that language, in
 * memory that is freed here; NULL: as in the signature. The caller frees the sentence. */
char *causes_say(const struct known_cause *c, const char *signature, enum lang lang, char *(*name)(const char *));

/* Adds a line for each thing that does not fit together. */
void causes_check(struct strs *problems);

#endif
