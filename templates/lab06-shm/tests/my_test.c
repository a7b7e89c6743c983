/* SPDX-License-Identifier: MIT */
/* An example of a test of your own. Every file of this folder whose name ends in _test.c is a program
 * linked with your library: it exits with 0 if all is well and says on stderr what is not. Its runs
 * count for coverage.
 *
 * This one puts one entry into a dictionary on the stack. It says "skipped" while kv_init is a stub. */
#include "lab06.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    uint64_t memory[128];
    char value[16] = "";

    if (kv_init(memory, sizeof(memory)) < 0) {
        if (errno == ENOSYS) {
            fprintf(stderr, "my_test: skipped, kv_init is not implemented\n");
            return 0;
        }
        perror("my_test: kv_init");
        return 1;
    }
    if (kv_put(memory, "os", "fun") < 0) {
        perror("my_test: kv_put");
        return 1;
    }
    if (kv_get(memory, "os", value, sizeof(value)) != 3 || strcmp(value, "fun") != 0) {
        fprintf(stderr, "my_test: the value is '%s'\n", value);
        return 1;
    }
    return 0;
}
