/* SPDX-License-Identifier: MIT */
/* A pipe as a buffer of one process: it is full after 64 KiB.
 * lab: 01
 * signature: own_read_end: write(pipe to itself)
 * cause: own-read-end
 * process: own_read_end */
#include <unistd.h>

int main(void)
{
    static char much[100000];
    int p[2];

    (void)!pipe(p);
    (void)!write(p[1], much, sizeof(much));
    return read(p[0], much, sizeof(much)) < 0;
}
