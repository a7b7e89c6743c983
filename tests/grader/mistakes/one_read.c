/* SPDX-License-Identifier: MIT */
/* One read is taken for all of it; a pipe gives what is there.
 * lab: 01
 * output: 70000
 * signature: one_read: wrong standard output
 * cause: short-count */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    static char much[70000], copy[70000];
    int p[2];
    ssize_t n;

    for (size_t i = 0; i < sizeof(much); i++)
        much[i] = 'x';
    (void)!pipe(p);
    if (fork() == 0) {
        (void)close(p[0]);
        _exit(write(p[1], much, sizeof(much)) < 0);
    }
    (void)close(p[1]);
    n = read(p[0], copy, sizeof(copy));
    (void)close(p[0]);
    (void)wait(NULL);
    return n < 0 || write(1, copy, (size_t)n) < 0;
}
