/* SPDX-License-Identifier: MIT */
/* The question is still in a stdio buffer when the answer is waited for.
 * lab: 01
 * signature: a child of both_read: read(pipe from both_read); both_read: read(pipe from a child of both_read)
 * cause: both-read
 * process: a child of both_read */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    int to[2], from[2];
    char byte;
    FILE *f;

    (void)!pipe(to);
    (void)!pipe(from);
    if (fork() == 0) {
        (void)close(to[1]);
        (void)close(from[0]);
        if (read(to[0], &byte, 1) == 1)
            (void)!write(from[1], &byte, 1);
        _exit(0);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    f = fdopen(to[1], "w");
    (void)fprintf(f, "question\n");
    return read(from[0], &byte, 1) < 0;
}
