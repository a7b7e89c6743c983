/* SPDX-License-Identifier: MIT */
#include "lab07.h"

#include <errno.h>

int shout(char *s, size_t n)
{
    (void)s;
    (void)n;
    errno = ENOSYS;
    return -1;
}

int relay_run(int in_fd, int out_fd)
{
    (void)in_fd;
    (void)out_fd;
    errno = ENOSYS;
    return -1;
}
