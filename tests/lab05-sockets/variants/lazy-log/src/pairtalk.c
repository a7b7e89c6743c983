/* SPDX-License-Identifier: MIT */
/* pairtalk: question and answer between parent and child over an unnamed pair of sockets. */
#include "lab05.h"

#include <errno.h>
#include <stdio.h>

int main(int argc, char *argv[])
{
    int code;

    (void)argv;
    if (argc != 1) {
        fprintf(stderr, "usage: pairtalk\n");
        return EXIT_USAGE;
    }
    code = pairtalk_run();
    if (code < 0) {
        fprintf(stderr, "pairtalk: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
