/* SPDX-License-Identifier: MIT */
/* In shared memory, but made for the threads of one process: the post wakes nobody.
 * lab: 06
 * signature: semaphore_unshared: sem_wait(unshared semaphore)
 * cause: semaphore-unshared
 * process: semaphore_unshared */
#include <semaphore.h>
#include <stddef.h>
#include <sys/mman.h>

int main(void)
{
    sem_t *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    (void)sem_init(s, 0, 0);
    return sem_wait(s);
}
