/* SPDX-License-Identifier: MIT */
/* unpack: an archive to a stream of what is wanted of it. What the program "unpack" does in a box;
 * apart from it so that it can be fuzzed.
 *
 * The stream: for each file "F PATH-BYTES DATA-BYTES\n" PATH DATA, then "E\n"; or, whatever came
 * before it, "R WHY ENTRY-BYTES DETAIL-BYTES\n" ENTRY DETAIL: the archive is refused for that reason
 * (enum rejection_why). Of a class there are, too, "D PATH-BYTES\n" PATH for a folder, and in the form
 * of R "B WHY ENTRY-BYTES DETAIL-BYTES\n" ENTRY DETAIL for an entry that is refused alone: it is the
 * fault of one of many. archive.c reads it. */
#ifndef GRADER_INTAKE_UNPACK_H
#define GRADER_INTAKE_UNPACK_H

#include <archive.h>
#include <stdio.h>

/* A reader of the formats that submissions come in, not yet opened; NULL: no memory. None of them
 * runs a program. */
struct archive *unpack_reader(void);

enum unpack_what {
    UNPACK_SUBMISSION, /* its C sources */
    UNPACK_CLASS       /* what each of many handed in: archives, sources, and the names of all else */
};

/* 'opened': what opening 'a' returned; 'packed': bytes of the archive. 0: the stream is whole, be it
 * a refusal. -1: it could not be written. */
int unpack(struct archive *a, int opened, long long packed, enum unpack_what what, FILE *out);

#endif
