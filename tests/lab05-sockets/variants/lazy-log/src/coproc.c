/* SPDX-License-Identifier: MIT */
/* coproc: standard input through a command to standard output, over one pair of sockets. */
#include "lab05.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    int code = EXIT_FAILED;

    if (argc < 2) {
        fprintf(stderr, "usage: coproc COMMAND [ARGUMENT...]\n");
        return EXIT_USAGE;
    }
    if (coproc_run(argv + 1, STDIN_FILENO, STDOUT_FILENO, &code) < 0) {
        if (errno == ENOSYS)
            fprintf(stderr, "coproc: not implemented\n");
        else
            fprintf(stderr, "coproc: %s: %s\n", argv[1], strerror(errno));
        return EXIT_FAILED;
    }
    return code;
}
