/* SPDX-License-Identifier: MIT */
#include "mine.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

int stop_fd = -1;

int stop_open(int with_children)
{
    static const int list[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        sigaddset(&set, list[i]);
    if (with_children)
        sigaddset(&set, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
        return -1;
    stop_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (stop_fd == -1)
        return -1;
    struct sigaction ignore = {.sa_handler = SIG_IGN, .sa_flags = SA_RESTART};
    return sigaction(SIGPIPE, &ignore, NULL);
}

int stop_signal(void)
{
    struct signalfd_siginfo info;

    return stop_fd != -1 && read(stop_fd, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

void stop_close(void)
{
    if (stop_fd != -1)
        close(stop_fd);
    stop_fd = -1;
}

int put_all(int fd, const void *buf, size_t len)
{
    const char *p = buf;

    while (len) {
        ssize_t n = write(fd, p, len);

        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int say(const char *program, const char *what, int err, int code)
{
    dprintf(STDERR_FILENO, "%s: %s: %s\n", program, what, strerror(err));
    return code;
}

int code_of(int err)
{
    return err == ENOENT || err == EAGAIN    ? EXIT_NO_PEER
           : err == ETIMEDOUT                ? EXIT_TIMEOUT
           : err == EEXIST || err == EBUSY   ? EXIT_IN_USE
                                             : EXIT_FAILED;
}
