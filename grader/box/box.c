/* SPDX-License-Identifier: MIT */
/* box: the grader's side of the control socket. One request is under way at a time; ends of
 * programs may arrive before its reply and are kept until they are fetched. As long as some are
 * kept, the eventfd 'kept_fd' is readable, and with it 'poll_fd', which is what the caller polls.
 */
#define _GNU_SOURCE 1
#include "box/box.h"

#include "box/cgroup.h"
#include "box/enter.h"
#include "box/filter.h"
#include "box/ids.h"
#include "box/users.h"
#include "box/wire.h"
#include "util/cleanup.h"
#include "util/err.h"
#include "util/i18n.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

enum {
    OPEN_TIMEOUT_MS = 30000,
    REPLY_TIMEOUT_MS = 60000, /* copying a file on a machine that swaps */
    END_GRACE_MS = 30000,     /* after the wall limit, for init to kill and reap */
    CLOSE_TIMEOUT_MS = 10000,
    KILL_TIMEOUT_MS = 30000
};

struct program {
    unsigned id;
    bool ended;
    int64_t give_up_ms;
    struct proc_result result;
};

struct box {
    enum box_mode mode;
    struct ids ids;
    struct entered entered;
    struct cgroup group;
    int init_pidfd; /* readable when process 1, and with it everything, has ended */
    int poll_fd, kept_fd;
    bool broken; /* init does not answer, or has gone */
    uint32_t serial;
    unsigned last_id;
    struct program *programs;
    size_t n_programs, n_kept;
    char description[96];
};

static const char *const mode_names[] = {[BOX_AUTO] = "auto", [BOX_FULL] = "full", [BOX_USERS] = "users",
                                         [BOX_SHARED] = "shared"};

const char *box_mode_name(enum box_mode mode)
{
    return mode_names[mode];
}

int box_mode_parse(const char *name, enum box_mode *mode)
{
    for (size_t i = 0; i < sizeof(mode_names) / sizeof(mode_names[0]); i++) {
        if (strcmp(mode_names[i], name) == 0) {
            *mode = (enum box_mode)i;
            return 0;
        }
    }
    return -1;
}

static int64_t now_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* True when fd is readable before the deadline. */
static bool wait_readable(int fd, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left = deadline_ms - now_ms();
        int ready = poll(&p, 1, left > 0 ? (int)left : 0);

        if (ready > 0)
            return true;
        if (ready == 0 || errno != EINTR)
            return false;
    }
}

/* Programs that are running or have ended ---------------------------------------- */

static struct program *find_program(const struct box *box, unsigned id)
{
    for (size_t i = 0; i < box->n_programs; i++)
        if (box->programs[i].id == id)
            return &box->programs[i];
    return NULL;
}

static int add_program(struct box *box, unsigned id, unsigned wall_ms, struct err *err)
{
    struct program *more = realloc(box->programs, (box->n_programs + 1) * sizeof(*more));

    if (!more)
        return err_errno(err, ENOMEM, "cannot keep a program of the box in mind");
    box->programs = more;
    more[box->n_programs++] =
        (struct program){.id = id, .give_up_ms = now_ms() + wall_ms + END_GRACE_MS};
    return 0;
}

static void forget_program(struct box *box, struct program *p)
{
    *p = box->programs[--box->n_programs];
}

static void keep_end(struct box *box, const struct wire_reply *r)
{
    struct program *p = find_program(box, r->id);

    if (!p || p->ended)
        return;
    p->ended = true;
    p->result = (struct proc_result){
        .end = (enum proc_end)r->end,
        .code = r->code,
        .wall_ms = r->wall_ms,
        .cpu_ms = r->cpu_ms,
        .maxrss_bytes = r->maxrss_bytes,
    };
    memcpy(p->result.step, r->step, sizeof(p->result.step));
    p->result.step[sizeof(p->result.step) - 1] = '\0';
    if (box->n_kept++ == 0)
        (void)eventfd_write(box->kept_fd, 1);
}

static bool fetch_end(struct box *box, struct program *p, struct proc_result *res)
{
    eventfd_t ignored;

    if (!p || !p->ended)
        return false;
    *res = p->result;
    forget_program(box, p);
    if (--box->n_kept == 0)
        (void)eventfd_read(box->kept_fd, &ignored);
    return true;
}

