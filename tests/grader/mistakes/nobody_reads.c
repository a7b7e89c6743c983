/* SPDX-License-Identifier: MIT */
/* The reader waits for something else.
 * lab: 02
 * signature: a child of nobody_reads: poll(); nobody_reads: write(pipe to a child of nobody_reads)
 * cause: nobody-reads
 * process: nobody_reads */
#include <poll.h>
#include <unistd.h>

int main(void)
{
    static char much[100000];
    int p[2];

    (void)!pipe(p);
    if (fork() == 0) {
        (void)close(p[1]);
        _exit(poll(NULL, 0, -1));
    }
    (void)close(p[0]);
    return write(p[1], much, sizeof(much)) < 0;
}
