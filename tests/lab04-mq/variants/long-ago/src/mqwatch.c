/* SPDX-License-Identifier: MIT */
/* mqwatch: prints what arrives in a queue, and sleeps meanwhile. */
#include "lab04.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int usage(void)
{
    fprintf(stderr, "usage: mqwatch [-c COUNT] NAME\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    long count = 0; /* without end */
    int opt, code;
    char *end;

    while ((opt = getopt(argc, argv, "+:c:")) != -1) {
        if (opt != 'c')
            return usage();
        errno = 0;
        count = strtol(optarg, &end, 10);
        if (errno || end == optarg || *end || count < 1)
            return usage();
    }
    if (argc - optind != 1 || argv[optind][0] == '\0')
        return usage();
    code = mqwatch_run(argv[optind], count);
    if (code < 0) {
        fprintf(stderr, "mqwatch: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
