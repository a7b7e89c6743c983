/* SPDX-License-Identifier: MIT */
/* intake: what was handed in, read once into memory. Nothing of a submission is opened through a
 * link or followed out of its folder, and nothing in it is written to. */
#ifndef GRADER_INTAKE_INTAKE_H
#define GRADER_INTAKE_INTAKE_H

#include <stddef.h>

#include "lab/lab.h"
#include "util/err.h"

/* Limits of one submission. */
enum {
    INTAKE_ENTRIES_MAX = 2000,
    INTAKE_DEPTH_MAX = 16,
    INTAKE_FILE_MAX = 4 * 1024 * 1024,   /* bytes */
    INTAKE_TOTAL_MAX = 32 * 1024 * 1024  /* bytes */
};

struct submission_file {
    char *path;  /* relative to the submission's top, "src/lab05.c" */
    char *data;
    size_t size; /* bytes */
};

struct submission {
    char *id;        /* the folder's name */
    char *digest;    /* "sha256:…" of the relevant files' paths and bytes */
    char *rejected;  /* why this is no submission for the lab (data, not an error); NULL: it is one */
    struct submission_file *files; /* sorted by path: *.c and *.h below src/, include/ and tests/ */
    size_t files_n;
};

/* Reads the folder 'path' for 'lab'. A folder whose only content is the real top folder is entered.
 * 0: *s is filled, and s->rejected says whether it can be graded; the caller releases it.
 * -1: it could not be read for a reason of ours (*err). */
int intake_folder(const char *path, const struct lab *lab, struct submission *s, struct err *err);

const struct submission_file *submission_file(const struct submission *s, const char *path);
void submission_release(struct submission *s);

#endif
