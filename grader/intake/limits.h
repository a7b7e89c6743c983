/* SPDX-License-Identifier: MIT */
/* limits: how large a submission may be, whatever it comes in. lab/rejection.c says these figures to
 * people. */
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
    INTAKE_RATIO_FREE = 1024 * 1024
};

#endif
