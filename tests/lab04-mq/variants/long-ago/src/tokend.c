/* SPDX-License-Identifier: MIT */
/* tokend: the token server. */
#include "lab04.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char *argv[])
{
    int code;

    if (argc != 2 || argv[1][0] == '\0' || strlen(argv[1]) > SERVER_NAME_MAX) {
        fprintf(stderr, "usage: tokend NAME   (of at most %d characters)\n", SERVER_NAME_MAX);
        return EXIT_USAGE;
    }
    code = tokend_run(argv[1]);
    if (code < 0) {
        fprintf(stderr, "tokend: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
