/* SPDX-License-Identifier: MIT */
/* Signals, pipes, children: posix_spawnp, waitid, sigtimedwait, splice. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "own.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lab01.h"

extern char **environ;

void quiet_begin(struct quiet *q)
{
    sigset_t sigpipe, pending;

    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    sigpending(&pending);
    q->was_pending = sigismember(&pending, SIGPIPE);
    sigprocmask(SIG_BLOCK, &sigpipe, &q->mask);
    sigaction(SIGCHLD, NULL, &q->chld);
    if (q->chld.sa_handler == SIG_IGN || (q->chld.sa_flags & SA_NOCLDWAIT)) {
        struct sigaction normal = {.sa_handler = SIG_DFL};

        sigaction(SIGCHLD, &normal, NULL);
    }
}

void quiet_end(const struct quiet *q)
{
    const struct timespec now = {0, 0};
    sigset_t sigpipe;
    int e = errno;

    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    if (!q->was_pending)
        while (sigtimedwait(&sigpipe, NULL, &now) < 0 && errno == EINTR)
            ;
    sigaction(SIGCHLD, &q->chld, NULL);
    sigprocmask(SIG_SETMASK, &q->mask, NULL);
    errno = e;
}

void shut(int *fd)
{
    int e = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = e;
}

int high_pipe(int p[2])
{
    p[0] = p[1] = -1;
    if (pipe2(p, O_CLOEXEC) < 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        int low = p[i];

        if (low > 2)
            continue;
        p[i] = fcntl(low, F_DUPFD_CLOEXEC, 3);
        shut(&low);
        if (p[i] < 0) {
            shut(&p[0]);
            shut(&p[1]);
            return -1;
        }
    }
    return 0;
}

int reap(pid_t pid, int *code)
{
    siginfo_t si;

    memset(&si, 0, sizeof(si));
    while (waitid(P_PID, (id_t)pid, &si, WEXITED) < 0)
        if (errno != EINTR)
            return -1;
    *code = si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
    return 0;
}

/* Starts a command. Its pid; or 0 in *pid and in the result 126 or 127; or -1. */
int spawn(const char *program, pid_t *pid, char *const argv[], int in, int out, const int also_close[2])
{
    posix_spawn_file_actions_t acts;
    posix_spawnattr_t attr;
    sigset_t set;
    int err, spare = -1;

    *pid = 0;
    if (out == STDIN_FILENO && in != STDIN_FILENO) {
        out = spare = fcntl(out, F_DUPFD_CLOEXEC, 3);
        if (spare < 0 && errno != EBADF)
            return -1;
    }
    posix_spawn_file_actions_init(&acts);
    posix_spawnattr_init(&attr);
    if (fcntl(in, F_GETFD) < 0)
        posix_spawn_file_actions_addclose(&acts, STDIN_FILENO);
    else
        posix_spawn_file_actions_adddup2(&acts, in, STDIN_FILENO);
    if (fcntl(out, F_GETFD) < 0)
        posix_spawn_file_actions_addclose(&acts, STDOUT_FILENO);
    else
        posix_spawn_file_actions_adddup2(&acts, out, STDOUT_FILENO);
    for (int i = 0; i < 2; i++)
        if (also_close[i] > 2)
            posix_spawn_file_actions_addclose(&acts, also_close[i]);
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attr, &set);
    sigaddset(&set, SIGPIPE);
    posix_spawnattr_setsigdefault(&attr, &set);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    err = posix_spawnp(pid, argv[0], &acts, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&acts);
    shut(&spare);
    if (err == 0)
        return 0;
    *pid = 0;
    errno = err;
    if (err == EAGAIN || err == ENOMEM || err == EMFILE || err == ENFILE)
        return -1;
    fprintf(stderr, "%s: %s: %s\n", program, argv[0], strerror(err));
    return err == ENOENT ? 127 : 126;
}

/* Everything from one descriptor to the other: splice where it can, else vectors into a static buffer.
 * 0, or the errno; *read_error tells that it was the input. */
int pump(int from, int to, int *read_error)
{
    static char block[1 << 20];

    *read_error = 0;
    for (;;) {
        ssize_t n = splice(from, NULL, to, NULL, 1 << 20, SPLICE_F_MOVE);

        if (n == 0)
            return 0;
        if (n > 0 || errno == EINTR)
            continue;
        if (errno == EPIPE)
            return EPIPE;
        break; /* not spliceable, or an error that read or write will tell again */
    }
    for (;;) {
        struct iovec v = {block, sizeof(block)};
        ssize_t n = readv(from, &v, 1);

        if (n == 0)
            return 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            *read_error = 1;
            return errno;
        }
        if (io_write_full(to, block, (size_t)n) < 0)
            return errno;
    }
}
