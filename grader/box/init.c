/* SPDX-License-Identifier: MIT */
/* init: the first process of the box.
 *
 *   grader ──socketpair── init ──fork── programs
 *
 * A static program, single-threaded: one loop over the grader's socket, SIGCHLD and the wall
 * limits. It does what the grader asks (wire.h), starts programs, reaps everything. It is not
 * dumpable, so students can neither trace it nor read its memory or environment; they have another
 * uid, so they cannot signal it. When the socket reaches its end, for whatever reason, init exits,
 * and the kernel kills and waits for everything else in the box: that is the whole of "nothing is
 * left behind". Without a PID namespace it is a subreaper, and does that itself (init_sweep.c). */
#define _GNU_SOURCE 1
#include "box/init.h"

#include "box/box.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct init_state init = {.events_fd = -1};

/* What a fault looks like from outside: the grader reads descriptor 2 when the box has gone. */
static _Noreturn void die(const char *what)
{
    (void)dprintf(STDERR_FILENO, "init: %s: %s\n", what, strerror(errno));
    _exit(1);
}

int64_t init_now_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The end: of a PID namespace, by the kernel. */
static _Noreturn void end_box(void)
{
    if (*init.root) {
        sweep_users();
        sweep_folders();
    }
    _exit(0);
}

uid_t init_inner_uid(uid_t uid)
{
    return uid && !init.single ? init.first_uid + uid : 0;
}

/* fd -1: none. False: the grader's buffer is full (only with MSG_DONTWAIT). */
static bool send_reply(const struct wire_reply *reply, int fd, int flags)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec iov = {(void *)reply, sizeof(*reply)};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    if (fd >= 0) {
        msg.msg_control = &control;
        msg.msg_controllen = sizeof(control);
        control.align = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
    }
    while (sendmsg(WIRE_CTL_FD, &msg, flags | MSG_NOSIGNAL) < 0) {
        if (errno == EAGAIN)
            return false;
        if (errno == EPIPE || errno == ECONNRESET) /* the grader has gone: so do we */
            end_box();
        if (errno != EINTR)
            die("cannot answer");
    }
    return true;
}

/* Ends that could not be sent yet are tried again when there is room. True: all are told. */
static bool tell_ends(void)
{
    for (size_t i = 0; i < WIRE_PROCS_MAX; i++) {
        struct init_proc *p = &init.procs[i];

        if (!p->used || !p->ended)
            continue;
        if (!send_reply(&p->result, -1, MSG_DONTWAIT))
            return false;
        p->used = false;
    }
    return true;
}

static void reap(void)
{
    struct rusage used;
    int status;
    pid_t pid;

    while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0)
        for (size_t i = 0; i < WIRE_PROCS_MAX; i++)
            if (init.procs[i].used && !init.procs[i].ended && init.procs[i].pid == pid)
                spawn_finish(&init.procs[i], status, &used);
}

/* Kills what is over its time; milliseconds to the next deadline, -1: none. */
static int enforce_deadlines(void)
{
    int64_t now = init_now_ms(), next = -1;

    for (size_t i = 0; i < WIRE_PROCS_MAX; i++) {
        struct init_proc *p = &init.procs[i];

        if (!p->used || p->ended || p->walled)
            continue;
        if (p->deadline_ms <= now) {
            p->walled = true;
            spawn_kill(p);
        } else if (next < 0 || p->deadline_ms - now < next) {
            next = p->deadline_ms - now;
        }
    }
    return next > 1000000 ? 1000000 : (int)next;
}

static int kill_program(uint32_t id)
{
    for (size_t i = 0; i < WIRE_PROCS_MAX; i++)
        if (init.procs[i].used && !init.procs[i].ended && init.procs[i].id == id)
            spawn_kill(&init.procs[i]);
    return 0;
}

/* Queues are given back to the host user's account when they are gone. Left to the end of the
 * namespace that would happen some time after the box is closed, and a next box of the same user
 * could find its account full. */
static void close_down(void)
{
    DIR *dir;
    const struct dirent *e;

    if (*init.root) {
        sweep_users();
        return;
    }
    (void)kill(-1, SIGKILL);
    dir = opendir("/dev/mqueue");
    while (dir && (e = readdir(dir)))
        (void)unlinkat(dirfd(dir), e->d_name, 0);
}

static int serve(const struct wire_request *req, const char *text, const int *fds, size_t nfds,
                 struct wire_reply *reply, int *out)
{
    const char *second = text + strlen(text) + 1; /* used only where there is one */
    int failed = 0;

    switch (req->op) {
    case WIRE_MKDIR: return files_mkdir(text, req->mode, req->uid);
    case WIRE_PUT: return nfds == 1 ? files_put(text, fds[0], req->mode, req->uid) : EBADF;
    case WIRE_SYMLINK: return second < text + req->text_len ? files_symlink(text, second) : EINVAL;
    case WIRE_CHOWN: return files_chown(text, req->uid);
    case WIRE_UNLINK: return files_unlink(text);
    case WIRE_GET: return files_get(text, req->max, out);
    case WIRE_LIST: return files_list(text, req->max, out, reply);
    case WIRE_LISTEN: return files_listen(text, out);
    case WIRE_MEMORY: return nfds == 1 ? watch_events(fds[0]) : EBADF;
    case WIRE_FILTER: return files_load_filter(text, &init.filter, &init.filter_len);
    case WIRE_START: watch_soon(); return spawn_start(req, text, fds, nfds);
    case WIRE_KILL: return kill_program(req->id);
    case WIRE_KILL_UID: reply->value = spawn_kill_uid(init_inner_uid(req->uid), &failed); return failed;
    case WIRE_CLOSE: close_down(); return 0;
    default: return ENOSYS;
    }
}

