/* SPDX-License-Identifier: MIT */
/* lab01 - pipe: your library. What each function must do is told in include/lab01.h and in the
 * handout. Replace the stubs one after the other: parts A, B, C, D, E. */
#include "lab01.h"

#include <errno.h>

/* What every stub returns. Remove it with the last of them. */
static int not_implemented(void)
{
    errno = ENOSYS;
    return -1;
}

/* A. Robust input and output, messages --------------------------------------------------------- */

ssize_t io_read_full(int fd, void *buf, size_t n)
{
    (void)fd;
    (void)buf;
    (void)n;
    return not_implemented();
}

int io_write_full(int fd, const void *buf, size_t n)
{
    (void)fd;
    (void)buf;
    (void)n;
    return not_implemented();
}

int msg_send(int fd, const void *buf, size_t len)
{
    (void)fd;
    (void)buf;
    (void)len;
    return not_implemented();
}

ssize_t msg_recv(int fd, void *buf, size_t cap)
{
    (void)fd;
    (void)buf;
    (void)cap;
    return not_implemented();
}

/* B. hello ------------------------------------------------------------------------------------- */

int relay_to_child(const void *msg, size_t len, int out_fd)
{
    (void)msg;
    (void)len;
    (void)out_fd;
    return not_implemented();
}

int hello_run(void)
{
    return not_implemented();
}

/* C. filter ------------------------------------------------------------------------------------ */

int filter_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    (void)argv;
    (void)in_fd;
    (void)out_fd;
    (void)code;
    return not_implemented();
}

/* D. pipeline ---------------------------------------------------------------------------------- */

int pipeline_run(char **const stages[], size_t n, int in_fd, int out_fd, int codes[])
{
    (void)stages;
    (void)n;
    (void)in_fd;
    (void)out_fd;
    (void)codes;
    return not_implemented();
}

int status_to_code(int wstatus)
{
    (void)wstatus;
    return not_implemented();
}

/* E. fanin ------------------------------------------------------------------------------------- */

int rec_send(int fd, uint32_t worker, uint32_t seq, size_t size)
{
    (void)fd;
    (void)worker;
    (void)seq;
    (void)size;
    return not_implemented();
}

int rec_collect(int fd, size_t size, uint32_t counts[], size_t nworkers)
{
    (void)fd;
    (void)size;
    (void)counts;
    (void)nworkers;
    return not_implemented();
}

int fanin_run(size_t workers, uint32_t records, size_t size)
{
    (void)workers;
    (void)records;
    (void)size;
    return not_implemented();
}
