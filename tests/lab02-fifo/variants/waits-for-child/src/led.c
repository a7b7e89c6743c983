/* SPDX-License-Identifier: MIT */
/* led: a lamp that every 'press' switches; fifosend is its button. */
#include "lab02.h"

#include <errno.h>
#include <stdio.h>

int main(int argc, char *argv[])
{
    int code;

    if (argc != 2 || argv[1][0] == '\0') {
        fprintf(stderr, "usage: led PATH\n");
        return EXIT_USAGE;
    }
    code = led_run(argv[1]);
    if (code < 0) {
        fprintf(stderr, "led: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
