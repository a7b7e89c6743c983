/* SPDX-License-Identifier: MIT */
/* The first stage of a pipeline has kept a write end of the second pipe, and is busy otherwise.
 * lab: 01
 * signature: a child of stage_keeps_end: poll(); a child of stage_keeps_end: read(pipe from a child of stage_keeps_end); stage_keeps_end: wait(a child of stage_keeps_end)
 * cause: write-end-elsewhere
 * process: a child of stage_keeps_end */
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int p[2];
    char byte;

    (void)!pipe(p);
    if (fork() == 0) {
        (void)close(p[0]);
        _exit(poll(NULL, 0, -1));
    }
    if (fork() == 0) {
        (void)close(p[1]);
        while (read(p[0], &byte, 1) > 0)
            ;
        _exit(0);
    }
    (void)close(p[0]);
    (void)close(p[1]);
    (void)wait(NULL);
    return wait(NULL) < 0;
}
