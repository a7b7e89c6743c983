/* SPDX-License-Identifier: MIT */
/* Programs of the box: how init starts and ends them.
 *
 * From the change of uid on, a hostile process of the same uid may stop or kill the child before
 * its exec. So init never waits for it: what fails goes into a pipe that is read when the child has
 * been reaped. And before that change the child closes everything that is init's. */
#define _GNU_SOURCE 1
#include "box/init.h"

#include "box/box.h"
#include "box/confine.h"
#include "util/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    HIGH_FD = 64,     /* descriptors are parked from here while 0 ... n-1 are filled */
    KILL_BATCH = 200, /* processes watched in one round of spawn_kill_uid */
    KILL_DEADLINE_MS = 5000
};

struct launch {
    const char *path, *cwd;
    char **argv, **envp;
    int fds[PROC_FDS_MAX]; /* all valid: gaps are /dev/null already */
    int nfds;
    int report_fd;
    struct confine confine;
};

struct fault {
    int errnum;
    char step[sizeof(((struct wire_reply *)0)->step)];
};

static int close_from(int first)
{
    return (int)syscall(SYS_close_range, (unsigned)first, ~0U, 0U);
}

/* 0 ... nfds-1 as told, the report pipe above them, nothing else. */
static int place_fds(struct launch *l)
{
    int high[PROC_FDS_MAX];

    for (int i = 0; i < l->nfds; i++)
        if ((high[i] = fcntl(l->fds[i], F_DUPFD, HIGH_FD)) < 0)
            return -1;
    l->report_fd = fcntl(l->report_fd, F_DUPFD, HIGH_FD);
    if (l->report_fd < 0)
        return -1;
    for (int i = 0; i < l->nfds; i++)
        if (dup2(high[i], i) < 0)
            return -1;
    if (dup3(l->report_fd, l->nfds, O_CLOEXEC) < 0)
        return -1;
    l->report_fd = l->nfds;
    return close_from(l->nfds + 1);
}

static void exec_search(const struct launch *l)
{
    static const char *const dirs[] = {"/usr/local/bin/", "/usr/bin/", "/bin/"};
    char path[256];

    if (strchr(l->path, '/')) {
        (void)execve(l->path, l->argv, l->envp);
        return;
    }
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        if (strlen(dirs[i]) + strlen(l->path) >= sizeof(path)) {
            errno = ENAMETOOLONG;
            return;
        }
        (void)stpcpy(stpcpy(path, dirs[i]), l->path);
        (void)execve(path, l->argv, l->envp);
        if (errno != ENOENT)
            return;
    }
}

/* The box's own folders are elsewhere without a mount namespace: "/sub/x" and "NAME=/sub/x". */
static const char *inner_word(const char *word)
{
    const char *value = word[0] == '/' ? word : strchr(word, '=');
    const char *inner;
    char *changed;

    if (!value)
        return word;
    if (value != word)
        value++;
    inner = files_inner(value);
    if (inner == value)
        return word;
    if (value == word)
        return inner;
    changed = malloc((size_t)(value - word) + strlen(inner) + 1);
    if (!changed)
        return word; /* and what it names is not found */
    memcpy(changed, word, (size_t)(value - word));
    strcpy(changed + (value - word), inner);
    return changed;
}

/* In the child, whose memory ends with exec. */
static void enter_names(struct launch *l)
{
    l->path = inner_word(l->path);
    l->cwd = inner_word(l->cwd);
    for (char **s = l->argv; *s; s++)
        *s = (char *)inner_word(*s);
    for (char **s = l->envp; *s; s++)
        *s = (char *)inner_word(*s);
}

/* Child half; never returns. */
static _Noreturn void child_run(struct launch *l)
{
    const char *step = "start a session";
    struct fault fault = {0};

    enter_names(l);
    if (setsid() < 0)
        goto fail;
    step = "place descriptors";
    if (place_fds(l) < 0)
        goto fail;
    /* Init is not dumpable, and its /proc files belong to nobody; ours must be ours for a moment
     * (oom_score_adj). The change of uid takes this away again, exec decides it anew. */
    (void)prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L);
    if (confine_self(&l->confine, &step) < 0)
        goto fail;
    step = "enter the working folder";
    if (chdir(l->cwd) < 0)
        goto fail;
    step = "exec";
    exec_search(l);
