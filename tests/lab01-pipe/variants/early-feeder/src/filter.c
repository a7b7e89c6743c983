/* SPDX-License-Identifier: MIT */
/* filter: standard input through a command to standard output, over two pipes. */
#include "lab01.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    int code = EXIT_FAILED;

    if (argc < 2) {
        fprintf(stderr, "usage: filter COMMAND [ARGUMENT...]\n");
        return EXIT_USAGE;
    }
    if (filter_run(argv + 1, STDIN_FILENO, STDOUT_FILENO, &code) < 0) {
        if (errno == ENOSYS)
            fprintf(stderr, "filter: not implemented\n");
        else
            fprintf(stderr, "filter: %s: %s\n", argv[1], strerror(errno));
        return EXIT_FAILED;
    }
    return code;
}
