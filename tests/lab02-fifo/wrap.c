/* SPDX-License-Identifier: MIT */
/* wrap: what the student's calls of write and writev go through. They do what the originals do, and
 * when a test asks for it by the environment, before that, if the descriptor is a named FIFO's:
 *
 *     LAB02_CALLS=FILE   the number of bytes that are to be written is noted as a line of FILE
 *     LAB02_GATE=NAME    if there is a FIFO of this name, the call waits until the test opens it:
 *                        what is between a program's open and its write can then happen for sure
 *
 * Pipes without a name (a self-pipe, standard output) are left alone. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { PIPE_FS = 0x50495045 };

ssize_t __real_write(int fd, const void *buf, size_t n);
ssize_t __real_writev(int fd, const struct iovec *iov, int count);
ssize_t __wrap_write(int fd, const void *buf, size_t n);
ssize_t __wrap_writev(int fd, const struct iovec *iov, int count);

static int is_named_fifo(int fd)
{
    struct stat st;
    struct statfs fs;

    return fd > STDERR_FILENO && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
           fstatfs(fd, &fs) == 0 && fs.f_type != PIPE_FS;
}

static void note(const char *file, size_t n)
{
    int fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
    char line[32];
    int size = snprintf(line, sizeof(line), "%zu\n", n);

    if (fd >= 0) {
        (void)!__real_write(fd, line, (size_t)size);
        (void)close(fd);
    }
}

static void before(int fd, size_t n)
{
    const char *calls = getenv("LAB02_CALLS"), *gate = getenv("LAB02_GATE");
    struct stat st;
    int saved = errno;

    if ((calls || gate) && is_named_fifo(fd)) {
        if (calls)
            note(calls, n);
        if (gate && stat(gate, &st) == 0) {
            int g = open(gate, O_RDONLY | O_CLOEXEC);

            if (g >= 0)
                (void)close(g);
        }
    }
    errno = saved;
}

ssize_t __wrap_write(int fd, const void *buf, size_t n)
{
    before(fd, n);
    return __real_write(fd, buf, n);
}

ssize_t __wrap_writev(int fd, const struct iovec *iov, int count)
{
    size_t n = 0;

    for (int i = 0; i < count; i++)
        n += iov[i].iov_len;
    before(fd, n);
    return __real_writev(fd, iov, count);
}
