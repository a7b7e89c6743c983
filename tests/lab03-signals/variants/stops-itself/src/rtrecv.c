/* SPDX-License-Identifier: MIT */
/* rtrecv: prints texts that come by real-time signals. */
#include "lab03.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int usage(void)
{
    fprintf(stderr, "usage: rtrecv [-n K]\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    long messages = 1;
    int opt;
    char *end;

    while ((opt = getopt(argc, argv, "+:n:")) != -1) {
        if (opt != 'n')
            return usage();
        errno = 0;
        messages = strtol(optarg, &end, 10);
        if (errno || end == optarg || *end || messages < 1)
            return usage();
    }
    if (argc != optind)
        return usage();
    return rtrecv_run(messages);
}
