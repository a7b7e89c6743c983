/* SPDX-License-Identifier: MIT */
/* lab02 - FIFOs: your library. What each function must do is told in include/lab02.h and in the
 * handout. Replace the stubs one after the other: parts A, B, C, D.
 *
 * include/io.h has io_read_full and io_write_full, ready to be used. */
#include "lab02.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* What every stub returns. Remove it with the last of them. */
static int not_implemented(void)
{
    errno = ENOSYS;
    return -1;
}

/* A. FIFO basics ------------------------------------------------------------------------------- */

int fifo_ensure(const char *path, mode_t mode)
{
    (void)path;
    (void)mode;
    return not_implemented();
}

int fifo_open_server(const char *path, int *keep_fd)
{
    (void)path;
    (void)keep_fd;
    return not_implemented();
}

int fifo_open_client(const char *path, int wait)
{
    (void)path;
    (void)wait;
    return not_implemented();
}

int fifosend_run(const char *path, int wait, long count, const char *text)
{
    (void)path;
    (void)wait;
    (void)count;
    (void)text;
    return not_implemented();
}

/* Lines out of bytes --------------------------------------------------------------------------- */

struct lb {
    size_t maxline;
};

lb_t *lb_new(size_t maxline)
{
    (void)maxline;
    errno = ENOSYS;
    return NULL;
}

void lb_free(lb_t *lb)
{
    free(lb);
}

int lb_feed(lb_t *lb, const char *p, size_t n,
            void (*line)(const char *s, size_t len, int overlong, void *arg), void *arg)
{
    (void)lb;
    (void)p;
    (void)n;
    (void)line;
    (void)arg;
    return not_implemented();
}

int lb_finish(lb_t *lb, void (*line)(const char *s, size_t len, int overlong, void *arg), void *arg)
{
    (void)lb;
    (void)line;
    (void)arg;
    return not_implemented();
}

/* B. fifolog ----------------------------------------------------------------------------------- */

int fifolog_run(const char *path, long sessions)
{
    (void)path;
    (void)sessions;
    return not_implemented();
}

/* C. led --------------------------------------------------------------------------------------- */

int led_run(const char *path)
{
    (void)path;
    return not_implemented();
}

/* D. Requests and replies ---------------------------------------------------------------------- */

int req_format(const struct request *r, char *buf, size_t cap)
{
    (void)r;
    (void)buf;
    (void)cap;
    return not_implemented();
}

int req_parse(const char *line, size_t len, struct request *r)
{
    (void)line;
    (void)len;
    (void)r;
    return not_implemented();
}

int reply_path(const char *server, pid_t pid, char *buf, size_t cap)
{
    (void)server;
    (void)pid;
    (void)buf;
    (void)cap;
    return not_implemented();
}

int fifod_run(const char *path)
{
    (void)path;
    return not_implemented();
}

int fifoc_run(const char *path, int timeout_ms, const char *op, char *const args[])
{
    (void)path;
    (void)timeout_ms;
    (void)op;
    (void)args;
    return not_implemented();
}
