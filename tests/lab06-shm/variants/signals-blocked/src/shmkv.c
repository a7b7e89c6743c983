/* SPDX-License-Identifier: MIT */
/* shmkv: a dictionary in shared memory. */
#include "lab06.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(void)
{
    fprintf(stderr, "usage: shmkv create NAME SIZE | put NAME KEY VALUE | get NAME KEY | "
                    "del NAME KEY | list NAME | rm NAME\n");
    return EXIT_USAGE;
}

/* A whole number from min to max. 0, -1. */
static int number(const char *s, long min, long max, long *n)
{
    char *end;

    errno = 0;
    *n = strtol(s, &end, 0);
    return errno || end == s || *end || *n < min || *n > max ? -1 : 0;
}

int main(int argc, char *argv[])
{
    const char *what = argc > 1 ? argv[1] : "";
    long size;
    int code;

    if (argc < 3 || argv[2][0] == '\0')
        return usage();
    if (strcmp(what, "create") == 0 && argc == 4) {
        if (number(argv[3], 1, INT_MAX, &size) < 0)
            return usage();
        code = shmkv_create(argv[2], (size_t)size);
    } else if (strcmp(what, "put") == 0 && argc == 5) {
        code = shmkv_put(argv[2], argv[3], argv[4]);
    } else if (strcmp(what, "get") == 0 && argc == 4) {
        code = shmkv_get(argv[2], argv[3]);
    } else if (strcmp(what, "del") == 0 && argc == 4) {
        code = shmkv_del(argv[2], argv[3]);
    } else if (strcmp(what, "list") == 0 && argc == 3) {
        code = shmkv_list(argv[2]);
    } else if (strcmp(what, "rm") == 0 && argc == 3) {
        code = shmkv_rm(argv[2]);
    } else {
        return usage();
    }
    if (code < 0) {
        fprintf(stderr, "shmkv: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
