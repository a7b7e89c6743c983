/* SPDX-License-Identifier: MIT */
/* fifod: the server: requests come in one FIFO, each reply goes out by the client's own. */
#include "lab02.h"

#include <errno.h>
#include <stdio.h>

int main(int argc, char *argv[])
{
    int code;

    if (argc != 2 || argv[1][0] == '\0') {
        fprintf(stderr, "usage: fifod PATH\n");
        return EXIT_USAGE;
    }
    code = fifod_run(argv[1]);
    if (code < 0) {
        fprintf(stderr, "fifod: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
