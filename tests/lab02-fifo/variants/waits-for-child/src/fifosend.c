/* SPDX-License-Identifier: MIT */
/* fifosend: sends lines through a FIFO. */
#include "lab02.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int usage(void)
{
    fprintf(stderr, "usage: fifosend [-w] [-n COUNT] PATH [TEXT]\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    long count = 0; /* not given */
    int wait = 0;
    const char *text;
    int opt, code;
    char *end;

    while ((opt = getopt(argc, argv, "+:wn:")) != -1) {
        if (opt == 'w') {
            wait = 1;
        } else if (opt == 'n') {
            errno = 0;
            count = strtol(optarg, &end, 10);
            if (errno || end == optarg || *end || count < 1)
                return usage();
        } else {
            return usage();
        }
    }
    if (argc - optind < 1 || argc - optind > 2 || argv[optind][0] == '\0')
        return usage();
    text = argc - optind == 2 ? argv[optind + 1] : NULL;
    if (count == 0)
        count = text ? 1 : 5;
    code = fifosend_run(argv[optind], wait, count, text);
    if (code < 0) {
        fprintf(stderr, "fifosend: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
