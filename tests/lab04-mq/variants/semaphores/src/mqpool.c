/* SPDX-License-Identifier: MIT */
/* mqpool: several workers on one queue. */
#include "lab04.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORKERS_DEFAULT = 2, WORKERS_MAX = 16 };

static int usage(void)
{
    fprintf(stderr, "usage: mqpool [-j WORKERS] [-b] NAME\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    int workers = WORKERS_DEFAULT, batch = 0;
    int opt, code;
    char *end;
    long n;

    while ((opt = getopt(argc, argv, "+:j:b")) != -1) {
        if (opt == 'b') {
            batch = 1;
        } else if (opt == 'j') {
            errno = 0;
            n = strtol(optarg, &end, 10);
            if (errno || end == optarg || *end || n < 1 || n > WORKERS_MAX)
                return usage();
            workers = (int)n;
        } else {
            return usage();
        }
    }
    if (argc - optind != 1 || argv[optind][0] == '\0')
        return usage();
    code = mqpool_run(argv[optind], workers, batch);
    if (code < 0) {
        fprintf(stderr, "mqpool: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
