/* SPDX-License-Identifier: MIT */
/* supervise: runs the commands of its standard input, some at a time. */
#include "lab03.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { GRACE_MS = 1000, MS_MAX = 1000000000 };

static int usage(void)
{
    fprintf(stderr, "usage: supervise [-j N] [-t MS] [-g MS]\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    unsigned jobs = 1, timeout_ms = 0, grace_ms = GRACE_MS;
    int opt;
    char *end;
    long n;

    while ((opt = getopt(argc, argv, "+:j:t:g:")) != -1) {
        if (opt == ':' || opt == '?')
            return usage();
        errno = 0;
        n = strtol(optarg, &end, 10);
        if (errno || end == optarg || *end || n < 1 || n > (opt == 'j' ? COMMANDS_MAX : MS_MAX))
            return usage();
        *(opt == 'j' ? &jobs : opt == 't' ? &timeout_ms : &grace_ms) = (unsigned)n;
    }
    if (argc != optind)
        return usage();
    return supervise_run(jobs, timeout_ms, grace_ms);
}
