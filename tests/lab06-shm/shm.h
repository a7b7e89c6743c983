/* SPDX-License-Identifier: MIT */
/* shm.h: what the tests of lab06 share. */
#ifndef LAB06_TESTS_SHM_H
#define LAB06_TESTS_SHM_H

#include "harness.h"
#include "lab06.h"

#include <string.h>

#define FOREVER "3600000" /* ms: what is late fails by the deadline of the test */

/* The next line of a probe is this one. */
static inline void step(struct proc *probe, const char *line, const char *key, const char *what)
{
    const char *got = next_line(probe);

    check(!strstr(got, " -1 ENOSYS"), "not-implemented", "a function is not implemented");
    check_str(got, line, key, what);
}

/* This program ends with this code; it is no part of what the test is about. */
static inline void run(struct proc *p, int code)
{
    expect_exit(p, code);
}

/* A ring made by ringctl. */
static inline ring_hdr *new_ring(const char *name, const char *capacity, const char *slot_size)
{
    run(start("ringctl", "create", name, capacity, slot_size, NULL), 0);
    return map_shm(name, sizeof(ring_hdr));
}

/* With the student's own program. That the name goes is for other tests to judge. */
static inline void close_ring(const char *name)
{
    run(start("ringctl", "close", name, NULL), 0);
}

static inline void remove_ring(const char *name)
{
    run(start("ringctl", "rm", name, NULL), 0);
    shm_done(name);
}

#endif
