/* SPDX-License-Identifier: MIT */
/* The parent reads what the child has to say when the child has ended: more than a pipe holds.
 * lab: 01
 * signature: a child of wait_before_read: write(pipe to wait_before_read); wait_before_read: wait(a child of wait_before_read)
 * cause: wait-before-read
 * process: wait_before_read */
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    static char much[200000];
    int p[2];

    (void)!pipe(p);
    if (fork() == 0) {
        (void)close(p[0]);
        _exit(write(p[1], much, sizeof(much)) < 0);
    }
    (void)close(p[1]);
    (void)wait(NULL);
    return read(p[0], much, sizeof(much)) < 0;
}
