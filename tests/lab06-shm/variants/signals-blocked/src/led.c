/* SPDX-License-Identifier: MIT */
/* led: says whether the LED is on. */
#include "lab06.h"

#include <errno.h>
#include <stdio.h>

static int usage(void)
{
    fprintf(stderr, "usage: led FILE\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    int code;

    if (argc != 2 || argv[1][0] == '\0')
        return usage();
    code = led_run(argv[1]);
    if (code < 0) {
        fprintf(stderr, "led: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
