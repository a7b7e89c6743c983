/* SPDX-License-Identifier: MIT */
/* archive: a submission that comes packed, or a class of them. */
#ifndef GRADER_INTAKE_ARCHIVE_H
#define GRADER_INTAKE_ARCHIVE_H

#include <stdbool.h>

#include "box/box.h"
#include "lab/rejection.h"
#include "lab/submission.h"
#include "util/err.h"

/* Unpacks the archive in a box and adds its sources to s->files, or says in s->rejected why not.
 * -1: a fault of ours. */
int archive_read_sources(const char *path, enum box_mode mode, struct submission *s, struct err *err);

/* What the unpacker wrote (intake/unpack.h), into s->files or s->rejected. It has read what a student
 * sent, so it is believed as little. False: this is not its format; s->files may hold some. */
bool archive_read_stream(const char *stream, size_t n, struct submission *s);

/* Where what a class handed in goes. Each returns -1 for a fault of ours. */
struct archive_sink {
    int (*file)(void *ctx, const char *path, const char *data, size_t n, struct err *err);
    int (*folder)(void *ctx, const char *path, struct err *err);
    int (*refused)(void *ctx, const struct rejection *why, struct err *err); /* an entry of one of them, alone */
    void *ctx;
};

/* Unpacks in a box the archive in which an LMS gives what everybody handed in: archives and sources, and of
 * what is neither the names. 0: all of it went to 'sink', or *why, which the caller releases, says why the
 * whole is refused. -1: a fault of ours. */
int archive_read_class(const char *path, enum box_mode mode, const struct archive_sink *sink, struct rejection *why,
                       struct err *err);

/* What the unpacker wrote of a class, to 'sink' or into *why. 1: this is not its format; 'sink' may have got
 * some of it. -1: as 'sink' said. */
int archive_read_class_stream(const char *stream, size_t n, const struct archive_sink *sink, struct rejection *why,
                              struct err *err);

/* Why this is no submission; the first reason stays. 'entry' and 'detail' may be NULL, and are
 * copied. Always false. */
bool intake_reject(struct submission *s, enum rejection_why why, const char *entry, const char *detail);

#endif
