/* SPDX-License-Identifier: MIT */
/* submission: the files of one student for one lab, read into memory. */
#ifndef GRADER_LAB_SUBMISSION_H
#define GRADER_LAB_SUBMISSION_H

#include <stddef.h>

#include "lab/rejection.h"

struct submission_file {
    char *path;  /* relative to the submission's top, "src/lab05.c" */
    char *data;
    size_t size; /* bytes */
};

/* Something that is taken as it is, and that its author may want to know. */
struct submission_note {
    const char *kind;    /* "source.crlf"; static */
    const char *message; /* one line, in English; static */
    char *file;
};

struct submission {
    char *id;        /* the folder's name */
    char *digest;    /* "sha256:…" of the relevant files' paths and bytes */
    char *rejected;  /* why this is no submission for the lab (data, not an error); NULL: it is one */
    struct rejection why; /* the same, taken apart */
    struct submission_note *notes;
    size_t notes_n;
    struct submission_file *files; /* sorted by path: *.c and *.h below src/, include/ and tests/ */
    size_t files_n;
};

const struct submission_file *submission_file(const struct submission *s, const char *path);
void submission_release(struct submission *s);

#endif
