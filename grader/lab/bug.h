/* SPDX-License-Identifier: MIT */
/* bug: a known-bad submission: tests/<lab>/bugs/NAME.patch, a front matter in YAML that says what
 * must catch it, then "---", then a unified diff against the reference. */
#ifndef GRADER_LAB_BUG_H
#define GRADER_LAB_BUG_H

#include "util/err.h"
#include "util/vec.h"

struct bug_config {
    char *licence;        /* SPDX-License-Identifier */
    char *bug;            /* "L5-01" */
    char *title;
    char **caught_by;     /* names of the tests that must fail */
    unsigned caught_by_count;
    char **quality;       /* of bug_quality_names: what must be found besides */
    unsigned quality_count;
    double loss;          /* points, of 100 */
    char *hint;           /* key of hints.yaml that the report must show */
};

struct bug {
    char *path;
    struct bug_config *config;
};

/* -1: the file cannot be read or its front matter is not as the schema says. */
int bug_load(const char *path, struct bug *bug, struct err *err);
void bug_release(struct bug *bug);

#endif
