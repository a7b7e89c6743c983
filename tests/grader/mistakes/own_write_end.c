/* SPDX-License-Identifier: MIT */
/* The child reads its input to the end, and has a write end of it itself.
 * lab: 01
 * signature: a child of own_write_end: read(pipe from own_write_end+itself); own_write_end: wait(a child of own_write_end)
 * cause: own-write-end
 * process: a child of own_write_end */
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int p[2];
    char byte;

    (void)!pipe(p);
    if (fork() == 0) {
        while (read(p[0], &byte, 1) > 0)
            ;
        _exit(0);
    }
    (void)!write(p[1], "x", 1);
    return wait(NULL) < 0;
}
