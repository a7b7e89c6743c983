/* SPDX-License-Identifier: MIT */
/* fifolog: prints the lines that come through a FIFO, session by session. */
#include "lab02.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int usage(void)
{
    fprintf(stderr, "usage: fifolog [-s SESSIONS] PATH\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    long sessions = 0;
    int opt, code;
    char *end;

    while ((opt = getopt(argc, argv, "+:s:")) != -1) {
        if (opt != 's')
            return usage();
        errno = 0;
        sessions = strtol(optarg, &end, 10);
        if (errno || end == optarg || *end || sessions < 1)
            return usage();
    }
    if (argc - optind != 1 || argv[optind][0] == '\0')
        return usage();
    code = fifolog_run(argv[optind], sessions);
    if (code < 0) {
        fprintf(stderr, "fifolog: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
