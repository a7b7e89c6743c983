/* SPDX-License-Identifier: MIT */
/* The same with mutexes in shared memory.
 * lab: 06
 * signature: a child of mutex_order: pthread_mutex_lock(mutex of mutex_order); mutex_order: pthread_mutex_lock(mutex of a child of mutex_order)
 * cause: lock-order
 * process: a child of mutex_order */
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <unistd.h>

struct shared {
    pthread_mutex_t lock[2];
    sem_t have[2];
};

int main(void)
{
    struct shared *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attr;

    (void)pthread_mutexattr_init(&attr);
    (void)pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    for (int i = 0; i < 2; i++) {
        (void)pthread_mutex_init(&s->lock[i], &attr);
        (void)sem_init(&s->have[i], 1, 0);
    }
    const int me = fork() == 0;
    (void)pthread_mutex_lock(&s->lock[me]);
    (void)sem_post(&s->have[!me]);
    (void)sem_wait(&s->have[me]);
    return pthread_mutex_lock(&s->lock[!me]);
}
