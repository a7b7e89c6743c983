/* SPDX-License-Identifier: MIT */
/* forkserver: valgrind starts once per submission, not once per program. The image itself serves
 * requests on a listening socket at descriptor 3: a request becomes a child that goes on as the
 * program asked for (image.h says how they talk).
 *
 * harness ── connect, request, 3 descriptors ──► server ── fork ──► child: streams, session, limits,
 *    ▲                                             │                  │      folder, environment
 *    ├──────────────── pid ─────────────────────────────────────────────┘      └─► main()
 *    └──────────────── wait status ────────────────┘
 *
 * This runs under memcheck and must not disturb it. Nothing comes from malloc, so the child's list
 * of blocks is empty; descriptors are closed one by one, because memcheck keeps its own list of them
 * (and closing ranges would hit valgrind's own); there is no pidfd under valgrind 3.19, so ends come
 * by SIGCHLD, which is blocked but in ppoll. The server adopts orphans, so that none stays. */
#include "image.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN_MAX = 512, STREAMS = 3 };

extern char **environ;

static struct {
    pid_t pid; /* 0: free */
    int fd;
} children[CHILDREN_MAX];

static union {
    struct lab_request head;
    char bytes[LAB_REQUEST_MAX];
} request;
static char *arguments[LAB_STRINGS_MAX + 1], *environment[LAB_STRINGS_MAX + 1];
static char *folder;

static void on_child(int sig)
{
    (void)sig; /* only to wake ppoll */
}

static int answer(int fd, int what, int value)
{
    const struct lab_answer a = {what, value};

    return send(fd, &a, sizeof(a), MSG_NOSIGNAL) == (ssize_t)sizeof(a) ? 0 : -1;
}

static void reap(void)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < CHILDREN_MAX; i++) {
            if (children[i].pid != pid)
                continue;
            (void)answer(children[i].fd, LAB_ENDED, status);
            (void)close(children[i].fd);
            children[i].pid = 0;
        }
    }
}

/* One request: its bytes in 'request', its streams in fds[]. */
static int receive(int connection, int fds[STREAMS])
{
    static union {
        struct cmsghdr align;
        char space[CMSG_SPACE(STREAMS * sizeof(int))];
    } control;
    struct iovec iov = {request.bytes, sizeof(request.bytes) - 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space,
                         .msg_controllen = sizeof(control.space)};
    struct cmsghdr *c;
    ssize_t n = recvmsg(connection, &msg, 0);
    char *at = request.bytes + sizeof(request.head), *end;

    if (n < (ssize_t)sizeof(request.head) || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
        return -1;
    c = CMSG_FIRSTHDR(&msg);
    if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(STREAMS * sizeof(int)))
        return -1;
    (void)memcpy(fds, CMSG_DATA(c), STREAMS * sizeof(int));
    end = request.bytes + n;
    *end = '\0';
    if (request.head.argc > LAB_STRINGS_MAX || request.head.envc > LAB_STRINGS_MAX)
        return -1;
    for (unsigned i = 0; i < request.head.argc + request.head.envc + 1; i++) {
        if (at >= end)
            return -1;
        if (i < request.head.argc)
            arguments[i] = at;
        else if (i < request.head.argc + request.head.envc)
            environment[i - request.head.argc] = at;
        else
            folder = at;
        at += strlen(at) + 1;
    }
    arguments[request.head.argc] = NULL;
    environment[request.head.envc] = NULL;
    return 0;
}

/* The child half: as the native harness starts it (proc.c). */
static int become(int connection, int fds[STREAMS])
{
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    struct rlimit files;
    sigset_t none;

    (void)prctl(PR_SET_DUMPABLE, 1UL, 0UL, 0UL, 0UL);
    (void)close(LAB_SERVER_FD);
    for (int i = 0; i < CHILDREN_MAX; i++)
        if (children[i].pid)
            (void)close(children[i].fd);
    if (setsid() < 0)
        return -1;
    for (int i = 0; i < STREAMS; i++) {
        if (dup2(fds[i], i) < 0)
            return -1;
        (void)close(fds[i]);
    }
    (void)sigaction(SIGCHLD, &dfl, NULL);
    (void)sigaction(SIGPIPE, &dfl, NULL);
    (void)umask(022);
    /* Only the soft limit: valgrind refuses another hard one, its own descriptors are up there. */
    if (chdir(folder) < 0 || getrlimit(RLIMIT_NOFILE, &files) < 0)
        return -1;
    files.rlim_cur = request.head.nofile < files.rlim_max ? request.head.nofile : files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        return -1;
    environ = environment;
    if (answer(connection, LAB_STARTED, (int)getpid()) < 0)
        return -1;
    (void)close(connection);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    return 0;
}

/* Whoever started this has something to do before the first program runs. */
static void await_leave(void)
{
    int connection = accept(LAB_SERVER_FD, NULL, NULL);
    char none;

    (void)answer(connection, LAB_READY, 0);
    (void)recv(connection, &none, 1, 0);
    (void)close(connection);
}

int lab_fork_serve(char ***argv)
{
    struct sigaction action = {.sa_handler = on_child};
    struct pollfd listener = {.fd = LAB_SERVER_FD, .events = POLLIN};
    sigset_t child, none;

    (void)sigemptyset(&none);
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child, NULL);
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGCHLD, &action, NULL);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
    /* The programs are of the same user: they shall neither trace the server nor write to it. */
    (void)prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
    await_leave();
    for (;;) {
        int fds[STREAMS] = {-1, -1, -1}, connection, slot = 0;
        pid_t pid;

        reap();
        if (ppoll(&listener, 1, NULL, &none) < 0)
            continue;
        connection = accept(LAB_SERVER_FD, NULL, NULL);
        if (connection < 0)
            continue;
        while (slot < CHILDREN_MAX && children[slot].pid)
            slot++;
        if (slot < CHILDREN_MAX && receive(connection, fds) == 0) {
            pid = fork();
            if (pid == 0) {
                if (become(connection, fds) < 0)
                    _exit(127);
                *argv = arguments;
                return (int)request.head.argc;
            }
            if (pid > 0) {
                children[slot].pid = pid;
                children[slot].fd = connection;
                connection = -1;
            }
        }
        for (int i = 0; i < STREAMS; i++)
            if (fds[i] >= 0)
                (void)close(fds[i]);
        if (connection >= 0)
            (void)close(connection);
    }
}
