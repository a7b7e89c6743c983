/* SPDX-License-Identifier: MIT */
/* shmnote: keeps a text in shared memory. */
#include "lab06.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int usage(void)
{
    fprintf(stderr, "usage: shmnote put NAME TEXT... | get NAME | rm NAME\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    const char *what = argc > 1 ? argv[1] : "";
    int code;

    if (argc < 3 || argv[2][0] == '\0')
        return usage();
    if (strcmp(what, "put") == 0 && argc >= 4)
        code = shmnote_put(argv[2], argv + 3);
    else if (strcmp(what, "get") == 0 && argc == 3)
        code = shmnote_get(argv[2]);
    else if (strcmp(what, "rm") == 0 && argc == 3)
        code = shmnote_rm(argv[2]);
    else
        return usage();
    if (code < 0) {
        fprintf(stderr, "shmnote: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
