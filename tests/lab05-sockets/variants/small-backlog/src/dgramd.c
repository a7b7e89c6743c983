/* SPDX-License-Identifier: MIT */
/* dgramd: answers every datagram with its length and its bytes in reverse. */
#include "lab05.h"

#include <errno.h>
#include <stdio.h>

int main(int argc, char *argv[])
{
    int code;

    if (argc != 2 || argv[1][0] == '\0') {
        fprintf(stderr, "usage: dgramd NAME\n");
        return EXIT_USAGE;
    }
    code = dgramd_run(argv[1]);
    if (code < 0) {
        fprintf(stderr, "dgramd: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
