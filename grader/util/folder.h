/* SPDX-License-Identifier: MIT */
/* folder: trees of files on the host that are ours (never a submission's). */
#ifndef GRADER_UTIL_FOLDER_H
#define GRADER_UTIL_FOLDER_H

#include "util/err.h"

/* A new folder in $TMPDIR or /tmp whose name begins with 'prefix'; NULL: it cannot be made. */
char *folder_temporary(const char *prefix, struct err *err);

/* Copies the regular files and folders below 'from' over what is in 'to', which is made. */
int folder_copy(const char *from, const char *to, struct err *err);

/* When root works in a folder of somebody's, what it makes there is theirs: gives 'fd', which was just made
 * as 'path', to who owns the folder that it lies in. Does nothing for any other user. */
int folder_give(int fd, const char *path, struct err *err);

/* mkdir and folder_give; a folder that is there already stays as it is. */
int folder_make(const char *path, struct err *err);

/* Removes the folder and all below it; a link in it is removed, not followed. */
int folder_remove(const char *path, struct err *err);

#endif
