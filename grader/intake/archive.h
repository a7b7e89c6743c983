/* SPDX-License-Identifier: MIT */
/* archive: a submission that comes packed. */
#ifndef GRADER_INTAKE_ARCHIVE_H
#define GRADER_INTAKE_ARCHIVE_H

#include "box/box.h"
#include "lab/submission.h"
#include "util/err.h"

/* Unpacks the archive in a box and adds its sources to s->files, or says in s->rejected why not.
 * -1: a fault of ours. */
int archive_read_sources(const char *path, enum box_mode mode, struct submission *s, struct err *err);

/* Why this is no submission; the first reason stays. Names that it quotes are made printable. */
void intake_reject(struct submission *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
