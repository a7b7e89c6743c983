/* SPDX-License-Identifier: MIT */
/* Two FIFOs, and each side opens first the one that the other opens second.
 * lab: 02
 * signature: a child of fifo_open_order: open(FIFO to read); fifo_open_order: open(FIFO to read)
 * cause: fifo-open-order
 * process: a child of fifo_open_order */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
    (void)mkfifo("request", 0600);
    (void)mkfifo("answer", 0600);
    if (fork() == 0)
        _exit(open("answer", O_RDONLY) < 0 || open("request", O_WRONLY) < 0);
    return open("request", O_RDONLY) < 0 || open("answer", O_WRONLY) < 0;
}