/* Packets ---------------------------------------- */

/* Any failure: box->broken, so that later calls do not wait again. */
static int broke(struct box *box, struct err *err)
{
    struct err why = {.plain = err && err->plain};

    box->broken = true;
    (void)enter_explain(box->entered.log_fd, &why);
    return err_set(err, N_("the box ended unexpectedly: %s"), why.msg);
}

/* Takes one packet that is there. Its descriptor, if any, into *fd (-1: none); the sender's pid
 * into *pid where the kernel tells it. 0 or -1. */
static int receive(struct box *box, struct wire_reply *reply, int *fd, pid_t *pid, struct err *err)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec iov = {reply, sizeof(*reply)};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof(control)};
    ssize_t n;

    *fd = -1;
    while ((n = recvmsg(box->entered.ctl_fd, &msg, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
        ;
    if (n != (ssize_t)sizeof(*reply))
        return broke(box, err);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
        if (c->cmsg_level != SOL_SOCKET)
            continue;
        if (c->cmsg_type == SCM_RIGHTS)
            memcpy(fd, CMSG_DATA(c), sizeof(*fd));
        if (c->cmsg_type == SCM_CREDENTIALS && pid) {
            struct ucred cred;

            memcpy(&cred, CMSG_DATA(c), sizeof(cred));
            *pid = cred.pid;
        }
    }
    return 0;
}

static int send_request(struct box *box, const struct wire_request *req, const char *text,
                        const int *fds, size_t nfds, struct err *err)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(PROC_FDS_MAX * sizeof(int))];
    } control = {0};
    struct iovec iov[] = {{(void *)req, sizeof(*req)}, {(void *)text, req->text_len}};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};

    if (nfds > 0) {
        msg.msg_control = &control;
        msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
        control.align = (struct cmsghdr){CMSG_LEN(nfds * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.align), fds, nfds * sizeof(int));
    }
    while (sendmsg(box->entered.ctl_fd, &msg, MSG_NOSIGNAL) < 0) {
        if (errno == EBADF || errno == ETOOMANYREFS)
            return err_errno(err, errno, "cannot hand descriptors to the box");
        if (errno != EINTR)
            return broke(box, err);
    }
    return 0;
}

/* Sends the request and waits for its reply; ends that come before are kept. 0: reply->errnum says
 * how it went; -1: the box is broken. fd may be NULL when no descriptor comes back. */
static int exchange(struct box *box, struct wire_request *req, const char *text, const int *fds,
                    size_t nfds, struct wire_reply *reply, int *fd, struct err *err)
{
    int64_t deadline = now_ms() + REPLY_TIMEOUT_MS;
    CLEANUP(close_fd) int got = -1;

    if (box->broken)
        return broke(box, err);
    req->serial = ++box->serial;
    if (send_request(box, req, text, fds, nfds, err) < 0)
        return -1;
    for (;;) {
        if (!wait_readable(box->entered.ctl_fd, deadline)) {
            box->broken = true;
            return err_set(err, N_("the box does not answer"));
        }
        if (receive(box, reply, &got, NULL, err) < 0)
            return -1;
        if (reply->kind == WIRE_ENDED)
            keep_end(box, reply);
        else if (reply->kind == WIRE_REPLY && reply->serial == req->serial)
            break;
        close_fd(&got);
    }
    if (fd)
        *fd = take_fd(&got);
    return 0;
}

/* Requests about one path: 0, or -1 with "WHAT 'PATH' in the box: why". */
static int ask_about(struct box *box, struct wire_request *req, const char *what, const char *path,
                     int pass_fd, struct wire_reply *reply, int *fd, struct err *err)
{
    req->text_len = (uint32_t)strlen(path) + 1;
    if (req->text_len > WIRE_TEXT_MAX)
        return err_set(err, "%s in the box: the path is too long", what);
    if (exchange(box, req, path, &pass_fd, pass_fd >= 0, reply, fd, err) < 0)
        return -1;
    if (reply->errnum)
        return err_errno(err, reply->errnum, "%s '%s' in the box", what, path);
    return 0;
}

/* Files ---------------------------------------- */

int box_mkdir(struct box *box, const char *path, mode_t mode, uid_t uid, struct err *err)
{
    struct wire_request req = {.op = WIRE_MKDIR, .mode = mode, .uid = uid};
    struct wire_reply reply;

    return ask_about(box, &req, "cannot create the folder", path, -1, &reply, NULL, err);
}

