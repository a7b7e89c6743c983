/* SPDX-License-Identifier: MIT */
/* kit: what is compiled once per lab and serves every submission: the test runner, the probe, the
 * objects that student code is linked with, valgrind's slim debug files. Built by
 * tests/harness/kit.mk from the course's own, trusted sources. */
#ifndef GRADER_LAB_KIT_H
#define GRADER_LAB_KIT_H

#include "lab/lab.h"

struct kit {
    char *dir;    /* root/build/kit/<lab>; in the user's cache where the course cannot be written to */
    int lock_fd;  /* while it is held nobody makes the kit anew; -1: an empty struct, or released */
};
#define KIT_INIT {.lock_fd = -1}

/* Makes the kit of 'lab' if it is missing or older than its sources, and holds it as it is until the
 * caller releases it: another grader that finds it too old waits for that. */
int kit_prepare(const struct lab *lab, struct kit *kit, struct err *err);
void kit_release(struct kit *kit);

#endif
