/* SPDX-License-Identifier: MIT */
/* archive: a submission that comes packed. */
#ifndef GRADER_INTAKE_ARCHIVE_H
#define GRADER_INTAKE_ARCHIVE_H

#include <stdbool.h>

#include "box/box.h"
#include "lab/submission.h"
#include "util/err.h"

/* Unpacks the archive in a box and adds its sources to s->files, or says in s->rejected why not.
 * -1: a fault of ours. */
int archive_read_sources(const char *path, enum box_mode mode, struct submission *s, struct err *err);

/* What the unpacker wrote (intake/unpack.h), into s->files or s->rejected. It has read what a student
 * sent, so it is believed as little. False: this is not its format; s->files may hold some. */
bool archive_read_stream(const char *stream, size_t n, struct submission *s);

/* Why this is no submission; the first reason stays. 'entry' and 'detail' may be NULL, and are
 * copied. Always false. */
bool intake_reject(struct submission *s, enum rejection_why why, const char *entry, const char *detail);

#endif
