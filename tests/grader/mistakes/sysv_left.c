/* SPDX-License-Identifier: MIT */
/* A segment that nobody removes.
 * lab: 06
 * finding: leftover.sysv-shm
 * cause: sysv-left */
#include <sys/shm.h>

int main(void)
{
    return shmget(IPC_PRIVATE, 4096, 0600) < 0;
}
