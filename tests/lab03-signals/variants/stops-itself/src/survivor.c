/* SPDX-License-Identifier: MIT */
/* survivor: lives through SIGINT and SIGTERM, and kills itself at the alarm. */
#include "lab03.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ALARM_S = 10, ALARM_MAX_S = 1000000 };

static int usage(void)
{
    fprintf(stderr, "usage: survivor [-a SECONDS]\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    unsigned seconds = ALARM_S;
    int opt;
    char *end;
    long n;

    while ((opt = getopt(argc, argv, "+:a:")) != -1) {
        if (opt != 'a')
            return usage();
        n = strtol(optarg, &end, 10);
        if (end == optarg || *end || n < 1 || n > ALARM_MAX_S)
            return usage();
        seconds = (unsigned)n;
    }
    if (argc != optind)
        return usage();
    return survivor_run(seconds);
}