fail:
    fault.errnum = errno;
    (void)strncpy(fault.step, step, sizeof(fault.step) - 1);
    (void)!write(l->report_fd, &fault, sizeof(fault));
    _exit(127);
}

/* The next n strings of the text as a vector. NULL: there are not so many, or no memory. */
static char **take_vector(const char **text, const char *end, uint32_t n)
{
    char **v;

    if (n > WIRE_TEXT_MAX)
        return NULL;
    v = calloc(n + 1, sizeof(*v));
    for (uint32_t i = 0; v && i < n; i++) {
        if (*text >= end) {
            free(v);
            return NULL;
        }
        v[i] = (char *)*text;
        *text += strlen(*text) + 1;
    }
    return v;
}

static struct init_proc *free_slot(void)
{
    for (size_t i = 0; i < WIRE_PROCS_MAX; i++)
        if (!init.procs[i].used)
            return &init.procs[i];
    return NULL;
}

int spawn_start(const struct wire_request *req, const char *text, const int *fds, size_t nfds)
{
    const char *end = text + req->text_len;
    CLEANUP(free_ptr) char **head = take_vector(&text, end, 2); /* path, cwd */
    CLEANUP(free_ptr) char **argv = take_vector(&text, end, req->argc);
    CLEANUP(free_ptr) char **envp = take_vector(&text, end, req->envc);
    struct init_proc *p = free_slot();
    struct launch l = {.nfds = (int)req->nfds};
    size_t used = 0;
    int report[2];
    pid_t pid;

    if (!head || !argv || !envp || !req->argc || req->nfds > PROC_FDS_MAX)
        return EINVAL;
    if (!p)
        return EAGAIN;
    for (uint32_t i = 0; i < req->nfds; i++) {
        if (req->null_fds & 1U << i)
            l.fds[i] = init.null_fd;
        else if (used < nfds)
            l.fds[i] = fds[used++];
        else
            return EBADF;
    }
    l.path = head[0];
    l.cwd = head[1];
    l.argv = argv;
    l.envp = envp;
    l.confine = (struct confine){
        .uid = init_inner_uid(req->uid),
        .nproc = req->limits.nproc,
        .nofile = req->limits.nofile,
        .cpu_s = req->limits.cpu_s,
        .fsize_bytes = req->limits.fsize_bytes,
        .stack_bytes = req->limits.stack_bytes,
        .as_bytes = req->limits.as_bytes,
    };
    if (req->filtered) {
        if (!init.filter) /* fail closed: no filter was loaded */
            return EPERM;
        l.confine.filter = init.filter;
        l.confine.filter_len = init.filter_len;
    }
    if (pipe2(report, O_CLOEXEC | O_NONBLOCK) < 0)
        return errno;
    l.report_fd = report[1];

    *p = (struct init_proc){
        .id = req->id, .uid = init_inner_uid(req->uid), .report_fd = report[0]};
    p->started_ms = init_now_ms();
    p->deadline_ms = p->started_ms + req->limits.wall_ms;
    pid = fork();
    if (pid == 0)
        child_run(&l);
    (void)close(report[1]);
    if (pid < 0) {
        (void)close(report[0]);
        return errno;
    }
    p->pid = pid;
    p->used = true;
    return 0;
}

static uint32_t ms_of(struct timeval tv)
{
    return (uint32_t)(tv.tv_sec * 1000 + tv.tv_usec / 1000);
}

