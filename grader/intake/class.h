/* SPDX-License-Identifier: MIT */
/* class: a folder that holds the submissions of many, or an archive of such a folder. */
#ifndef GRADER_INTAKE_CLASS_H
#define GRADER_INTAKE_CLASS_H

#include <stdbool.h>

#include "box/box.h"
#include "lab/rejection.h"
#include "util/err.h"
#include "util/vec.h"

struct class_entry {
    char *path;               /* for intake_read */
    char *id;                 /* what it is called, printable */
    struct rejection refused; /* why it was not unpacked as it is in the archive of the class */
};
struct class_list {
    struct class_entry *v; /* in order of the names in the folder */
    size_t n;
    struct strs passed;    /* paths of what is no folder, archive or C file */
    struct strs unpacked;  /* folders that archives were unpacked into; class_release removes them */
};

/* Adds each submission in the folder 'path': its folders, archives and C files. A folder that holds one
 * archive or C file and nothing else is that. Of names as Moodle gives them,
 * "Ana Silva_1234_assignsubmission_file_", the part before "_assignsubmission_" is the id.
 * An archive with all that was handed in, which an LMS makes, is unpacked into a temporary folder first, by a
 * box of this mode. 1: the folder or the archive cannot be read (*err). -1: a fault of ours. */
int class_read(const char *path, enum box_mode mode, struct class_list *list, struct err *err);

void class_add(struct class_list *list, const char *path, const char *id);
void class_release(struct class_list *list);

/* Is the submission at 'path' in a folder that class_release removes? */
bool class_is_temporary(const struct class_list *list, const char *path);

#endif
