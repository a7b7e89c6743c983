/* SPDX-License-Identifier: MIT */
/* fanin: many workers report to one collector through one pipe. */
#include "lab01.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORKERS_MAX = 64, RECORDS_MAX = 1000000 };

int usage(void)
{
    fprintf(stderr, "usage: fanin [-j WORKERS] [-m RECORDS] [-s SIZE]\n");
    return EXIT_USAGE;
}

/* A whole number from min to max. 0, or -1. */
static int number(const char *s, long min, long max, long *n)
{
    char *end;

    errno = 0;
    *n = strtol(s, &end, 10);
    return errno || end == s || *end || *n < min || *n > max ? -1 : 0;
}

int main(int argc, char *argv[])
{
    long workers = 4, records = 100, size = 64;
    int opt, code, ok = 0;

    while (ok == 0 && (opt = getopt(argc, argv, "+:j:m:s:")) != -1) {
        if (opt == 'j')
            ok = number(optarg, 1, WORKERS_MAX, &workers);
        else if (opt == 'm')
            ok = number(optarg, 0, RECORDS_MAX, &records);
        else if (opt == 's')
            ok = number(optarg, REC_MIN, PIPE_BUF, &size);
        else
            ok = -1;
    }
    if (ok < 0 || optind != argc)
        return usage();
    code = fanin_run((size_t)workers, (uint32_t)records, (size_t)size);
    if (code < 0) {
        fprintf(stderr, "fanin: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
