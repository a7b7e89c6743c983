/* SPDX-License-Identifier: MIT */
/* dgramc: sends each TEXT as one datagram and prints each answer on a line. */
#include "lab05.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int usage(void)
{
    fprintf(stderr, "usage: dgramc [-t MILLISECONDS] NAME TEXT...\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    int timeout_ms = 1000;
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
    if (argc - optind < 2 || argv[optind][0] == '\0')
        return usage();
    code = dgramc_run(argv[optind], timeout_ms, argv + optind + 1);
    if (code < 0) {
        fprintf(stderr, "dgramc: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
