/* SPDX-License-Identifier: MIT */
/* Locked twice.
 * lab: 06
 * signature: lock_held_by_itself: pthread_mutex_lock(mutex of itself)
 * cause: lock-held-by-itself
 * process: lock_held_by_itself */
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int main(void)
{
    (void)pthread_mutex_lock(&lock);
    return pthread_mutex_lock(&lock);
}
