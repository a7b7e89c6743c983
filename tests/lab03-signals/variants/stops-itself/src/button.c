/* SPDX-License-Identifier: MIT */
/* button: presses the button of a led. */
#include "lab03.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PRESSES_MAX = 1000000 };

static int usage(void)
{
    fprintf(stderr, "usage: button [-r] PID N\n");
    return EXIT_USAGE;
}

/* The whole string as a number from 1 to max; -1: it is none. */
static long number(const char *s, long max)
{
    char *end;
    long n;

    errno = 0;
    n = strtol(s, &end, 10);
    return errno || end == s || *end || n < 1 || n > max ? -1 : n;
}

int main(int argc, char *argv[])
{
    int opt, realtime = 0;
    long pid, presses;

    while ((opt = getopt(argc, argv, "+:r")) != -1) {
        if (opt != 'r')
            return usage();
        realtime = 1;
    }
    if (argc - optind != 2)
        return usage();
    pid = number(argv[optind], INT_MAX);
    presses = number(argv[optind + 1], PRESSES_MAX);
    if (pid < 0 || presses < 0)
        return usage();
    return button_run((pid_t)pid, presses, realtime);
}