int box_put(struct box *box, const char *path, int fd, mode_t mode, uid_t uid, struct err *err)
{
    struct wire_request req = {.op = WIRE_PUT, .mode = mode, .uid = uid};
    struct wire_reply reply;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_errno(err, errno, "cannot put '%s' into the box", path);
    if (!S_ISREG(st.st_mode))
        return err_errno(err, EINVAL, "cannot put '%s' into the box (not a regular file)", path);
    return ask_about(box, &req, "cannot write", path, fd, &reply, NULL, err);
}

int box_put_mem(struct box *box, const char *path, const void *data, size_t n, mode_t mode,
                uid_t uid, struct err *err)
{
    CLEANUP(close_fd) int fd = memfd_create("put", MFD_CLOEXEC);
    size_t done = 0;

    while (fd >= 0 && done < n) {
        ssize_t k = write(fd, (const char *)data + done, n - done);

        if (k < 0 && errno != EINTR)
            break;
        if (k > 0)
            done += (size_t)k;
    }
    if (fd < 0 || done < n)
        return err_errno(err, errno, "cannot prepare '%s' for the box", path);
    return box_put(box, path, fd, mode, uid, err);
}

int box_symlink(struct box *box, const char *target, const char *path, struct err *err)
{
    struct wire_request req = {.op = WIRE_SYMLINK};
    struct wire_reply reply;
    char text[2 * 4096];
    int n = snprintf(text, sizeof(text), "%s%c%s", path, '\0', target);

    if (n < 0 || (size_t)n >= sizeof(text))
        return err_errno(err, ENAMETOOLONG, "cannot link '%s' in the box", path);
    req.text_len = (uint32_t)n + 1;
    if (exchange(box, &req, text, NULL, 0, &reply, NULL, err) < 0)
        return -1;
    if (reply.errnum)
        return err_errno(err, reply.errnum, "cannot link '%s' in the box", path);
    return 0;
}

int box_chown(struct box *box, const char *path, uid_t uid, struct err *err)
{
    struct wire_request req = {.op = WIRE_CHOWN, .uid = uid};
    struct wire_reply reply;

    return ask_about(box, &req, "cannot change the owner of", path, -1, &reply, NULL, err);
}

int box_unlink(struct box *box, const char *path, struct err *err)
{
    struct wire_request req = {.op = WIRE_UNLINK};
    struct wire_reply reply;

    return ask_about(box, &req, "cannot remove", path, -1, &reply, NULL, err);
}

int box_get(struct box *box, const char *path, size_t max_bytes, int *fd, struct err *err)
{
    struct wire_request req = {.op = WIRE_GET, .max = max_bytes};
    struct wire_reply reply;

    return ask_about(box, &req, "cannot fetch", path, -1, &reply, fd, err);
}

