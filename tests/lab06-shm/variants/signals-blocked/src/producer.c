/* SPDX-License-Identifier: MIT */
/* producer: puts COUNT items "ID:0", "ID:1", ... into a bounded buffer. */
#include "lab06.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static int usage(void)
{
    fprintf(stderr, "usage: producer NAME ID COUNT\n");
    return EXIT_USAGE;
}

/* A whole number from min to max. 0, -1. */
static int number(const char *s, long min, long max, long *n)
{
    char *end;

    errno = 0;
    *n = strtol(s, &end, 0);
    return errno || end == s || *end || *n < min || *n > max ? -1 : 0;
}

int main(int argc, char *argv[])
{
    long count;
    int code;

    if (argc != 4 || argv[1][0] == '\0' || number(argv[3], 0, LONG_MAX, &count) < 0)
        return usage();
    code = producer_run(argv[1], argv[2], count);
    if (code < 0) {
        fprintf(stderr, "producer: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
