/* SPDX-License-Identifier: MIT */
/* The child outlives its parent.
 * lab: 03
 * finding: leftover.process
 * cause: process-left */
#include <unistd.h>

int main(void)
{
    if (fork() == 0)
        for (;;)
            (void)pause();
    return 0;
}
