/* SPDX-License-Identifier: MIT */
/* gate HERE GO [CODE]: writes its pid as a line to the FIFO HERE, then waits until somebody opens
 * the FIFO GO and closes it again, then ends with CODE (0). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int here, go;
    char byte;
    ssize_t n;

    if (argc < 3)
        return 2;
    here = open(argv[1], O_WRONLY);
    if (here < 0 || dprintf(here, "%d\n", (int)getpid()) < 0 || close(here) < 0)
        return 1;
    go = open(argv[2], O_RDONLY);
    if (go < 0)
        return 1;
    do
        n = read(go, &byte, 1);
    while (n > 0);
    return n == 0 && argc > 3 ? atoi(argv[3]) : n == 0 ? 0 : 1;
}
