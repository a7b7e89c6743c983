/* SPDX-License-Identifier: MIT */
/* Unmapped is not removed.
 * lab: 06
 * finding: leftover.shm
 * cause: shm-left */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
    char name[32];
    int fd;

    (void)snprintf(name, sizeof(name), "/left.%d", (int)getpid());
    fd = shm_open(name, O_RDWR | O_CREAT, 0600);
    return fd < 0 || ftruncate(fd, 4096) < 0 || close(fd) < 0;
}
