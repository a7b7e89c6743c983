/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "b.h"
#include "lab05.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <unistd.h>

int un_address(const char *name, struct sockaddr_un *sa, socklen_t *len)
{
    struct sockaddr_un un;
    bool abstract;
    size_t i;

    if (name == NULL || *name == 0)
        return errno = EINVAL, -1;
    abstract = *name == '@';
    if (abstract && name[1] == 0)
        return errno = EINVAL, -1;
    memset(&un, 0, sizeof un);
    un.sun_family = AF_LOCAL;
    for (i = 0; name[i]; i++) {
        if (i == sizeof un.sun_path - (abstract ? 0 : 1))
            return errno = ENAMETOOLONG, -1;
        un.sun_path[i] = name[i];
    }
    if (abstract)
        un.sun_path[0] = 0;
    *sa = un;
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + i + !abstract);
    return 0;
}

/* Does a process hold the socket file? A datagram connect disturbs no stream server: it is refused
 * with EPROTOTYPE where a stream server lives, works with a datagram server, and is ECONNREFUSED
 * where there is nobody. */
static bool somebody_there(const struct sockaddr_un *sa, socklen_t len)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool there;

    if (fd < 0)
        return true;
    there = connect(fd, (const struct sockaddr *)sa, len) == 0 || errno != ECONNREFUSED;
    shut(&fd);
    return there;
}

static int bound(const char *name, int type)
{
    struct sockaddr_un sa;
    socklen_t len;
    struct stat st;
    int fd;

    if (un_address(name, &sa, &len))
        return -1;
    if (sa.sun_path[0] && lstat(sa.sun_path, &st) == 0) {
        if ((st.st_mode & S_IFMT) != S_IFSOCK || somebody_there(&sa, len))
            return errno = EADDRINUSE, -1;
        if (unlink(sa.sun_path) && errno != ENOENT)
            return -1;
    }
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (void *)&sa, len))
        shut(&fd);
    return fd;
}

int un_listen(const char *name, int backlog)
{
    int fd = bound(name, SOCK_STREAM);

    if (fd >= 0 && listen(fd, backlog)) {
        int e = errno;

        shut(&fd);
        if (*name != '@')
            unlink(name);
        errno = e;
    }
    return fd;
}

int un_connect(const char *name)
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd;

    if (un_address(name, &sa, &len))
        return -1;
    fd = socket(PF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (void *)&sa, len))
        shut(&fd);
    return fd;
}

int un_dgram(const char *name)
{
    sa_family_t autobind = AF_UNIX;
    int fd;

    if (name)
        return bound(name, SOCK_DGRAM);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (void *)&autobind, sizeof autobind))
        shut(&fd);
    return fd;
}

static struct sockaddr_in here(uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

    inet_pton(AF_INET, "127.0.0.1", &in.sin_addr);
    return in;
}

int tcp_listen(uint16_t port, uint16_t *got)
{
    struct sockaddr_in in = here(port);
    socklen_t n = sizeof in;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) ||
                    bind(fd, (void *)&in, n) || listen(fd, 512) || getsockname(fd, (void *)&in, &n)))
        shut(&fd);
    if (fd >= 0 && got)
        *got = ntohs(in.sin_port);
    return fd;
}

int tcp_connect(uint16_t port)
{
    struct sockaddr_in in = here(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

    if (fd >= 0 && connect(fd, (void *)&in, sizeof in))
        shut(&fd);
    return fd;
}

/* Recursive: what has not been sent is another, shorter job. Pieces of at most 1 MiB. */
int send_all(int fd, const void *buf, size_t n)
{
    struct iovec v = {(void *)buf, n < (1u << 20) ? n : 1u << 20};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    ssize_t w;

    if (n == 0)
        return 0;
    w = sendmsg(fd, &m, MSG_NOSIGNAL);
    if (w < 0) {
        if (errno == EAGAIN) {
            fd_set s;

            FD_ZERO(&s);
            FD_SET(fd, &s);
            (void)select(fd + 1, NULL, &s, NULL, NULL);
        } else if (errno != EINTR) {
            return -1;
        }
        w = 0;
    }
    return send_all(fd, (const char *)buf + w, n - (size_t)w);
}
