/* SPDX-License-Identifier: MIT */
/* consumer: prints the items of a bounded buffer, one per line, until it is closed and empty. */
#include "lab06.h"

#include <errno.h>
#include <stdio.h>

static int usage(void)
{
    fprintf(stderr, "usage: consumer NAME\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    int code;

    if (argc != 2 || argv[1][0] == '\0')
        return usage();
    code = consumer_run(argv[1]);
    if (code < 0) {
        fprintf(stderr, "consumer: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
