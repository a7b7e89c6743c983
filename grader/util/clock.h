/* SPDX-License-Identifier: MIT */
/* clock: monotonic time. */
#ifndef GRADER_UTIL_CLOCK_H
#define GRADER_UTIL_CLOCK_H

#include <time.h>

/* Milliseconds since some fixed moment. */
static inline long clock_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

#endif
