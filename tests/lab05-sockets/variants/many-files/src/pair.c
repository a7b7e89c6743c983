/* SPDX-License-Identifier: MIT */
/* Unnamed sockets. Descriptors are closed explicitly where they must not be inherited. */
#include "parts.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: its end becomes 0 and 1, and nothing else of ours is left. */
static _Noreturn void run_command(char *const argv[], int mine, int parents)
{
    int why;

    close(parents);
    if (mine != 0)
        dup2(mine, 0);
    dup2(0, 1);
    if (mine > 1)
        close(mine);
    fcntl(0, F_SETFD, 0);
    fcntl(1, F_SETFD, 0);
    execvp(argv[0], argv);
    why = errno;
    problem("coproc", argv[0]);
    _exit(why == ENOENT ? 127 : 126);
}

int pair_spawn(char *const argv[], pid_t *pid)
{
    int sv[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) != 0)
        return -1;
    own(sv[0]);
    *pid = fork();
    if (*pid == 0)
        run_command(argv, sv[1], sv[0]);
    close_fail(sv[1]);
    return *pid > 0 ? sv[0] : close_fail(sv[0]);
}

int copy_both(int in, int sock, int out)
{
    static char going[50000], coming[50000];
    size_t n = 0, at = 0;
    int ends = 0;

    while (1) {
        struct pollfd p[2] = {{.fd = sock, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
        ssize_t k;

        if (at < n)
            p[0].events |= POLLOUT;
        else if (!ends)
            p[1].fd = in;
        if (poll(p, 2, -1) < 0)
            continue;
        if (p[0].revents & (POLLIN | POLLHUP | POLLERR)) {
            k = recv(sock, coming, sizeof(coming), MSG_DONTWAIT);
            if (k > 0 && io_write_full(out, coming, (size_t)k) != 0)
                return -1;
            if (k == 0 || (k < 0 && errno != EAGAIN && errno != EINTR))
                return 0;
        }
        if (p[0].revents & POLLOUT) {
            k = send(sock, going + at, n - at, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (k >= 0) {
                at += (size_t)k;
            } else if (errno != EAGAIN && errno != EINTR) {
                ends = 1;
                at = n;
            }
        }
        if (p[1].revents) {
            k = read(in, going, sizeof(going));
            if (k < 0 && errno == EINTR)
                continue;
            at = 0;
            n = k > 0 ? (size_t)k : 0;
            if (k <= 0) {
                ends = 1;
                shutdown(sock, SHUT_WR);
            }
        }
    }
}

int coproc_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    int st, result, sock;
    pid_t pid;

    sock = pair_spawn(argv, &pid);
    if (sock < 0)
        return -1;
    result = copy_both(in_fd, sock, out_fd);
    close_fail(sock);
    if (waitpid(pid, &st, 0) != pid)
        return -1;
    *code = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
    return result;
}

/* pairtalk: a message has a fixed size, filled up with NULs. */
enum { MESSAGE = 32 };

static int put_message(int fd, const char *text)
{
    char block[MESSAGE] = {0};

    memcpy(block, text, strnlen(text, MESSAGE - 1));
    return send_all(fd, block, sizeof(block));
}

static int get_message(int fd, const char *who)
{
    char block[MESSAGE];

    if (io_read_full(fd, block, sizeof(block)) != MESSAGE || block[MESSAGE - 1] != '\0')
        return -1;
    printf("%s got: %s\n", who, block);
    return fflush(stdout);
}

int pairtalk_run(void)
{
    int sv[2], st = 0, ok;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) != 0)
        return problem("pairtalk", "socketpair");
    pid = fork();
    if (pid < 0) {
        ok = problem("pairtalk", "fork");
        close(sv[0]);
        close(sv[1]);
        return ok;
    }
    if (pid == 0) {
        close(sv[1]);
        ok = put_message(sv[0], "Hello, how are you?") == 0 && get_message(sv[0], "child") == 0;
        close(sv[0]);
        _exit(ok ? EXIT_OK : EXIT_FAILED);
    }
    close(sv[0]);
    ok = get_message(sv[1], "parent") == 0 && put_message(sv[1], "I am fine, thanks.") == 0;
    if (!ok)
        problem("pairtalk", "talk");
    close(sv[1]);
    if (waitpid(pid, &st, 0) != pid || st != 0)
        ok = 0;
    return ok ? EXIT_OK : EXIT_FAILED;
}
