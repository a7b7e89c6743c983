/* SPDX-License-Identifier: MIT */
/* ringctl: makes, shows, closes and removes a bounded buffer. */
#include "lab06.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(void)
{
    fprintf(stderr, "usage: ringctl create NAME CAPACITY SLOT_SIZE | stat NAME | close NAME | "
                    "rm NAME\n");
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
    const char *what = argc > 1 ? argv[1] : "";
    long capacity, slot_size;
    int code;

    if (argc < 3 || argv[2][0] == '\0')
        return usage();
    if (strcmp(what, "create") == 0 && argc == 5) {
        if (number(argv[3], 1, INT_MAX, &capacity) < 0
            || number(argv[4], 1, INT_MAX, &slot_size) < 0)
            return usage();
        code = ringctl_create(argv[2], (uint32_t)capacity, (uint32_t)slot_size);
    } else if (strcmp(what, "stat") == 0 && argc == 3) {
        code = ringctl_stat(argv[2]);
    } else if (strcmp(what, "close") == 0 && argc == 3) {
        code = ringctl_close(argv[2]);
    } else if (strcmp(what, "rm") == 0 && argc == 3) {
        code = ringctl_rm(argv[2]);
    } else {
        return usage();
    }
    if (code < 0) {
        fprintf(stderr, "ringctl: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
