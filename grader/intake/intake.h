/* SPDX-License-Identifier: MIT */
/* intake: what was handed in, read once into memory. Nothing of a submission is opened through a
 * link or followed out of its folder, and nothing in it is written to. */
#ifndef GRADER_INTAKE_INTAKE_H
#define GRADER_INTAKE_INTAKE_H

#include "box/box.h"
#include "intake/limits.h"
#include "lab/lab.h"
#include "lab/submission.h"
#include "util/err.h"

/* Reads what lies at 'path', a folder, an archive (zip, tar, 7z, rar) or a single C file, for 'lab'.
 * A folder whose only content is the real top folder is entered. Archives are unpacked in a box of
 * this mode. 0: *s is filled, and s->rejected says whether it can be graded; the caller releases it.
 * -1: it could not be read for a reason of ours (*err). */
int intake_read(const char *path, const struct lab *lab, enum box_mode mode, struct submission *s, struct err *err);

/* What a submission at 'path' is called: the last part of its real path, printable. The caller frees it. */
char *intake_id(const char *path);

#endif