static size_t take_fds(struct msghdr *msg, int *fds)
{
    size_t n = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(c), n * sizeof(int));
    }
    return n;
}

static void serve_one(void)
{
    static union {
        struct wire_request req;
        char bytes[WIRE_MAX];
    } in;
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(PROC_FDS_MAX * sizeof(int))];
    } control;
    struct iovec iov = {&in, sizeof(in)};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(WIRE_CTL_FD, &msg, MSG_CMSG_CLOEXEC);
    struct wire_reply reply = {.kind = WIRE_REPLY};
    const char *text = in.bytes + sizeof(in.req);
    int fds[PROC_FDS_MAX], out = -1;
    size_t nfds;

    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0)
        end_box();
    nfds = take_fds(&msg, fds);
    reply.serial = in.req.serial;
    if ((size_t)n < sizeof(in.req) || (size_t)n != sizeof(in.req) + in.req.text_len ||
        in.req.text_len == 0 || text[in.req.text_len - 1] || msg.msg_flags & MSG_CTRUNC)
        reply.errnum = EPROTO;
    else
        reply.errnum = serve(&in.req, text, fds, nfds, &reply, &out);
    for (size_t i = 0; i < nfds; i++)
        (void)close(fds[i]);
    (void)send_reply(&reply, out, 0);
    if (out >= 0)
        (void)close(out);
}

/* bubblewrap leaves the bounding set as it was. What we have not got, nothing here shall get. */
static void shrink_bounding_set(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct have[_LINUX_CAPABILITY_U32S_3] = {{0}};
    const uint32_t enough = 1U << CAP_SETUID | 1U << CAP_SETGID | 1U << CAP_SETPCAP |
                            1U << CAP_KILL | 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE |
                            1U << CAP_DAC_READ_SEARCH | 1U << CAP_FOWNER | 1U << CAP_FSETID;

    if (syscall(SYS_capget, &header, have) < 0)
        die("cannot read capabilities");
    if (init.single) { /* what the judge may everybody may */
        have[0].permitted &= 1U << CAP_SETPCAP;
        have[1].permitted = 0;
    }
    if (*init.root) { /* root of the machine or of a container: the same, and little, everywhere */
        have[0].permitted &= enough;
        have[1].permitted = 0;
    }
    for (unsigned long cap = 0; cap < 64; cap++)
        if (!(have[cap / 32].permitted & 1U << cap % 32) &&
            prctl(PR_CAPBSET_DROP, cap, 0L, 0L, 0L) < 0) {
            if (errno == EINVAL) /* beyond the last one this kernel knows */
                break;
            die("cannot drop capabilities");
        }
    if (init.single) {
        (void)prctl(PR_CAPBSET_DROP, (unsigned long)CAP_SETPCAP, 0L, 0L, 0L);
        have[0].permitted = 0;
    }
    if (!init.single && !*init.root)
        return; /* bubblewrap has given what is meant, ambient for what the judge runs */
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        have[i].effective = have[i].permitted;
        have[i].inheritable = 0;
    }
    if (syscall(SYS_capset, &header, have) < 0)
        die("cannot drop capabilities");
}

static void set_up(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
    if (syscall(SYS_close_range, (*init.root ? WIRE_LOCK_FD : WIRE_CTL_FD) + 1U, ~0U, 0U) < 0)
        die("cannot close descriptors");
    if (fcntl(WIRE_CTL_FD, F_SETFD, FD_CLOEXEC) < 0)
        die("no control socket");
    shrink_bounding_set();
    if (*init.root) {
        if (fcntl(WIRE_LOCK_FD, F_SETFD, FD_CLOEXEC) < 0 ||
            prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L) < 0)
            die("cannot become the subreaper of the box");
        sweep_users(); /* of one before, that was killed */
    } else {
        (void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0L, 0L, 0L);
    }
    (void)umask(0);
    errno = files_chown("/vg", BOX_MEMCHECK);
    if (errno || chdir("/") < 0)
        die("cannot prepare the folders");
    init.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (init.null_fd < 0)
        die("cannot open /dev/null");
}

/* -1 is never. */
static int sooner(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

int main(int argc, char *argv[])
{
    sigset_t all;
    int children;

    if (argc != 5 || strcmp(argv[1], BOX_INIT_WORD) != 0)
        return probe_main(argc, argv);
    init.memory_max = strtoull(argv[2], NULL, 10);
    init.single = strcmp(argv[3], BOX_INIT_SINGLE) == 0;
    init.first_uid = (uid_t)strtoul(argv[3], NULL, 10);
    init.root = argv[4];
    if (!init.memory_max)
        die("no memory limit");
    set_up();
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    (void)sigemptyset(&all);
    (void)sigaddset(&all, SIGCHLD);
    children = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (children < 0)
        die("cannot wait for children");
    (void)send_reply(&(struct wire_reply){.kind = WIRE_HELLO, .value = sizeof(struct wire_request)},
                     -1, 0);
    for (;;) {
        struct pollfd fds[] = {{.fd = WIRE_CTL_FD, .events = POLLIN},
                               {.fd = children, .events = POLLIN}};
        int wait_ms = sooner(enforce_deadlines(), watch_memory());
        struct signalfd_siginfo info;

        reap();
        if (!tell_ends())
            fds[0].events |= POLLOUT;
        if (poll(fds, 2, wait_ms) < 0 && errno != EINTR)
            die("cannot wait");
        while (read(children, &info, sizeof(info)) > 0)
            ;
        if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
            serve_one();
    }
}
