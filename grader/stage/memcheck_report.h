/* SPDX-License-Identifier: MIT */
/* memcheck_report: what valgrind wrote about the processes of a submission, merged. Turns bytes into
 * a struct and knows no process. The bytes are half hostile: a SIGKILL cuts a file short, and a
 * student's process could have written to it. (Format: "Valgrind XML output, protocol 4",
 * docs/internals/xml-output-protocol4.txt of valgrind 3.19.) */
#ifndef GRADER_STAGE_MEMCHECK_REPORT_H
#define GRADER_STAGE_MEMCHECK_REPORT_H

#include <stddef.h>

enum memcheck_class { MEMCHECK_ERROR, MEMCHECK_LEAK, MEMCHECK_DESCRIPTOR };

struct memcheck_error {
    enum memcheck_class class;
    char *kind;     /* valgrind's: InvalidRead, Leak_DefinitelyLost, …; OpenDescriptor for descriptors */
    char *what;     /* valgrind's sentence */
    char *file;     /* of the first frame in the student's code, relative to 'dir' */
    int line;
    char *function;
    long count;     /* processes and places that told the same */
};

struct memcheck_report {
    struct memcheck_error *errors; /* in order of first sight */
    size_t errors_n;
    size_t files;     /* read */
    size_t cut;       /* of those, ended before their end tag */
    size_t broken;    /* of those, no XML at all from some place on */
};

/* Where something happened in the student's code. */
struct memcheck_place {
    char *file; /* relative to 'dir'; NULL: nowhere in it */
    int line;
    char *function;
};
struct memcheck_places {
    struct memcheck_place *v;
    size_t n;
};

/* Adds one XML file. 'dir' is where the student's sources lay when they were compiled ("/sub"):
 * the place of an error is its first frame below that folder. Errors without one, still reachable
 * and possibly lost blocks are not the student's or not a fault, and are left out. A file that
 * breaks off gives what it holds.
 *
 * With --track-fds, valgrind 3.19 writes into the XML where each open descriptor was made, as stacks
 * that belong to no error: they are added to *made, which the caller releases. */
void memcheck_read_xml(struct memcheck_report *r, const char *xml, size_t n, const char *dir,
                       struct memcheck_places *made);

/* Adds the descriptors above 2 that process 'pid' had open at its end and had not inherited, from
 * the log (--log-file) that all processes share. 'made' are the stacks of its XML file: they come in
 * the same order. One that was not made in the student's code is left out. */
void memcheck_read_descriptors(struct memcheck_report *r, const char *log, size_t n, long pid,
                               const struct memcheck_places *made);

void memcheck_places_release(struct memcheck_places *places);
void memcheck_report_release(struct memcheck_report *r);

#endif
