/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "b.h"
#include "lab05.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "PROGRAM: WHAT: REASON" in one write; WHAT is made of fmt. */
int fail(int code, const char *reason, const char *fmt, ...)
{
    char line[600];
    int n;
    va_list ap;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof line - 100, fmt, ap);
    va_end(ap);
    if (n > (int)sizeof line - 101)
        n = (int)sizeof line - 101;
    n += snprintf(line + n, sizeof line - (size_t)n, ": %s\n", reason);
    if (write(2, line, (size_t)n) < 0)
        return code;
    return code;
}

void shut(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved;
}

/* The same descriptor at 3 or above. */
int lift(int fd)
{
    int up;

    if (fd < 0 || fd > 2)
        return fd;
    up = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    shut(&fd);
    return up;
}
