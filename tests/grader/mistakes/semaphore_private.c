/* SPDX-License-Identifier: MIT */
/* The semaphore lies in ordinary memory: the child posts its own copy.
 * lab: 06
 * signature: semaphore_private: sem_wait(private semaphore)
 * cause: semaphore-private
 * process: semaphore_private */
#include <semaphore.h>
#include <sys/wait.h>
#include <unistd.h>

static sem_t done;

int main(void)
{
    (void)sem_init(&done, 1, 0);
    if (fork() == 0)
        _exit(sem_post(&done));
    (void)wait(NULL);
    return sem_wait(&done);
}
