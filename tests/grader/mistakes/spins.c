/* SPDX-License-Identifier: MIT */
/* End of file is not taken for an end.
 * lab: 02
 * signature: spins: running
 * cause: busy
 * process: spins */
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
    int fd = open("/dev/null", O_RDONLY);
    char byte;

    while (read(fd, &byte, 1) != 1)
        ;
    return 0;
}
