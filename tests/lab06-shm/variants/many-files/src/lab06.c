/* SPDX-License-Identifier: MIT */
/* lab06 - shared memory, in many files: what all of them need. */
#include "parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* "PROG: WHAT: REASON"; the exit code that fits the reason. */
int complain(const char *prog, const char *what)
{
    int code = errno == ENOENT      ? EXIT_NO_PEER
               : errno == EEXIST    ? EXIT_IN_USE
               : errno == ETIMEDOUT ? EXIT_TIMEOUT
                                    : EXIT_FAILED;

    fprintf(stderr, "%s: %s: %s\n", prog, what, strerror(errno));
    return code;
}

/* Standard output is complete, or the program has failed. */
int flushed(const char *prog)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_OK : complain(prog, "standard output");
}

/* The magic is what says "ready": all that was written before it is seen by who sees it. */
void magic_set(uint32_t *magic, uint32_t value)
{
    __atomic_store_n(magic, value, __ATOMIC_RELEASE);
}

uint32_t magic_get(const uint32_t *magic)
{
    return __atomic_load_n(magic, __ATOMIC_ACQUIRE);
}
