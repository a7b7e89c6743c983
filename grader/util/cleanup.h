/* SPDX-License-Identifier: MIT */
/* cleanup: release what one scope owns when control leaves it. Each helper takes the address of the
 * variable, does nothing for its empty value, and leaves errno alone. */
#ifndef UTIL_CLEANUP_H
#define UTIL_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* For any pointer to memory of malloc: CLEANUP(free_ptr) char *s = NULL; */
static inline void free_ptr(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

/* No descriptor is -1. */
static inline void close_fd(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
    errno = saved;
}

/* For files that were read: what was written wants a checked fclose. */
static inline void fclose_file(FILE **f)
{
    int saved = errno;

    if (*f)
        (void)fclose(*f);
    *f = NULL;
    errno = saved;
}

static inline void closedir_dir(DIR **d)
{
    int saved = errno;

    if (*d)
        (void)closedir(*d);
    *d = NULL;
    errno = saved;
}

/* The value, and "nothing" left behind: what a scope hands to its caller. */
static inline int take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

static inline void *take_ptr(void *pointer_to_pointer)
{
    void **p = pointer_to_pointer;
    void *taken = *p;

    *p = NULL;
    return taken;
}

#endif
