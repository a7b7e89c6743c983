/* SPDX-License-Identifier: MIT */
/* fifoc: one request to fifod, and its reply. */
#include "lab02.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int usage(void)
{
    fprintf(stderr, "usage: fifoc [-t MILLISECONDS] PATH OP [ARG...]\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    int timeout_ms = 2000;
    int opt, code;
    char *end;
    long n;

    while ((opt = getopt(argc, argv, "+:t:")) != -1) {
        if (opt != 't')
            return usage();
        errno = 0;
        n = strtol(optarg, &end, 10);
        if (errno || end == optarg || *end || n < 0 || n > INT_MAX)
            return usage();
        timeout_ms = (int)n;
    }
    if (argc - optind < 2 || argv[optind][0] == '\0' || argv[optind + 1][0] == '\0')
        return usage();
    code = fifoc_run(argv[optind], timeout_ms, argv[optind + 1], argv + optind + 2);
    if (code < 0) {
        fprintf(stderr, "fifoc: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
