/* SPDX-License-Identifier: MIT */
/* Everything is written to the filter before anything is read from it.
 * lab: 01
 * signature: a child of both_write: write(pipe to both_write); both_write: write(pipe to a child of both_write)
 * cause: both-write
 * process: a child of both_write */
#include <unistd.h>

int main(void)
{
    static char much[300000];
    int to[2], from[2];
    ssize_t n;

    (void)!pipe(to);
    (void)!pipe(from);
    if (fork() == 0) {
        char block[4096];

        (void)close(to[1]);
        (void)close(from[0]);
        while ((n = read(to[0], block, sizeof(block))) > 0)
            (void)!write(from[1], block, (size_t)n);
        _exit(0);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    (void)!write(to[1], much, sizeof(much));
    (void)close(to[1]);
    return read(from[0], much, sizeof(much)) < 0;
}
