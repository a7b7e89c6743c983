/* SPDX-License-Identifier: MIT */
/* led: a lamp that is switched by signals. */
#include "lab03.h"

#include <errno.h>
#include <stdio.h>

int main(int argc, char *argv[])
{
    int code;

    (void)argv;
    if (argc != 1) {
        fprintf(stderr, "usage: led\n");
        return EXIT_USAGE;
    }
    code = led_run();
    if (code < 0)
        fprintf(stderr, "led: %s\n", errno == ENOSYS ? "not implemented" : "failed");
    return code < 0 ? EXIT_FAILED : code;
}
