/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "b.h"
#include "lab05.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void stop(int s)
{
    stopped = s;
}

static void serve_one(int fd)
{
    static unsigned char in[DGRAM_MAX + 1], back[DGRAM_MAX];
    struct sockaddr_un who;
    char head[16];
    struct iovec v[2] = {{in, sizeof in}, {0}};
    struct msghdr m = {.msg_name = &who, .msg_namelen = sizeof who, .msg_iov = v, .msg_iovlen = 1};
    ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);

    if (n < 0 || m.msg_namelen <= sizeof(sa_family_t))
        return;
    v[0].iov_base = head;
    m.msg_flags = 0;
    if (n > DGRAM_MAX) {
        v[0].iov_len = (size_t)sprintf(head, "ERR toolong");
    } else {
        for (ssize_t i = 0; i < n; i++)
            back[i] = in[n - 1 - i];
        v[0].iov_len = (size_t)sprintf(head, "%d ", (int)n);
        v[1] = (struct iovec){back, (size_t)n};
        m.msg_iovlen = 2;
    }
    if (sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return;
}

int dgramd_run(const char *name)
{
    struct sigaction sa = {.sa_handler = stop}; /* no SA_RESTART */
    sigset_t block, was;
    struct pollfd p = {.events = POLLIN};
    int code = 0;

    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigaddset(&block, SIGINT);
    sigprocmask(SIG_BLOCK, &block, &was);
    sigdelset(&was, SIGTERM);
    sigdelset(&was, SIGINT);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    p.fd = un_dgram(name);
    if (p.fd < 0)
        return fail(errno == EADDRINUSE ? 5 : 1, strerror(errno), "dgramd: %s", name);
    if (printf("READY %s\n", name) < 0 || fflush(stdout))
        code = fail(1, strerror(errno), "dgramd: stdout");
    while (!stopped && !code) {
        int r = ppoll(&p, 1, NULL, &was);

        if (r > 0)
            serve_one(p.fd);
        else if (r < 0 && errno != EINTR)
            code = fail(1, strerror(errno), "dgramd: ppoll");
    }
    shut(&p.fd);
    if (*name != '@')
        unlink(name);
    return code;
}

/* sendto, recvfrom and the timeouts of the socket; what comes from somebody else is not the reply. */
int dgramc_run(const char *name, int timeout_ms, char *const texts[])
{
    static char reply[1 << 16];
    struct sockaddr_un sa, from;
    socklen_t len, from_len;
    struct timeval tv = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    int fd, code = 0;
    ssize_t n;

    if (un_address(name, &sa, &len))
        return fail(1, strerror(errno), "dgramc: %s", name);
    fd = un_dgram(NULL);
    if (fd < 0)
        return fail(1, strerror(errno), "dgramc: bind");
    if (!timeout_ms)
        tv.tv_usec = 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
    for (int i = 0; !code && texts[i]; i++) {
        do
            n = sendto(fd, texts[i], strlen(texts[i]), MSG_NOSIGNAL, (void *)&sa, len);
        while (n < 0 && errno == EINTR);
        if (n < 0) {
            code = errno == EAGAIN ? 4 : errno == ENOENT || errno == ECONNREFUSED ? 3 : 1;
            fail(0, strerror(errno), "dgramc: %s", name);
            break;
        }
        do {
            from_len = sizeof from;
            n = recvfrom(fd, reply, sizeof reply, 0, (void *)&from, &from_len);
        } while ((n < 0 && errno == EINTR) || (n >= 0 && (from_len != len || memcmp(&from, &sa, len))));
        if (n < 0) {
            code = errno == EAGAIN ? 4 : 1;
            fail(0, strerror(errno == EAGAIN ? ETIMEDOUT : errno), "dgramc: %s", name);
        } else {
            reply[n == sizeof reply ? n - 1 : n] = '\n';
            if (fwrite(reply, 1, (size_t)n + 1, stdout) != (size_t)n + 1 || fflush(stdout))
                code = fail(1, strerror(errno), "dgramc: stdout");
        }
    }
    shut(&fd);
    return code;
}
