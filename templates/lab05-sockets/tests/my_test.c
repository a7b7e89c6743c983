/* SPDX-License-Identifier: MIT */
/* An example of a test of your own. Every file of this folder whose name ends in _test.c is a program
 * linked with your library: it exits with 0 if all is well and says on stderr what is not. Its runs
 * count for coverage.
 *
 * This one looks at one address. It says "skipped" while un_address is a stub. */
#include "lab05.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    struct sockaddr_un sa;
    socklen_t len = 0;

    if (un_address("/tmp/chat", &sa, &len) < 0) {
        if (errno == ENOSYS) {
            fprintf(stderr, "my_test: skipped, un_address is not implemented\n");
            return 0;
        }
        perror("my_test: un_address");
        return 1;
    }
    if (strcmp(sa.sun_path, "/tmp/chat") != 0) {
        fprintf(stderr, "my_test: the path is '%s'\n", sa.sun_path);
        return 1;
    }
    if (len != offsetof(struct sockaddr_un, sun_path) + strlen("/tmp/chat") + 1) {
        fprintf(stderr, "my_test: the length is %u\n", (unsigned)len);
        return 1;
    }
    return 0;
}
