/* SPDX-License-Identifier: MIT */
/* svsend: hands one text to svrecv through a System V segment. */
#include "lab06.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int usage(void)
{
    fprintf(stderr, "usage: svsend [-t MILLISECONDS] KEY TEXT\n");
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
    long timeout_ms = 5000, key;
    int opt, code;

    while ((opt = getopt(argc, argv, "+:t:")) != -1)
        if (opt != 't' || number(optarg, 0, INT_MAX, &timeout_ms) < 0)
            return usage();
    if (argc - optind != 2 || number(argv[optind], 1, INT_MAX, &key) < 0)
        return usage();
    code = svsend_run((key_t)key, argv[optind + 1], (int)timeout_ms);
    if (code < 0) {
        fprintf(stderr, "svsend: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
