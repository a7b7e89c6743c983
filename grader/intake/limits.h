/* SPDX-License-Identifier: MIT */
/* limits: how large a submission may be, whatever it comes in, and a class in one archive. lab/rejection.c
 * says the figures of a submission to people. */
#ifndef GRADER_INTAKE_LIMITS_H
#define GRADER_INTAKE_LIMITS_H

enum {
    INTAKE_ENTRIES_MAX = 2000,
    INTAKE_DEPTH_MAX = 16,
    INTAKE_PATH_MAX = 512,               /* bytes of a path */
    INTAKE_NAME_MAX = 255,               /* bytes of one name in it */
    INTAKE_FILE_MAX = 4 * 1024 * 1024,   /* bytes of one source */
    INTAKE_TOTAL_MAX = 32 * 1024 * 1024, /* bytes of all sources */
    INTAKE_BULK_MAX = 512 * 1024 * 1024, /* bytes that an archive says it holds, sources or not */
    INTAKE_ARCHIVE_MAX = 64 * 1024 * 1024, /* bytes of an archive */
    INTAKE_RATIO_MAX = 200,              /* unpacked by packed bytes, from here on: */
    INTAKE_RATIO_FREE = 1024 * 1024,

    INTAKE_CLASS_ENTRIES_MAX = 50000,             /* of an archive with all that a class handed in, */
    INTAKE_CLASS_MAX = 512 * 1024 * 1024,         /* bytes of it, */
    INTAKE_CLASS_HAND_INS_MAX = 512 * 1024 * 1024 /* and of all hand-ins in it */
};

#endif
