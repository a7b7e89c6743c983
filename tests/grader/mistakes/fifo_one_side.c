/* SPDX-License-Identifier: MIT */
/* Nobody will ever open the other end.
 * lab: 02
 * signature: fifo_one_side: open(FIFO to write)
 * cause: fifo-one-side
 * process: fifo_one_side */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
    (void)mkfifo("fifo", 0600);
    return open("fifo", O_WRONLY) < 0;
}
