/* SPDX-License-Identifier: MIT */
/* lab05, variant "many-files": addresses. See VARIANT.md. */
#include "parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int problem(const char *program, const char *what)
{
    int code = errno == EADDRINUSE ? EXIT_IN_USE : EXIT_FAILED;

    fprintf(stderr, "%s: %s: %s\n", program, what, strerror(errno));
    return code;
}

int own(int fd)
{
    if (fd >= 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

int close_fail(int fd)
{
    int before = errno;

    close(fd);
    errno = before;
    return -1;
}

int un_address(const char *name, struct sockaddr_un *sa, socklen_t *len)
{
    size_t i = 0;

    memset(sa, 0, sizeof(*sa));
    sa->sun_family = AF_UNIX;
    for (; name[i] != '\0'; i++) {
        if (i == sizeof(sa->sun_path)) {
            errno = ENAMETOOLONG;
            return -1;
        }
        sa->sun_path[i] = name[i];
    }
    if (i == 0 || (i == 1 && name[0] == '@')) {
        errno = EINVAL;
        return -1;
    }
    if (name[0] == '@') {
        sa->sun_path[0] = '\0';
    } else if (i++ == sizeof(sa->sun_path)) { /* no room for the NUL, which is counted here */
        errno = ENAMETOOLONG;
        return -1;
    }
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + i);
    return 0;
}

/* Is there a socket file at the path that only a crash can have left? */
static int left_behind(const char *path, int type)
{
    struct stat st;
    int fd, refused;

    if (lstat(path, &st) != 0 || (st.st_mode & S_IFMT) != S_IFSOCK)
        return 0;
    fd = socket(AF_UNIX, type, 0);
    if (fd < 0)
        return 0;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    {
        struct sockaddr_un sa;
        socklen_t len;

        refused = un_address(path, &sa, &len) == 0 &&
                  connect(fd, (struct sockaddr *)&sa, len) != 0 && errno == ECONNREFUSED;
    }
    close(fd);
    return refused;
}

static int un_bound(int type, const char *name)
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd;

    if (un_address(name, &sa, &len) != 0)
        return -1;
    fd = own(socket(AF_UNIX, type, 0));
    if (fd < 0 || bind(fd, (struct sockaddr *)&sa, len) == 0)
        return fd;
    if (errno == EADDRINUSE && name[0] != '@' && left_behind(name, type)) {
        unlink(name);
        if (bind(fd, (struct sockaddr *)&sa, len) == 0)
            return fd;
    } else if (errno == ECONNREFUSED || errno == EPROTOTYPE || errno == EAGAIN) {
        errno = EADDRINUSE; /* left_behind's own trouble is not the reason */
    }
    return close_fail(fd);
}

int un_listen(const char *name, int backlog)
{
    int fd = un_bound(SOCK_STREAM, name);

    if (fd >= 0 && listen(fd, backlog) != 0)
        fd = close_fail(fd);
    return fd;
}

int un_connect(const char *name)
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd;

    if (un_address(name, &sa, &len) != 0)
        return -1;
    fd = own(socket(AF_UNIX, SOCK_STREAM, 0));
    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, len) != 0)
        fd = close_fail(fd);
    return fd;
}

int un_dgram(const char *name)
{
    struct sockaddr_un sa;
    int fd;

    if (name)
        return un_bound(SOCK_DGRAM, name);
    memset(&sa, 0, sizeof(sa));
    sa.sun_family = AF_UNIX;
    fd = own(socket(AF_UNIX, SOCK_DGRAM, 0));
    if (fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa.sun_family)) != 0)
        fd = close_fail(fd);
    return fd;
}

static void localhost(struct sockaddr_in *sa, uint16_t port)
{
    memset(sa, 0, sizeof(*sa));
    sa->sin_family = AF_INET;
    sa->sin_port = htons(port);
    inet_aton("127.0.0.1", &sa->sin_addr);
}

int tcp_listen(uint16_t port, uint16_t *bound)
{
    struct sockaddr_in sa;
    socklen_t len = sizeof(sa);
    int on = 1, fd = own(socket(AF_INET, SOCK_STREAM, 0));

    if (fd < 0)
        return -1;
    localhost(&sa, port);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
        return close_fail(fd);
    if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
        return close_fail(fd);
    if (listen(fd, 64) != 0 || getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
        return close_fail(fd);
    *bound = ntohs(sa.sin_port);
    return fd;
}

int tcp_connect(uint16_t port)
{
    struct sockaddr_in sa;
    int fd = own(socket(AF_INET, SOCK_STREAM, 0));

    localhost(&sa, port);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
        fd = close_fail(fd);
    return fd;
}

int send_all(int fd, const void *buf, size_t n)
{
    const char *p = buf;

    while (n != 0) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

        if (k < 0 && errno != EINTR)
            return -1;
        if (k > 0) {
            p += k;
            n -= (size_t)k;
        }
    }
    return 0;
}
