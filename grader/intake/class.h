/* SPDX-License-Identifier: MIT */
/* class: a folder that holds the submissions of many. */
#ifndef GRADER_INTAKE_CLASS_H
#define GRADER_INTAKE_CLASS_H

#include "util/err.h"
#include "util/vec.h"

struct class_entry {
    char *path; /* for intake_read */
    char *id;   /* what it is called, printable */
};
struct class_list {
    struct class_entry *v; /* in order of the names in the folder */
    size_t n;
    struct strs passed;    /* paths of what is no folder, archive or C file */
};

/* Adds each submission in 'folder': its folders, archives and C files. A folder that holds one archive
 * or C file and nothing else is that. Of names as Moodle gives them,
 * "Ana Silva_1234_assignsubmission_file_", the part before "_assignsubmission_" is the id.
 * -1: the folder cannot be read. */
int class_read(const char *folder, struct class_list *list, struct err *err);

void class_add(struct class_list *list, const char *path, const char *id);
void class_release(struct class_list *list);

#endif
