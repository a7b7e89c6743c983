/* SPDX-License-Identifier: MIT */
/* The parent waits for the child before it closes the child's input.
 * lab: 01
 * signature: a child of wait_before_close: read(pipe from wait_before_close); wait_before_close: wait(a child of wait_before_close)
 * cause: wait-before-close
 * process: wait_before_close */
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int p[2];
    char byte;

    (void)!pipe(p);
    if (fork() == 0) {
        (void)close(p[1]);
        while (read(p[0], &byte, 1) > 0)
            ;
        _exit(0);
    }
    (void)close(p[0]);
    (void)!write(p[1], "x", 1);
    (void)wait(NULL);
    return close(p[1]);
}
