/* SPDX-License-Identifier: MIT */
/* A new object has no bytes.
 * lab: 06
 * ends: 0
 * signature: mapping_size: SIGBUS
 * cause: mapping-size
 * process: mapping_size */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
    char name[32], *p;
    int fd;

    (void)snprintf(name, sizeof(name), "/size.%d", (int)getpid());
    fd = shm_open(name, O_RDWR | O_CREAT, 0600);
    (void)shm_unlink(name);
    p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    p[0] = 1;
    return 0;
}
