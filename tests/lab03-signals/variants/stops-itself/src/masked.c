/* SPDX-License-Identifier: MIT */
/* masked: keeps SIGINT and SIGQUIT waiting until it is told to let them in. */
#include "lab03.h"

#include <errno.h>
#include <stdio.h>

int main(int argc, char *argv[])
{
    (void)argv;
    if (argc != 1) {
        fprintf(stderr, "usage: masked\n");
        return EXIT_USAGE;
    }
    return masked_run();
}
