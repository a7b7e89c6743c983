/* SPDX-License-Identifier: MIT */
/* intake: what was handed in, read once into memory. Nothing of a submission is opened through a
 * link or followed out of its folder, and nothing in it is written to. */
#ifndef GRADER_INTAKE_INTAKE_H
#define GRADER_INTAKE_INTAKE_H

#include "lab/lab.h"
#include "lab/submission.h"
#include "util/err.h"

/* Limits of one submission. */
enum {
    INTAKE_ENTRIES_MAX = 2000,
    INTAKE_DEPTH_MAX = 16,
    INTAKE_FILE_MAX = 4 * 1024 * 1024,   /* bytes */
    INTAKE_TOTAL_MAX = 32 * 1024 * 1024  /* bytes */
};

/* Reads the folder 'path' for 'lab'. A folder whose only content is the real top folder is entered.
 * 0: *s is filled, and s->rejected says whether it can be graded; the caller releases it.
 * -1: it could not be read for a reason of ours (*err). */
int intake_folder(const char *path, const struct lab *lab, struct submission *s, struct err *err);

#endif