int box_listen(struct box *box, const char *path, int *fd, struct err *err)
{
    struct wire_request req = {.op = WIRE_LISTEN};
    struct wire_reply reply;

    return ask_about(box, &req, "cannot listen at", path, -1, &reply, fd, err);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* 'fd' holds count names, each with its NUL. */
static int read_names(int fd, size_t count, struct box_names *names, struct err *err)
{
    CLEANUP(free_ptr) char *text = NULL;
    struct box_names tmp = {0};
    struct stat st;
    const char *p, *end;

    if (fstat(fd, &st) < 0 || !(text = malloc((size_t)st.st_size + 1)) ||
        pread(fd, text, (size_t)st.st_size, 0) != st.st_size ||
        !(tmp.names = calloc(count + 1, sizeof(*tmp.names))))
        return err_errno(err, errno, "cannot read the names of a folder");
    end = text + st.st_size;
    for (p = text; p < end && tmp.count < count; p += strlen(p) + 1) {
        tmp.names[tmp.count] = strdup(p);
        if (!tmp.names[tmp.count++]) {
            box_names_release(&tmp);
            return err_errno(err, ENOMEM, "cannot read the names of a folder");
        }
    }
    qsort(tmp.names, tmp.count, sizeof(*tmp.names), compare_names);
    *names = tmp;
    return 0;
}

int box_list(struct box *box, const char *dir, size_t max, struct box_names *names, struct err *err)
{
    struct wire_request req = {.op = WIRE_LIST, .max = max};
    struct wire_reply reply;
    CLEANUP(close_fd) int fd = -1;

    if (ask_about(box, &req, "cannot list", dir, -1, &reply, &fd, err) < 0 ||
        read_names(fd, reply.value, names, err) < 0)
        return -1;
    names->truncated = reply.more;
    return 0;
}

void box_names_release(struct box_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free(names->names);
    *names = (struct box_names){0};
}

/* Programs ---------------------------------------- */

static struct wire_limits limits_of(const struct proc_spec *spec)
{
    const struct proc_limits *l = &spec->limits;
    const uint64_t mib = UINT64_C(1024) * 1024;
    bool judge = spec->uid == BOX_JUDGE;
    uint32_t wall_ms = l->wall_ms ? l->wall_ms : 10000;

    return (struct wire_limits){
        .wall_ms = wall_ms,
        .cpu_s = l->cpu_s ? l->cpu_s : (wall_ms + 999) / 1000 + 1,
        .nproc = l->nproc ? l->nproc
                 : judge  ? 1024
                          : 64,
        .nofile = l->nofile ? l->nofile
                  : judge   ? 1024
                            : 256,
        .fsize_bytes = l->fsize_bytes ? l->fsize_bytes : (judge ? 256 : 16) * mib,
        .stack_bytes = l->stack_bytes ? l->stack_bytes : 8 * mib,
        .as_bytes = l->as_bytes,
    };
}

struct text {
    char *bytes;
    size_t used;
    bool full;
};

static void append(struct text *t, const char *s)
{
    size_t n = strlen(s) + 1;

    if (t->full || n > WIRE_TEXT_MAX - t->used) {
        t->full = true;
        return;
    }
    memcpy(t->bytes + t->used, s, n);
    t->used += n;
}

static uint32_t append_all(struct text *t, const char *const *strings)
{
    uint32_t n = 0;

    for (; strings[n]; n++)
        append(t, strings[n]);
    return n;
}

/* The descriptors of the program: those to pass into fds, the others as bits of the request. */
static int choose_fds(const struct proc_spec *spec, struct wire_request *req, int *fds,
                      size_t *nfds, struct err *err)
{
    if (spec->nfds > PROC_FDS_MAX)
        return err_set(err, "a program of the box gets at most %d descriptors", PROC_FDS_MAX);
    req->nfds = spec->nfds < 3 ? 3 : (uint32_t)spec->nfds;
    for (uint32_t i = 0; i < req->nfds; i++) {
        if (i < spec->nfds && spec->fds[i] >= 0)
            fds[(*nfds)++] = spec->fds[i];
        else
            req->null_fds |= 1U << i;
    }
    return 0;
}

int box_start(struct box *box, const struct proc_spec *spec, unsigned *id, struct err *err)
{
    static const char *const default_env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/tmp",
                                              "LANG=C.UTF-8", NULL};
    struct wire_request req = {.op = WIRE_START, .uid = spec->uid, .limits = limits_of(spec)};
    CLEANUP(free_ptr) char *bytes = malloc(WIRE_TEXT_MAX);
    struct text text = {.bytes = bytes};
    struct wire_reply reply;
    int fds[PROC_FDS_MAX];
    size_t nfds = 0;

    if (!bytes)
        return err_errno(err, ENOMEM, "cannot start a program in the box");
    if (!spec->argv || !spec->argv[0])
        return err_set(err, "cannot start a program in the box: it has no name");
    if (spec->uid > BOX_UID_LAST)
        return err_set(err, "cannot run as user %u: the last of a box is %d", (unsigned)spec->uid,
                       BOX_UID_LAST);
    if (choose_fds(spec, &req, fds, &nfds, err) < 0)
        return -1;
    append(&text, spec->path ? spec->path : spec->argv[0]);
    append(&text, spec->cwd ? spec->cwd : "/");
    req.argc = append_all(&text, spec->argv);
    req.envc = append_all(&text, spec->env ? spec->env : default_env);
    if (text.full)
        return err_set(err, "cannot run '%s' in the box: its arguments are too long",
                       spec->argv[0]);
    req.text_len = (uint32_t)text.used;
    req.id = box->last_id + 1;
    /* In mode shared the judge gets it for those whom he starts. */
    req.filtered = (spec->uid != BOX_JUDGE || box->mode == BOX_SHARED) &&
                   !(spec->flags & PROC_NO_FILTER);
    if (add_program(box, req.id, req.limits.wall_ms, err) < 0)
        return -1;
    if (exchange(box, &req, bytes, fds, nfds, &reply, NULL, err) < 0) {
        forget_program(box, find_program(box, req.id));
        return -1;
    }
    if (reply.errnum) {
        forget_program(box, find_program(box, req.id));
        return err_errno(err, reply.errnum, "cannot start '%s' in the box", spec->argv[0]);
    }
    *id = box->last_id = req.id;
    return 0;
}

