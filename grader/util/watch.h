/* SPDX-License-Identifier: MIT */
/* watch: which C files of a folder were saved. Folders are watched, not files: most editors write a
 * new file and rename it, and the file that was watched would be the old one. */
#ifndef GRADER_UTIL_WATCH_H
#define GRADER_UTIL_WATCH_H

#include "util/err.h"

/* A descriptor that becomes readable when something happened in 'dir' itself or anywhere below the
 * named folders of it (names up to NULL; those that are not there yet count once they are). The caller
 * closes it. */
int watch_open(const char *dir, const char *const folders[], int *fd, struct err *err);

/* Takes what has happened, without waiting. The name of the last .c or .h file that was saved (closed
 * after writing, renamed or removed), which the caller frees; NULL: none was. A save is a whole one:
 * nothing has to be waited for after it. Folders that are new are watched from now on. */
char *watch_take(int fd, const char *dir, const char *const folders[]);

#endif
