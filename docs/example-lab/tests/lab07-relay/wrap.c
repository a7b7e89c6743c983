/* SPDX-License-Identifier: MIT */
/* wrap: calls that fail on demand (lab.yaml: wrap). */
#include <stdlib.h>
#include <unistd.h>

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);

/* One byte at a time to standard output, if the test said so. On a pipe between two processes of the
 * program it would be luck how many of the pieces a read there gets. */
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    int is_short = fd == STDOUT_FILENO && n > 1 && getenv("LAB_SHORT_WRITES");

    return __real_write(fd, p, is_short ? 1 : n);
}
