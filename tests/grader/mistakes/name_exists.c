/* SPDX-License-Identifier: MIT */
/* What an earlier run left is in the way.
 * lab: 06
 * ends: 0
 * signature: name_exists: exit code 1 instead of 0
 * cause: name-exists */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int main(void)
{
    for (int run = 0; run < 2; run++)
        if (mkfifo("fifo", 0600) < 0) {
            (void)fprintf(stderr, "name_exists: mkfifo: %s\n", strerror(errno));
            return 1;
        }
    return 0;
}
