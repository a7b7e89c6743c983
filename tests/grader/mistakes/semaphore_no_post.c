/* SPDX-License-Identifier: MIT */
/* The child leaves on an error, without the post.
 * lab: 06
 * signature: semaphore_no_post: sem_wait(semaphore)
 * cause: semaphore-no-post
 * process: semaphore_no_post */
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    char name[32];
    sem_t *s;

    (void)snprintf(name, sizeof(name), "/post.%d", (int)getpid());
    s = sem_open(name, O_CREAT, 0600, 0);
    if (fork() == 0) {
        if (access("absent", R_OK) < 0)
            _exit(0);
        (void)sem_post(s);
        _exit(0);
    }
    (void)wait(NULL);
    return sem_wait(s);
}