int box_fd(const struct box *box)
{
    return box->poll_fd;
}

int box_dispatch(struct box *box, struct err *err)
{
    struct wire_reply reply;
    int fd;

    if (box->broken)
        return broke(box, err);
    while (wait_readable(box->entered.ctl_fd, 0)) {
        if (receive(box, &reply, &fd, NULL, err) < 0)
            return -1;
        close_fd(&fd);
        if (reply.kind == WIRE_ENDED)
            keep_end(box, &reply);
    }
    return 0;
}

int box_poll(struct box *box, unsigned id, struct proc_result *res)
{
    return fetch_end(box, find_program(box, id), res);
}

int box_wait(struct box *box, unsigned id, struct proc_result *res, struct err *err)
{
    struct program *p = find_program(box, id);
    struct wire_reply reply;
    int fd;

    if (!p)
        return err_set(err, "no program %u runs in the box", id);
    while (!fetch_end(box, p, res)) {
        if (box->broken)
            return broke(box, err);
        if (!wait_readable(box->entered.ctl_fd, p->give_up_ms)) {
            box->broken = true;
            return err_set(err, "the box does not tell the end of a program");
        }
        if (receive(box, &reply, &fd, NULL, err) < 0)
            return -1;
        close_fd(&fd);
        if (reply.kind == WIRE_ENDED)
            keep_end(box, &reply);
    }
    return 0;
}

int box_run(struct box *box, const struct proc_spec *spec, struct proc_result *res, struct err *err)
{
    unsigned id;

    return box_start(box, spec, &id, err) < 0 ? -1 : box_wait(box, id, res, err);
}

int box_kill(struct box *box, unsigned id, struct err *err)
{
    struct wire_request req = {.op = WIRE_KILL, .id = id};
    struct wire_reply reply;

    return ask_about(box, &req, "cannot kill in", "/", -1, &reply, NULL, err);
}

int box_kill_uid(struct box *box, uid_t uid, unsigned *killed, struct err *err)
{
    struct wire_request req = {.op = WIRE_KILL_UID, .uid = uid};
    struct wire_reply reply;

    if (uid == BOX_JUDGE || uid > BOX_UID_LAST)
        return err_set(err, "cannot kill the processes of user %u", (unsigned)uid);
    req.text_len = 1;
    if (exchange(box, &req, "", NULL, 0, &reply, NULL, err) < 0)
        return -1;
    if (reply.errnum)
        return err_errno(err, reply.errnum, "cannot kill the processes of user %u", (unsigned)uid);
    if (killed)
        *killed = (unsigned)reply.value;
    return 0;
}

/* In English in every language: results quote it. */
void proc_describe(const struct proc_result *res, char *text, size_t size)
{
    const char *says;

    switch (res->end) {
    case PROC_EXITED: (void)snprintf(text, size, "exit %d", res->code); break;
    case PROC_SIGNALED:
        says = sigdescr_np(res->code);
        (void)snprintf(text, size, "signal %d (%s)", res->code, says ? says : "of real time");
        break;
    case PROC_WALL: (void)snprintf(text, size, "killed after %u ms", res->wall_ms); break;
    case PROC_EXEC_FAILED:
        says = strerrordesc_np(res->code);
        (void)snprintf(text, size, "not started: %s: %s", res->step, says ? says : "no reason is known");
        break;
    }
}

/* Opening and closing ---------------------------------------- */

/* Waits for init's first words. Its pid is taken while it certainly lives: it does not end as long
 * as the socket is open. */
