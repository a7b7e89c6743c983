/* SPDX-License-Identifier: MIT */
/* rtsend: sends a text by real-time signals. */
#include "lab03.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TIMEOUT_MS = 1000 };

static int usage(void)
{
    fprintf(stderr, "usage: rtsend [-t MS] PID TEXT\n");
    return EXIT_USAGE;
}

/* The whole string as a number from 1; -1: it is none. */
static int number(const char *s)
{
    char *end;
    long n;

    errno = 0;
    n = strtol(s, &end, 10);
    return errno || end == s || *end || n < 1 || n > INT_MAX ? -1 : (int)n;
}

int main(int argc, char *argv[])
{
    int opt, pid, timeout_ms = TIMEOUT_MS;

    while ((opt = getopt(argc, argv, "+:t:")) != -1) {
        if (opt != 't' || (timeout_ms = number(optarg)) < 0)
            return usage();
    }
    if (argc - optind != 2)
        return usage();
    pid = number(argv[optind]);
    if (pid < 0)
        return usage();
    return rtsend_run(pid, argv[optind + 1], timeout_ms);
}
