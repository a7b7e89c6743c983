/* SPDX-License-Identifier: MIT */
/* A System V semaphore that nobody raises.
 * lab: 06
 * signature: sysv_semaphore: semop(semaphore)
 * cause: semaphore-no-post
 * process: sysv_semaphore */
#include <sys/sem.h>

int main(void)
{
    int set = semget(IPC_PRIVATE, 2, 0600);

    return semop(set, &(struct sembuf){1, -1, 0}, 1);
}
