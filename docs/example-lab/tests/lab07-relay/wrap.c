/* SPDX-License-Identifier: MIT */
/* wrap: calls that fail on demand (lab.yaml: wrap). */
#include <stdlib.h>
#include <unistd.h>

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);

/* One byte at a time, if the test said so. */
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    return __real_write(fd, p, n > 1 && getenv("LAB_SHORT_WRITES") ? 1 : n);
}
