/* SPDX-License-Identifier: MIT */
/* hello: one line from standard input, through a pipe, to a child that prints it. */
#include "lab01.h"

#include <errno.h>
#include <stdio.h>

int main(int argc, char *argv[])
{
    int code;

    (void)argv;
    if (argc != 1) {
        fprintf(stderr, "usage: hello <LINE\n");
        return EXIT_USAGE;
    }
    code = hello_run();
    if (code < 0) {
        fprintf(stderr, "hello: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