void spawn_finish(struct init_proc *p, int status, const struct rusage *used)
{
    struct fault fault;
    bool failed = read(p->report_fd, &fault, sizeof(fault)) == (ssize_t)sizeof(fault);

    (void)close(p->report_fd);
    p->ended = true;
    p->result = (struct wire_reply){
        .kind = WIRE_ENDED,
        .id = p->id,
        .wall_ms = (uint32_t)(init_now_ms() - p->started_ms),
        .cpu_ms = ms_of(used->ru_utime) + ms_of(used->ru_stime),
        .maxrss_bytes = (uint64_t)used->ru_maxrss * 1024,
    };
    if (failed) {
        p->result.end = PROC_EXEC_FAILED;
        p->result.code = fault.errnum;
        memcpy(p->result.step, fault.step, sizeof(p->result.step));
    } else if (p->walled) {
        p->result.end = PROC_WALL;
    } else if (WIFSIGNALED(status)) {
        p->result.end = PROC_SIGNALED;
        p->result.code = WTERMSIG(status);
    } else {
        p->result.end = PROC_EXITED;
        p->result.code = WEXITSTATUS(status);
    }
}

void spawn_kill(const struct init_proc *p)
{
    /* The group is the child's own after its setsid; the pid for the moment before. Not reaped yet,
     * so the number is still its own. */
    (void)kill(-p->pid, SIGKILL);
    (void)kill(p->pid, SIGKILL);
    if (p->uid) {
        int ignored;

        (void)spawn_kill_uid(p->uid, &ignored);
    }
}

/* kill(-1) as the uid hits all its processes at one moment, forking or not. The sender keeps a real
 * and saved uid that nothing else has: so it reaches this one uid, and this one cannot reach it. */
void spawn_kill_all_as(uid_t uid)
{
    const uid_t own = init_inner_uid(WIRE_UID_REAPER);
    pid_t pid = fork();

    if (pid == 0) {
        if (setresuid(own, uid, own) == 0)
            (void)kill(-1, SIGKILL);
        _exit(0);
    }
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

bool spawn_read_status(const char *pid, struct init_status *status)
{
    char path[300], text[1024];
    const char *state, *parent, *uids;
    CLEANUP(close_fd) int fd = -1;
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%s/status", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (n = read(fd, text, sizeof(text) - 1)) <= 0)
        return false;
    text[n] = '\0';
    /* The first line is the name, with its newlines escaped: nobody can forge the other lines. */
    state = strstr(text, "\nState:\t");
    parent = strstr(text, "\nPPid:\t");
    uids = strstr(text, "\nUid:\t");
    if (!state || !parent || !uids)
        return false;
    status->alive = state[8] != 'Z' && state[8] != 'X';
    status->parent = (pid_t)atoi(parent + 7);
    status->uid = (uid_t)strtoul(uids + 6, NULL, 10);
    return true;
}

/* Watches what is alive of this uid: at most KILL_BATCH pidfds. */
static nfds_t watch_alive(uid_t uid, struct pollfd *watched)
{
    CLEANUP(closedir_dir) DIR *proc = opendir("/proc");
    const struct dirent *e;
    nfds_t n = 0;

    while (proc && n < KILL_BATCH && (e = readdir(proc))) {
        struct init_status status;
        int fd;

        if (e->d_name[0] < '1' || e->d_name[0] > '9' || atoi(e->d_name) == (int)getpid() ||
            !spawn_read_status(e->d_name, &status) || !status.alive || status.uid != uid)
            continue;
        fd = (int)syscall(SYS_pidfd_open, (pid_t)atoi(e->d_name), 0U);
        if (fd >= 0)
            watched[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    return n;
}

unsigned spawn_kill_uid(uid_t uid, int *errnum)
{
    static struct pollfd watched[KILL_BATCH];
    int64_t deadline = init_now_ms() + KILL_DEADLINE_MS;
    unsigned killed = 0;
    nfds_t n;

    *errnum = 0;
    while ((n = watch_alive(uid, watched)) > 0) {
        spawn_kill_all_as(uid);
        for (nfds_t i = 0; i < n; i++) {
            int64_t left = deadline - init_now_ms();

            /* readable when it has ended, reaped or not */
            if (poll(&watched[i], 1, left > 0 ? (int)left : 0) == 1)
                killed++;
            (void)close(watched[i].fd);
        }
        if (init_now_ms() >= deadline) {
            *errnum = ETIMEDOUT;
            break;
        }
    }
    return killed;
}
