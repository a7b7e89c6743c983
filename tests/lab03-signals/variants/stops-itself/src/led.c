/* SPDX-License-Identifier: MIT */
/* led: a lamp that is switched by signals. */
#include "lab03.h"

#include <errno.h>
#include <stdio.h>

int main(int argc, char *argv[])
{
    (void)argv;
    if (argc != 1) {
        fprintf(stderr, "usage: led\n");
        return EXIT_USAGE;
    }
    return led_run();
}