static int greet(struct box *box, struct err *err)
{
    struct wire_reply hello;
    pid_t pid = -1;
    int fd, zero = 0;

    if (!wait_readable(box->entered.ctl_fd, now_ms() + OPEN_TIMEOUT_MS))
        return err_set(err, N_("a box did not start within %d s"), OPEN_TIMEOUT_MS / 1000);
    if (receive(box, &hello, &fd, &pid, err) < 0) {
        (void)enter_explain(box->entered.log_fd, err);
        return err_wrap(err, N_("the box did not start"));
    }
    close_fd(&fd);
    if (hello.kind != WIRE_HELLO || hello.value != sizeof(struct wire_request) || pid <= 0)
        return err_set(err, N_("the box speaks another language: build the grader anew (make clean)"));
    box->init_pidfd = (int)syscall(SYS_pidfd_open, pid, 0U);
    if (box->init_pidfd < 0)
        return err_errno(err, errno, N_("cannot watch the box"));
    (void)setsockopt(box->entered.ctl_fd, SOL_SOCKET, SO_PASSCRED, &zero, sizeof(zero));
    return 0;
}

static int load_filter(struct box *box, bool allow_memfd, struct err *err)
{
    CLEANUP(filter_release) struct filter filter = {0};
    struct wire_request req = {.op = WIRE_FILTER};
    struct wire_reply reply;

    if (filter_build(allow_memfd, &filter, err) < 0 ||
        box_put_mem(box, BOX_FILTER_PATH, filter.insns, filter.len * sizeof(*filter.insns), 0600,
                    BOX_JUDGE, err) < 0)
        return -1;
    return ask_about(box, &req, "cannot load", BOX_FILTER_PATH, -1, &reply, NULL, err);
}

static int make_poll_fd(struct box *box, struct err *err)
{
    struct epoll_event event = {.events = EPOLLIN};

    box->kept_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    box->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (box->kept_fd < 0 || box->poll_fd < 0 ||
        epoll_ctl(box->poll_fd, EPOLL_CTL_ADD, box->kept_fd, &event) < 0 ||
        epoll_ctl(box->poll_fd, EPOLL_CTL_ADD, box->entered.ctl_fd, &event) < 0)
        return err_errno(err, errno, "cannot make the descriptors of a box");
    return 0;
}

static void describe(struct box *box)
{
    const struct ids *ids = &box->ids;
    const unsigned last = (unsigned)ids->first_uid + IDS_PER_BOX - (ids->privileged ? 1 : 2);
    const char *how = box->mode == BOX_USERS ? (users_landlock() ? _("root, Landlock") : "root")
                      : ids->privileged      ? _("host root")
                                             : _("host user");

    if (ids->single)
        (void)snprintf(box->description, sizeof(box->description), _("%s (uid %u alone)"),
                       box_mode_name(box->mode), (unsigned)ids->own_uid);
    else
        (void)snprintf(box->description, sizeof(box->description), _("%s (%s, uids %u-%u)"),
                       box_mode_name(box->mode), how, (unsigned)ids->first_uid, last);
}

static void open_group(struct box *box, const struct box_spec *spec)
{
    const size_t gib = (size_t)1 << 30, programs = spec->memory_bytes ? spec->memory_bytes : gib;

    cgroup_open((unsigned)box->ids.first_uid,
                spec->group_bytes ? spec->group_bytes : programs + gib, &box->group);
}

/* Process 1 learns of what the kernel kills in the box's group. */
static int watch_group(struct box *box, struct err *err)
{
    struct wire_request req = {.op = WIRE_MEMORY};
    struct wire_reply reply;
    CLEANUP(close_fd) int fd = cgroup_events(&box->group);

    return fd < 0 ? 0
                  : ask_about(box, &req, "cannot watch the memory of", "/", fd, &reply, NULL, err);
}

static int start(struct box *box, const struct box_spec *spec, struct err *err)
{
    int (*const enter)(const struct box_spec *, const struct ids *, struct cgroup *,
                       struct entered *, struct err *) =
        box->mode == BOX_USERS ? users_start : enter_start;

    unsigned first[64];
    size_t n = 0;

    if (box->mode == BOX_USERS && geteuid() != 0)
        return err_set(err, N_("mode users needs root: it gives each test's programs a user of their own"));
    n = box->mode == BOX_USERS ? users_slots(first, sizeof(first) / sizeof(first[0])) : 0;
    if (ids_take(&box->ids, box->mode == BOX_SHARED, first, n, err) < 0)
        return -1;
    open_group(box, spec);
    if (enter(spec, &box->ids, &box->group, &box->entered, err) < 0 || greet(box, err) < 0 ||
        make_poll_fd(box, err) < 0 || watch_group(box, err) < 0)
        return -1;
    describe(box);
    return load_filter(box, spec->allow_memfd, err);
}

