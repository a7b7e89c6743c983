/* SPDX-License-Identifier: MIT */
/* The child ends with the lock in its hands.
 * lab: 06
 * signature: mutex_owner_gone: pthread_mutex_lock(mutex of nobody)
 * cause: lock-owner-gone
 * process: mutex_owner_gone */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    pthread_mutex_t *lock = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attr;

    (void)pthread_mutexattr_init(&attr);
    (void)pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    (void)pthread_mutex_init(lock, &attr);
    if (fork() == 0) {
        (void)pthread_mutex_lock(lock);
        _exit(0);
    }
    (void)wait(NULL);
    return pthread_mutex_lock(lock);
}
