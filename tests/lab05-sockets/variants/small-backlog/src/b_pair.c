/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "b.h"
#include "lab05.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int pair_spawn(char *const argv[], pid_t *pid)
{
    posix_spawn_file_actions_t fa;
    int sv[2], e;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
        return -1;
    sv[0] = lift(sv[0]);
    sv[1] = lift(sv[1]);
    if (sv[0] < 0 || sv[1] < 0) {
        shut(&sv[0]);
        shut(&sv[1]);
        return -1;
    }
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, sv[1], 0);
    posix_spawn_file_actions_adddup2(&fa, sv[1], 1);
    e = posix_spawnp(pid, argv[0], &fa, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&fa);
    shut(&sv[1]);
    if (e) {
        shut(&sv[0]);
        errno = e;
        return -1;
    }
    return sv[0];
}

struct flow {
    char *data;
    size_t at, n;
    bool over;   /* nothing more will be read into it */
    bool broken; /* nobody takes it any more */
};

enum { BLOCK = 1 << 20 };

static bool again(void)
{
    return errno == EINTR || errno == EAGAIN;
}

/* in -> sock -> out with select; ends with the sock's end of file. */
int b_relay(int in, int sock, int out)
{
    struct flow up = {.data = malloc(BLOCK)}, down = {.data = malloc(BLOCK)};
    struct sigaction ign = {.sa_handler = SIG_IGN}, old;
    int result = up.data && down.data ? 0 : -1;
    int top = in > sock ? in : sock;

    top = out > top ? out : top;
    sigaction(SIGPIPE, &ign, &old);
    while (!result && !(down.over && down.at == down.n)) {
        fd_set r, w;
        ssize_t k;

        FD_ZERO(&r);
        FD_ZERO(&w);
        if (!up.over && !up.broken && up.at == up.n)
            FD_SET(in, &r);
        if (!up.broken && up.at < up.n)
            FD_SET(sock, &w);
        if (down.at == down.n)
            FD_SET(sock, &r);
        else
            FD_SET(out, &w);
        if (select(top + 1, &r, &w, NULL, NULL) < 0) {
            if (errno == EINTR)
                continue;
            if (errno == EBADF && fcntl(in, F_GETFD) < 0 && !up.over) { /* no standard input at all */
                up.over = true;
                shutdown(sock, SHUT_WR);
                continue;
            }
            result = -1;
            break;
        }
        if (FD_ISSET(sock, &r)) {
            down.at = down.n = 0;
            k = read(sock, down.data, BLOCK);
            if (k > 0)
                down.n = (size_t)k;
            else if (k == 0 || !again())
                down.over = up.broken = true;
        } else if (FD_ISSET(out, &w)) {
            size_t piece = down.n - down.at;

            k = write(out, down.data + down.at, piece > 4096 ? 4096 : piece);
            if (k >= 0)
                down.at += (size_t)k;
            else if (!again())
                result = -1;
        }
        if (FD_ISSET(sock, &w)) {
            k = send(sock, up.data + up.at, up.n - up.at, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (k >= 0)
                up.at += (size_t)k;
            else if (!again())
                up.broken = true;
        }
        if (FD_ISSET(in, &r)) {
            k = read(in, up.data, BLOCK);
            up.at = 0;
            up.n = k > 0 ? (size_t)k : 0;
            if (k == 0 || (k < 0 && !again())) {
                up.over = true;
                shutdown(sock, SHUT_WR);
            }
        }
    }
    {
        int e = errno;

        free(up.data);
        free(down.data);
        sigaction(SIGPIPE, &old, NULL);
        errno = e;
    }
    return result;
}

int coproc_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    siginfo_t si;
    pid_t pid;
    int sock = pair_spawn(argv, &pid);

    if (sock < 0) {
        switch (errno) {
        case ENOENT:
        case ENOTDIR:
            *code = 127;
            break;
        case EACCES:
        case ENOEXEC:
        case EISDIR:
        case ELIBBAD:
        case ETXTBSY:
        case EPERM:
            *code = 126;
            break;
        default:
            return -1;
        }
        fail(0, strerror(errno), "coproc: %s", argv[0]);
        return 0;
    }
    /* A reader of ours that has gone is no affair of the command: its code counts. */
    (void)b_relay(in_fd, sock, out_fd);
    shut(&sock);
    memset(&si, 0, sizeof si);
    while (waitid(P_PID, (id_t)pid, &si, WEXITED))
        if (errno != EINTR)
            return -1;
    *code = si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
    return 0;
}

/* pairtalk: the length, 4 bytes in network order, and the text without any terminator. */
static int say(int fd, const char *text)
{
    uint32_t n = htonl((uint32_t)strlen(text));

    return send_all(fd, &n, sizeof n) || send_all(fd, text, strlen(text)) ? -1 : 0;
}

static int bytes(int fd, void *to, size_t n)
{
    char *p = to;

    while (n) {
        ssize_t r = recv(fd, p, 1, 0);

        if (r == 0)
            errno = ECONNRESET;
        if (r == 0 || (r < 0 && errno != EINTR))
            return -1;
        if (r > 0) {
            p++;
            n--;
        }
    }
    return 0;
}

static char *hear(int fd)
{
    uint32_t n;
    char *text;

    if (bytes(fd, &n, sizeof n))
        return NULL;
    n = ntohl(n);
    text = n < 10000 ? calloc(n + 1, 1) : NULL;
    if (text && bytes(fd, text, n)) {
        free(text);
        text = NULL;
    }
    return text;
}

static int tell(const char *who, const char *text)
{
    int n = dprintf(1, "%s got: %s\n", who, text);

    return n < 0 ? -1 : 0;
}

int pairtalk_run(void)
{
    int sv[2], code = 1, status;
    char *text;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
        return fail(1, strerror(errno), "pairtalk: socketpair");
    pid = fork();
    if (pid < 0) {
        shut(&sv[0]);
        shut(&sv[1]);
        return fail(1, strerror(errno), "pairtalk: fork");
    }
    if (pid == 0) {
        shut(&sv[1]);
        if (say(sv[0], "Hello, how are you?") == 0 && (text = hear(sv[0])) != NULL) {
            code = tell("child", text) ? 1 : 0;
            free(text);
        }
        shut(&sv[0]);
        if (code)
            fail(1, strerror(errno), "pairtalk: child");
        _exit(code);
    }
    shut(&sv[0]);
    text = hear(sv[1]);
    if (text && tell("parent", text) == 0 && say(sv[1], "I am fine, thanks.") == 0)
        code = 0;
    else
        fail(1, strerror(errno), "pairtalk: parent");
    free(text);
    shut(&sv[1]);
    while (wait4(pid, &status, 0, NULL) < 0)
        if (errno != EINTR)
            return 1;
    return status ? 1 : code;
}
