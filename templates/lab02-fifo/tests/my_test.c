/* SPDX-License-Identifier: MIT */
/* An example of a test of your own. Every file of this folder whose name ends in _test.c is a program
 * linked with your library: it exits with 0 if all is well and says on stderr what is not. Its runs
 * count for coverage.
 *
 * This one looks at one reply path. It says "skipped" while reply_path is a stub. */
#include "lab02.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    char path[64];

    if (reply_path("/tmp/server", 42, path, sizeof(path)) < 0) {
        if (errno == ENOSYS) {
            fprintf(stderr, "my_test: skipped, reply_path is not implemented\n");
            return 0;
        }
        perror("my_test: reply_path");
        return 1;
    }
    if (strcmp(path, "/tmp/server.42") != 0) {
        fprintf(stderr, "my_test: the path is '%s'\n", path);
        return 1;
    }
    return 0;
}
