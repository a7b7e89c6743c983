/* SPDX-License-Identifier: MIT */
/* lab05 - sockets: your library. What each function must do is told in include/lab05.h and in the
 * handout. Replace the stubs one after the other: parts A, B, C, D.
 *
 * include/io.h has io_read_full and io_write_full, ready to be used. */
#include "lab05.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* What every stub returns. Remove it with the last of them. */
static int not_implemented(void)
{
    errno = ENOSYS;
    return -1;
}

/* A. Addresses --------------------------------------------------------------------------------- */

int un_address(const char *name, struct sockaddr_un *sa, socklen_t *len)
{
    (void)name;
    (void)sa;
    (void)len;
    return not_implemented();
}

int un_listen(const char *name, int backlog)
{
    (void)name;
    (void)backlog;
    return not_implemented();
}

int un_connect(const char *name)
{
    (void)name;
    return not_implemented();
}

int un_dgram(const char *name)
{
    (void)name;
    return not_implemented();
}

int tcp_listen(uint16_t port, uint16_t *bound)
{
    (void)port;
    (void)bound;
    return not_implemented();
}

int tcp_connect(uint16_t port)
{
    (void)port;
    return not_implemented();
}

int send_all(int fd, const void *buf, size_t n)
{
    (void)fd;
    (void)buf;
    (void)n;
    return not_implemented();
}

/* B. Unnamed sockets --------------------------------------------------------------------------- */

int pair_spawn(char *const argv[], pid_t *pid)
{
    (void)argv;
    (void)pid;
    return not_implemented();
}

int coproc_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    (void)argv;
    (void)in_fd;
    (void)out_fd;
    (void)code;
    return not_implemented();
}

int pairtalk_run(void)
{
    return not_implemented();
}

/* C. Datagrams --------------------------------------------------------------------------------- */

int dgramd_run(const char *name)
{
    (void)name;
    return not_implemented();
}

int dgramc_run(const char *name, int timeout_ms, char *const texts[])
{
    (void)name;
    (void)timeout_ms;
    (void)texts;
    return not_implemented();
}

/* D. Chat -------------------------------------------------------------------------------------- */

struct conn {
    int fd;
};

conn_t *conn_new(int fd)
{
    (void)fd;
    errno = ENOSYS;
    return NULL;
}

void conn_free(conn_t *c)
{
    if (c && c->fd >= 0)
        close(c->fd);
    free(c);
}

int chat_feed(conn_t *c, const char *p, size_t n,
              void (*line)(conn_t *c, const char *s, size_t len, int overlong))
{
    (void)c;
    (void)p;
    (void)n;
    (void)line;
    return not_implemented();
}

int chatd_run(char *const unix_names[], int tcp_port)
{
    (void)unix_names;
    (void)tcp_port;
    return not_implemented();
}

int chatc_run(int fd, const char *nick)
{
    (void)fd;
    (void)nick;
    return not_implemented();
}
