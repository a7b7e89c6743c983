/* SPDX-License-Identifier: MIT */
/* svrecv: takes one text from svsend. */
#include "lab06.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static int usage(void)
{
    fprintf(stderr, "usage: svrecv KEY\n");
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
    long key;
    int code;

    if (argc != 2 || number(argv[1], 1, INT_MAX, &key) < 0)
        return usage();
    code = svrecv_run((key_t)key);
    if (code < 0) {
        fprintf(stderr, "svrecv: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
