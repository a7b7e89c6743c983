/* SPDX-License-Identifier: MIT */
/* selftest: whether boxes on this machine keep what docs/box.md promises, found out by doing: real
 * boxes are opened and attacked from inside. What `grader doctor` prints. Takes about a second.
 *
 * To add a check: a probe in init_probe.c if it looks from inside, a function in selftest.c, a line
 * in its table. */
#ifndef BOX_SELFTEST_H
#define BOX_SELFTEST_H

#include "box/box.h"

#include <stdbool.h>
#include <stddef.h>

enum { SELFTEST_MAX = 40 };

struct selftest_check {
    const char *name;  /* "judge", "network", ...: stable, for people who search for it */
    const char *means; /* what a person gains by it, one line, for _() */
    const char *next;  /* what to do when it is not ok; "" when there is nothing to say; for _() */
    bool ok;
    bool advice;    /* not ok is a warning: marks can be given all the same */
    char seen[512]; /* what was found, whether ok or not */
};

struct selftest_report {
    bool ok;        /* every check that is not advice is ok */
    enum box_mode mode; /* of the box that was tested; BOX_AUTO: none opened */
    char description[128]; /* its box_describe(), or "" */
    struct selftest_check checks[SELFTEST_MAX];
    size_t count;
};

void selftest_run(enum box_mode mode, struct selftest_report *report);

#endif