static int open_in(enum box_mode mode, const struct box_spec *spec, struct box **box,
                   struct err *err)
{
    struct box *made = malloc(sizeof(*made));

    if (!made)
        return err_errno(err, ENOMEM, N_("cannot open a box"));
    *made = (struct box){.mode = mode,
                         .ids.lock_fd = -1,
                         .entered = {-1, -1, -1},
                         .init_pidfd = -1,
                         .poll_fd = -1,
                         .kept_fd = -1};
    if (start(made, spec, err) < 0) {
        box_close(made);
        return -1;
    }
    *box = made;
    return 0;
}

int box_open(const struct box_spec *spec, struct box **box, struct err *err)
{
    static const enum box_mode best_first[] = {BOX_FULL, BOX_USERS};
    static const struct box_spec defaults;
    static enum box_mode found; /* does not change while the grader runs */
    struct err why = {0};

    if (!spec)
        spec = &defaults;
    if (spec->mode != BOX_AUTO)
        return open_in(spec->mode, spec, box, err);
    if (found != BOX_AUTO)
        return open_in(found, spec, box, err);
    for (size_t i = 0; i < sizeof(best_first) / sizeof(best_first[0]); i++)
        /* the reason that is told is that of the best */
        if (open_in(best_first[i], spec, box, i == 0 ? err : &why) == 0) {
            found = best_first[i];
            if (err)
                *err = (struct err){.plain = err->plain}; /* what was wrong with a better one is not worth a word */
            return 0;
        }
    return -1;
}

/* After this process 1, and so every process of the box, has ended. The monitor ends a moment
 * later: it is ours to reap, but nothing of the box. */
static void end_processes(struct box *box)
{
    pid_t monitor = box->entered.monitor;

    if (box->init_pidfd >= 0 && !wait_readable(box->init_pidfd, now_ms() + CLOSE_TIMEOUT_MS)) {
        (void)syscall(SYS_pidfd_send_signal, box->init_pidfd, SIGKILL, NULL, 0U);
        (void)wait_readable(box->init_pidfd, now_ms() + KILL_TIMEOUT_MS);
    }
    if (monitor <= 0)
        return;
    if (box->init_pidfd < 0) /* init never came up: bubblewrap takes what it made with it */
        (void)kill(monitor, SIGKILL);
    else {
        CLEANUP(close_fd) int fd = (int)syscall(SYS_pidfd_open, monitor, 0U);

        if (fd >= 0 && !wait_readable(fd, now_ms() + CLOSE_TIMEOUT_MS))
            (void)kill(monitor, SIGKILL);
    }
    while (waitpid(monitor, NULL, 0) < 0 && errno == EINTR)
        ;
}

void box_close(struct box *box)
{
    struct wire_request req = {.op = WIRE_CLOSE};
    struct wire_reply reply;

    if (!box)
        return;
    if (box->init_pidfd >= 0 && !box->broken)
        (void)ask_about(box, &req, "cannot close", "/", -1, &reply, NULL, NULL);
    close_fd(&box->entered.ctl_fd); /* init exits when it sees this */
    end_processes(box);
    close_fd(&box->init_pidfd);
    close_fd(&box->entered.log_fd);
    close_fd(&box->poll_fd);
    close_fd(&box->kept_fd);
    cgroup_close(&box->group);
    ids_release(&box->ids);
    free(box->programs);
    free(box);
}

enum box_mode box_mode(const struct box *box)
{
    return box->mode;
}

uid_t box_inner_uid(const struct box *box, uid_t uid)
{
    if (box->mode == BOX_SHARED)
        return 0;
    return uid && box->mode == BOX_USERS ? box->ids.first_uid + uid : uid;
}

bool box_has_memory_group(const struct box *box)
{
    return *box->group.dir != '\0';
}

const char *box_describe(const struct box *box)
{
    return box->description;
}
