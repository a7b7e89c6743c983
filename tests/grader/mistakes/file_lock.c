/* SPDX-License-Identifier: MIT */
/* The parent waits for the child with the file locked; the child wants the lock.
 * lab: 06
 * signature: a child of file_lock: fcntl(file locked by file_lock); file_lock: wait(a child of file_lock)
 * cause: file-lock
 * process: a child of file_lock */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open("file", O_RDWR | O_CREAT, 0600);

    (void)fcntl(fd, F_SETLKW, &lock);
    if (fork() == 0)
        _exit(fcntl(fd, F_SETLKW, &lock) < 0);
    (void)wait(NULL);
    return unlink("file");
}
