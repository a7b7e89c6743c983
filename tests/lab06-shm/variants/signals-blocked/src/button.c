/* SPDX-License-Identifier: MIT */
/* button: presses the button that is kept in FILE. */
#include "lab06.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static int usage(void)
{
    fprintf(stderr, "usage: button FILE [PRESSES]\n");
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
    long presses = 1;
    int code;

    if (argc < 2 || argc > 3 || argv[1][0] == '\0'
        || (argc == 3 && number(argv[2], 1, LONG_MAX, &presses) < 0))
        return usage();
    code = button_run(argv[1], presses);
    if (code < 0) {
        fprintf(stderr, "button: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
