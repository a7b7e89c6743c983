/* SPDX-License-Identifier: MIT */
/* The FIFO stays when the program has ended.
 * lab: 02
 * finding: leftover.fifo
 * cause: file-left */
#include <sys/stat.h>

int main(void)
{
    return mkfifo("fifo", 0600) < 0;
}
