/* SPDX-License-Identifier: MIT */
/* Two processes take two semaphores in opposite order. A third one lets each take its second only
 * when both have their first.
 * lab: 06
 * signature: a child of lock_order: sem_wait(semaphore 2); lock_order: sem_wait(semaphore)
 * cause: lock-order
 * process: lock_order */
#include <semaphore.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
    sem_t *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    for (int i = 0; i < 4; i++)
        (void)sem_init(&s[i], 1, i < 2);
    if (fork() == 0) {
        (void)sem_wait(&s[1]);
        (void)sem_post(&s[2]);
        (void)sem_wait(&s[3]);
        _exit(sem_wait(&s[0]));
    }
    (void)sem_wait(&s[0]);
    (void)sem_post(&s[3]);
    (void)sem_wait(&s[2]);
    return sem_wait(&s[1]);
}
