/* SPDX-License-Identifier: MIT */
/* A named semaphore that is closed and not removed.
 * lab: 06
 * finding: leftover.semaphore
 * cause: semaphore-left */
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    char name[32];
    sem_t *s;

    (void)snprintf(name, sizeof(name), "/sem-left.%d", (int)getpid());
    s = sem_open(name, O_CREAT, 0600, 0);
    return s == SEM_FAILED || sem_close(s) < 0;
}
