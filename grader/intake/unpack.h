/* SPDX-License-Identifier: MIT */
/* unpack: an archive to a stream of its C sources. What the program "unpack" does in a box; apart
 * from it so that it can be fuzzed.
 *
 * The stream: for each source "F PATH-BYTES DATA-BYTES\n" PATH DATA, then "E\n"; or, whatever came
 * before it, "R WHY ENTRY-BYTES DETAIL-BYTES\n" ENTRY DETAIL: the archive is refused for that reason
 * (enum rejection_why). archive.c reads it. */
#ifndef GRADER_INTAKE_UNPACK_H
#define GRADER_INTAKE_UNPACK_H

#include <archive.h>
#include <stdio.h>

/* A reader of the formats that submissions come in, not yet opened; NULL: no memory. None of them
 * runs a program. */
struct archive *unpack_reader(void);

/* 'opened': what opening 'a' returned; 'packed': bytes of the archive. 0: the stream is whole, be it
 * a refusal. -1: it could not be written. */
int unpack(struct archive *a, int opened, long long packed, FILE *out);

#endif
