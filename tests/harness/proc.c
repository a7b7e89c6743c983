/* SPDX-License-Identifier: MIT */
/* proc: programs: how they start, what they say, how they end, what they do meanwhile.
 *
 * Between fork and exec only async-signal-safe calls. A report pipe, close-on-exec, tells whether
 * exec worked: end of file means yes. */
#include "inside.h"

#include "box/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ARGS_MAX = 256,
    MIB = 1024 * 1024
};

/* Starting --------------------------------------------------------------------------------------- */

struct fault {
    int error;
    char step[60];
};

const struct sock_filter *lab_filter(unsigned short *len)
{
    static struct sock_filter *filter;
    static unsigned short filter_len;
    const char *path = getenv("LAB_FILTER");

    if (!filter && path && *path) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
            broken("cannot open %s: %s", path, strerror(errno));
        filter = grab((size_t)st.st_size);
        filter_len = (unsigned short)((size_t)st.st_size / sizeof(*filter));
        if (!filter_len || read(fd, filter, (size_t)st.st_size) != st.st_size)
            broken("cannot read %s", path);
        (void)close(fd);
    }
    *len = filter_len;
    return filter;
}

static _Noreturn void child(const struct launch *l, const struct confine *confine, pid_t parent,
                            int report)
{
    struct fault fault = {0};
    const char *step = "start a session";
    char gate;

    if (setsid() < 0)
        goto failed;
    step = "set up the streams";
    for (int i = 0; i < 3; i++) /* all three are above 2: see start_argv() */
        if (dup2(l->fd[i], i) < 0)
            goto failed;
    if (confine_self(confine, &step) < 0)
        goto failed;
    /* After the change of user, which clears it: a worker that dies takes its programs with it. */
    step = "set the parent-death signal";
    if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL) < 0)
        goto failed;
    step = "outlive the test";
    if (getppid() != parent)
        goto failed;
    step = "enter the folder";
    if (chdir(lab.folder) < 0)
        goto failed;
    step = "wait for the tool";
    if (l->gate >= 0 && read(l->gate, &gate, 1) != 1)
        goto failed;
    step = "close descriptors";
    if (dup2(report, 3) < 0 || fcntl(3, F_SETFD, FD_CLOEXEC) < 0
        || syscall(SYS_close_range, 4U, ~0U, 0U) < 0)
        goto failed;
    report = 3;
    step = "";
    (void)execve(l->path, (char *const *)l->argv, (char *const *)l->env);
failed:
    fault.error = errno;
    for (size_t i = 0; step[i] && i < sizeof(fault.step) - 1; i++)
        fault.step[i] = step[i];
    (void)!write(report, &fault, sizeof(fault));
    _exit(127);
}

static void native_start(struct launch *l, struct proc *p)
{
    struct confine confine = {.uid = lab.uid, .nofile = l->nofile};
    struct fault fault = {0};
    pid_t parent = getpid();
    int report[2], gate[2] = {-1, -1};
    ssize_t n;

    if (lab.uid) {
        confine.filter = lab_filter(&confine.filter_len);
        confine.nproc = l->limits.processes;
        confine.fsize_bytes = (unsigned long long)l->limits.file_mib * MIB;
        confine.cpu_s = (unsigned)(l->limits.cpu_s * lab.factor) + 1;
        confine.msgqueue_bytes = l->msgqueue;
    }
    if (pipe2(report, O_CLOEXEC) < 0 || (p->student && under_attaches() && pipe2(gate, O_CLOEXEC) < 0))
        broken("cannot make a pipe: %s", strerror(errno));
    l->gate = gate[0];
    p->pid = fork();
    if (p->pid < 0)
        broken("cannot fork: %s", strerror(errno));
    if (p->pid == 0)
        child(l, &confine, parent, report[1]);
    (void)close(report[1]);
    if (l->gate >= 0) {
        under_attach(p->pid, p->name);
        if (write(gate[1], "", 1) != 1)
            broken("cannot let %s go: %s", p->name, strerror(errno));
        (void)close(gate[0]);
        (void)close(gate[1]);
    }
    do
        n = read(report[0], &fault, sizeof(fault));
    while (n < 0 && errno == EINTR);
    (void)close(report[0]);
    p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
    if (n == (ssize_t)sizeof(fault)) {
        (void)waitpid(p->pid, NULL, 0);
        p->ended = p->awaited = true;
        p->student = false;
        if (fault.step[0])
            broken("cannot start %s: %s: %s", p->name, fault.step, strerror(fault.error));
        fail_signed(KIND_EXIT, text("%s: cannot be started", p->name), "cannot start %s: %s",
                    p->name, strerror(fault.error));
    }
    if (p->pidfd < 0)
        broken("pidfd_open: %s", strerror(errno));
}

static const char *find_in_path(const char *name)
{
    static const char *const folders[] = {"/usr/local/bin", "/usr/bin", "/bin"};

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        const char *path = text("%s/%s", folders[i], name);

        if (access(path, X_OK) == 0)
            return path;
    }
    broken("no command %s", name);
}

const char *helper(const char *name)
{
    return text("%s/%s", lab.helpers, name);
}

/* Descriptors that become 0-2 of a program must be above 2 themselves, or dup2 would overwrite
 * one before it is used. */
static int high(int fd)
{
    int up = fd;

    if (fd >= 0 && fd < 3) {
        up = fcntl(fd, F_DUPFD_CLOEXEC, 10);
        (void)close(fd);
    }
    if (up < 0)
        broken("cannot open a stream: %s", strerror(errno));
    return up;
}

static int make_pipe(int end[2], int ours)
{
    if (pipe2(end, O_CLOEXEC) < 0)
        broken("cannot make a pipe: %s", strerror(errno));
    end[0] = high(end[0]);
    end[1] = high(end[1]);
    /* Only our end may be non-blocking: pipe ends are separate open files, so the program's is not
     * touched. */
    if (fcntl(end[ours], F_SETFL, O_NONBLOCK) < 0)
        broken("cannot prepare a pipe: %s", strerror(errno));
    return end[ours];
}

static int open_input(const struct start *how, struct proc *p)
{
    int end[2];

    if (how->stdin_file)
        return high(open(how->stdin_file, O_RDONLY | O_CLOEXEC));
    p->in = make_pipe(end, 1);
    if (!how->stdin_pipe)
        p->in_close = true;
    if (how->stdin_text) {
        p->in_size = how->stdin_size ? how->stdin_size : strlen(how->stdin_text);
        p->input = memcpy(grab(p->in_size), how->stdin_text, p->in_size);
    } else if (!how->stdin_pipe) { /* end of file at once, before the program can look */
        (void)close(p->in);
        p->in = -1;
    }
    return end[0];
}

static int open_output(const char *file)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

    fd = high(fd);
    if (lab.uid && fchown(fd, lab.uid, lab.uid) < 0)
        broken("cannot give %s to the program: %s", file, strerror(errno));
    audit_note_ours(file);
    return fd;
}

static const char *const *environment(const struct start *how)
{
    size_t n = 0, k = 0;
    const char **env;

    for (const char *const *e = how->env; e && *e; e++)
        n++;
    env = grab((n + 8) * sizeof(*env));
    env[k++] = "PATH=/usr/local/bin:/usr/bin:/bin";
    env[k++] = text("HOME=%s", lab.folder);
    env[k++] = "LC_ALL=C";
    env[k++] = "TZ=UTC";
    for (const char *const *e = how->env; e && *e; e++)
        env[k++] = *e;
    return env;
}

/* What a person would type to start the same. */
static void send_command(const struct start *how, const struct proc *p, const char *const argv[])
{
    enum { STDIN_SHOWN = 2000 };
    const size_t folder = strlen(lab.folder);
    json_t *r, *args;

    if (!getenv("LAB_COMMANDS") || !record_wanted())
        return;
    args = json_array();
    for (size_t i = 0; argv[i]; i++) /* the test's folder is where it starts */
        (void)json_array_append_new(args, json_text(strncmp(argv[i], lab.folder, folder) == 0 && argv[i][folder] == '/'
                                                        ? argv[i] + folder + 1
                                                        : argv[i]));
    r = json_pack("{s:s, s:s, s:b, s:o}", "record", "command", "test", lab.name, "student", p->student, "argv", args);
    for (const char *const *e = how->env; e && *e; e++) {
        if (!json_object_get(r, "env"))
            (void)json_object_set_new(r, "env", json_array());
        (void)json_array_append_new(json_object_get(r, "env"), json_text(*e));
    }
    if (how->stdin_pipe)
        (void)json_object_set_new(r, "pipe", json_true());
    if (how->stdin_file)
        (void)json_object_set_new(r, "file", json_text(how->stdin_file));
    if (p->input)
        (void)json_object_set_new(r, "stdin", json_text(quoted(p->input, p->in_size, STDIN_SHOWN)));
    record_send(r);
}

struct proc *start_argv(const struct start *how, const char *const argv[])
{
    static const struct start plain;
    struct proc *p = grab(sizeof(*p));
    struct launch l = {.gate = -1};
    int end[2];

    if (!how)
        how = &plain;
    (void)snprintf(p->name, sizeof(p->name), "%s", argv[0]);
    p->student = how->from == FROM_LAB;
    p->out_held = how->stdout_held;
    p->pidfd = p->server = p->in = p->out.fd = p->err.fd = -1;
    l.path = how->from == FROM_LAB       ? text("%s/%s", lab.programs, argv[0])
             : how->from == FROM_HELPERS ? helper(argv[0])
                                         : find_in_path(argv[0]);
    l.argv = argv;
    l.env = environment(how);
    l.limits = limits_of(argv[0]);
    p->output_max = (size_t)l.limits.output_mib * MIB;
    l.nofile = how->nofile ? how->nofile : l.limits.descriptors;
    l.msgqueue = how->msgqueue ? how->msgqueue : l.limits.queue_kib ? l.limits.queue_kib * 1024UL : QUEUE_SHARE;
    l.fd[0] = open_input(how, p);
    if (how->stdout_file) {
        l.fd[1] = open_output(how->stdout_file);
    } else {
        p->out.fd = make_pipe(end, 0);
        l.fd[1] = end[1];
    }
    p->err.fd = make_pipe(end, 0);
    l.fd[2] = end[1];
    *lab.tail = p;
    lab.tail = &p->next;
    send_command(how, p, argv);
    if (p->student)
        under_prepare(&l, p->name);
    if (p->student && lab.memcheck)
        memcheck_start(&l, p);
    else
        native_start(&l, p);
    for (int i = 0; i < 3; i++)
        (void)close(l.fd[i]);
    return p;
}

static struct proc *start_list(const struct start *how, const char *program, va_list ap)
{
    const char **argv = grab((ARGS_MAX + 1) * sizeof(*argv));
    size_t n = 0;

    argv[n++] = program;
    while (n < ARGS_MAX && (argv[n] = va_arg(ap, const char *)))
        n++;
    return start_argv(how, argv);
}

struct proc *start(const char *program, ...)
{
    va_list ap;
    struct proc *p;

    va_start(ap, program);
    p = start_list(NULL, program, ap);
    va_end(ap);
    return p;
}

struct proc *start_with(const struct start *how, const char *program, ...)
{
    va_list ap;
    struct proc *p;

    va_start(ap, program);
    p = start_list(how, program, ap);
    va_end(ap);
    return p;
}

pid_t pid_of(const struct proc *p)
{
    return p->pid;
}

struct proc *proc_by_session(pid_t session)
{
    for (struct proc *p = lab.procs; p; p = p->next)
        if (p->pid == session)
            return p;
    return NULL;
}

/* Streams ---------------------------------------------------------------------------------------- */

static const char *rest(const struct proc *p, size_t *size)
{
    *size = p->out.size - p->taken;
    return p->out.data ? p->out.data + p->taken : "";
}

static bool take_line(struct proc *p, const char **line)
{
    size_t size, length;
    const char *begin = rest(p, &size), *lf = memchr(begin, '\n', size);
    char *copy;

    if (!lf)
        return false;
    length = (size_t)(lf - begin);
    copy = memcpy(grab(length + 1), begin, length);
    p->taken += length + 1;
    *line = copy;
    return true;
}

struct line_wait {
    struct proc *p;
    const char *want; /* NULL: any */
    bool whole;
    const char *got;
};

static bool line_ready(void *arg)
{
    struct line_wait *w = arg;
    const char *line;

    while (!w->got && take_line(w->p, &line))
        if (!w->want || (w->whole ? strcmp(line, w->want) == 0
                                  : strncmp(line, w->want, strlen(w->want)) == 0))
            w->got = line;
    return w->got;
}

static const char *line_wait(struct proc *p, const char *want, bool whole)
{
    struct line_wait w = {p, want, whole, NULL};

    wait_for(&(struct wait){
        .what = !want ? text("another line from %s", p->name)
                      : text("%s to print %s%s", p->name, quoted(want, strlen(want), 80),
                             whole ? "" : "..."),
        .ready = line_ready, .arg = &w, .fd = -1, .of = p});
    return w.got;
}

void await_line(struct proc *p, const char *line)
{
    (void)line_wait(p, line, true);
}

const char *await_line_from(struct proc *p, const char *beginning)
{
    return line_wait(p, beginning, false);
}

const char *next_line(struct proc *p)
{
    return line_wait(p, NULL, true);
}

void expect_next_line(struct proc *p, const char *line)
{
    const char *got = next_line(p);

    if (strcmp(got, line) != 0)
        fail_signed(KIND_BYTES, text("%s: wrong line", p->name), "%s printed %s", p->name,
                    difference(got, strlen(got), line, strlen(line)));
}

const char *stdout_of(struct proc *p)
{
    pump(-1, 0, 0);
    return p->out.data ? p->out.data : "";
}

size_t stdout_size(struct proc *p)
{
    return p->out.size;
}

const char *stderr_of(struct proc *p)
{
    pump(-1, 0, 0);
    return p->err.data ? p->err.data : "";
}

void write_stdin_bytes(struct proc *p, const void *bytes, size_t size)
{
    if (p->in < 0 || p->in_close)
        return; /* it has ended, or does not want more */
    if (p->in_done == p->in_size)
        p->in_done = p->in_size = 0;
    p->input = grow(p->input, p->in_size + size + 1);
    (void)memcpy(p->input + p->in_size, bytes, size);
    p->in_size += size;
    pump(-1, 0, 0);
}

void write_stdin(struct proc *p, const char *s)
{
    write_stdin_bytes(p, s, strlen(s));
}

void close_stdin(struct proc *p)
{
    p->in_close = true;
    pump(-1, 0, 0);
}

static bool stdin_read(void *arg)
{
    const struct proc *p = arg;
    int pending = 0;

    return p->in < 0
           || (p->in_done == p->in_size && ioctl(p->in, FIONREAD, &pending) == 0 && !pending);
}

void await_stdin_read(struct proc *p)
{
    wait_for(&(struct wait){.what = text("%s to read its standard input", p->name),
                            .ready = stdin_read, .arg = p, .fd = -1, .look = true, .of = p});
}

/* Ends ------------------------------------------------------------------------------------------- */

void proc_note_end(struct proc *p, int status)
{
    p->ended = true;
    p->status = status;
    if (p->in >= 0)
        (void)close(p->in);
    p->in = -1;
    p->in_close = true;
    if (p->pidfd >= 0)
        (void)close(p->pidfd);
    p->pidfd = -1;
}

static bool ended_ready(void *arg)
{
    const struct proc *p = arg;

    return p->ended;
}

bool has_ended(struct proc *p)
{
    pump(-1, 0, 0);
    return p->ended;
}

int await_exit(struct proc *p)
{
    wait_for(&(struct wait){.what = text("%s to end", p->name), .ready = ended_ready, .arg = p,
                            .fd = -1, .of = p});
    p->awaited = true;
    return WIFSIGNALED(p->status) ? 128 + WTERMSIG(p->status) : WEXITSTATUS(p->status);
}

static const char *said(const struct proc *p)
{
    return p->err.size ? text("; it said %s", quoted(p->err.data, p->err.size, 100)) : "";
}

void expect_exit(struct proc *p, int code)
{
    (void)await_exit(p);
    if (WIFSIGNALED(p->status))
        fail_signed(KIND_DIED, text("%s: %s", p->name, signal_name(WTERMSIG(p->status))),
                    "%s %s instead of ending with exit code %d%s", p->name,
                    ending_of(p->status), code, said(p));
    if (WEXITSTATUS(p->status) != code)
        fail_signed(KIND_EXIT,
                    text("%s: exit code %d instead of %d", p->name, WEXITSTATUS(p->status), code),
                    "%s %s instead of %d%s", p->name, ending_of(p->status), code, said(p));
}

void expect_killed_by(struct proc *p, int sig)
{
    (void)await_exit(p);
    if (!WIFSIGNALED(p->status))
        fail_signed(KIND_EXIT, text("%s: exit code %d instead of %s", p->name,
                                    WEXITSTATUS(p->status), signal_name(sig)),
                    "%s %s; it should have been ended by %s%s", p->name, ending_of(p->status),
                    signal_name(sig), said(p));
    if (WTERMSIG(p->status) != sig)
        fail_signed(KIND_DIED, text("%s: %s", p->name, signal_name(WTERMSIG(p->status))),
                    "%s %s instead of %s", p->name, ending_of(p->status), signal_name(sig));
}

void stop(struct proc *p)
{
    send_signal(p, SIGTERM);
    expect_exit(p, 0);
}

static bool stream_ended(void *arg)
{
    const struct stream *s = arg;

    return s->fd < 0;
}

static void await_end_of(struct proc *p, struct stream *s, const char *which)
{
    wait_for(&(struct wait){.what = text("%s to end", p->name), .ready = ended_ready, .arg = p,
                            .fd = -1, .of = p});
    if (!p->awaited && WIFSIGNALED(p->status)
        && (WTERMSIG(p->status) >= 64 || !(p->sent >> WTERMSIG(p->status) & 1)))
        fail_signed(KIND_DIED, text("%s: %s", p->name, signal_name(WTERMSIG(p->status))),
                    "%s %s%s", p->name, ending_of(p->status), said(p));
    wait_for(&(struct wait){.what = text("the end of %s's %s, which somebody still holds open",
                                         p->name, which),
                            .ready = stream_ended, .arg = s, .fd = -1});
}

static void expect_stream(struct proc *p, struct stream *s, const char *which, const void *want,
                          size_t size)
{
    await_end_of(p, s, which);
    if (s->size != size || memcmp(s->data ? s->data : "", want, size) != 0)
        fail_signed(KIND_BYTES, text("%s: wrong %s", p->name, which), "%s of %s: %s%s", which,
                    p->name, difference(s->data, s->size, want, size),
                    s == &p->out ? said(p) : "");
}

void expect_output_bytes(struct proc *p, const void *bytes, size_t size)
{
    expect_stream(p, &p->out, "standard output", bytes, size);
}

void expect_output(struct proc *p, const char *s)
{
    expect_output_bytes(p, s, strlen(s));
}

void expect_stderr(struct proc *p, const char *s)
{
    expect_stream(p, &p->err, "standard error", s, strlen(s));
}

void expect_stderr_prefix(struct proc *p, const char *prefix)
{
    size_t size = strlen(prefix);

    await_end_of(p, &p->err, "standard error");
    if (p->err.size < size || memcmp(p->err.data, prefix, size) != 0)
        fail_signed(KIND_BYTES, text("%s: standard error does not begin with %s", p->name, prefix),
                    "standard error of %s should begin with %s, but is %s", p->name,
                    quoted(prefix, size, 60),
                    p->err.size ? quoted(p->err.data, p->err.size, 100) : "empty");
}

void expect_usage(struct proc *p)
{
    expect_exit(p, 2);
    expect_stderr_prefix(p, "usage: ");
    expect_output(p, "");
}

void expect_complaint(struct proc *p, int code)
{
    expect_exit(p, code);
    expect_stderr_prefix(p, text("%s: ", p->name));
}

void proc_records(void)
{
    for (struct proc *p = lab.procs; p; p = p->next) {
        int code = WIFSIGNALED(p->status) ? WTERMSIG(p->status) : WEXITSTATUS(p->status);
        const char *ended = p->killed ? "killed" : WIFSIGNALED(p->status) ? "signal" : "exit";

        if (p->student && p->pid > 0 && p->ended)
            record_send(json_pack("{s:s, s:s, s:s, s:i, s:s, s:i}", "record", "program", "test",
                                  lab.name, "program", p->name, "pid", (int)p->pid, "ended",
                                  ended, "code", code));
    }
}

/* What it does ----------------------------------------------------------------------------------- */

struct state_wait {
    struct proc *p;
    int calls;
    char state;
    int count;
    struct pinfo seen[64];
    struct pinfo base[64];
    size_t seen_count, base_count;
};

static bool blocked_ready(void *arg)
{
    const struct state_wait *w = arg;

    return blocked_in(w->p, w->calls);
}

void await_blocked(struct proc *p, int calls)
{
    struct state_wait w = {.p = p, .calls = calls};

    wait_for(&(struct wait){.what = text("%s to block in a call that waits", p->name),
                            .ready = blocked_ready, .arg = &w, .fd = -1, .look = true, .of = p});
}

static uint64_t ticks_ns(unsigned long long ticks)
{
    return ticks * (1000000000U / (unsigned long long)sysconf(_SC_CLK_TCK));
}

/* The processes of one program: itself and what it forked. */
static size_t family_of(const struct proc *p, struct pinfo out[], size_t max)
{
    struct pinfo *list;
    size_t count = procfs_list(&list), n = 0;

    for (size_t i = 0; i < count && n < max; i++)
        if (list[i].state != 'Z' && (list[i].pid == p->pid || list[i].session == p->pid))
            out[n++] = list[i];
    free(list);
    return n;
}

static const struct pinfo *find_info(const struct pinfo list[], size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].pid == pid)
            return &list[i];
    return NULL;
}

/* Idle: all asleep in calls that only an event ends, and no context switch since the last look. A
 * process that burns processor time meanwhile is judged without waiting for the deadline; many that have
 * just been made may together need some to come to rest. */
static bool idle_ready(void *arg)
{
    struct state_wait *w = arg;
    struct pinfo now[64];
    size_t n = family_of(w->p, now, 64);
    uint64_t used = 0, most = 0;
    bool idle = n > 0;
    const char *restless = NULL;

    if (!w->base_count) { /* what it has used before is none of our business */
        (void)memcpy(w->base, now, sizeof(now));
        w->base_count = n;
    }
    for (size_t i = 0; i < n; i++) {
        const struct pinfo *last = find_info(w->seen, w->seen_count, now[i].pid);
        const struct pinfo *base = find_info(w->base, w->base_count, now[i].pid);
        struct psyscall call;

        const uint64_t one = ticks_ns(now[i].ticks - (base ? base->ticks : 0));

        used += one;
        most = one > most ? one : most;
        if (now[i].state != 'S' || !last || last->switches != now[i].switches)
            idle = false;
        if (now[i].state == 'S' && procfs_syscall(now[i].pid, &call)
            && (call.nr < 0 || !call_is_patient(now[i].pid, &call))) {
            idle = false;
            restless = call.nr < 0 ? NULL : call_name(call.nr);
        }
    }
    (void)memcpy(w->seen, now, sizeof(now));
    w->seen_count = n;
    /* Naps are no accident: seen often enough, they need no deadline either. */
    w->count = restless ? w->count + 1 : w->count;
    if (!idle && (most > deadline_ns() / 10 || used > deadline_ns() / 2 || w->count >= 50))
        fail_signed(KIND_AWAKE, text("%s: %s", w->p->name, restless ? restless : "running"),
                    restless ? "%s wakes up again and again in %s although nothing happens"
                             : "%s is running%s although nothing happens",
                    w->p->name, restless ? restless : " all the time");
    return idle;
}

void expect_idle(struct proc *p)
{
    struct state_wait w = {.p = p};

    wait_for(&(struct wait){.what = text("%s does not come to rest although nothing happens",
                                         p->name),
                            .ready = idle_ready, .arg = &w, .fd = -1, .look = true, .of = p,
                            .kind = KIND_AWAKE, .signature = text("%s: running", p->name)});
}

static bool state_ready(void *arg)
{
    const struct state_wait *w = arg;
    struct pinfo info;

    if (w->p->ended || !procfs_info(w->p->pid, &info))
        return w->state != 'T'; /* it went on, and to its end */
    return w->state == 'T' ? info.state == 'T' : info.state != 'T';
}

void send_signal(struct proc *p, int sig)
{
    if (p->ended)
        return;
    if (sig > 0 && sig < 64)
        p->sent |= 1ULL << sig;
    if (sig == SIGKILL)
        p->killed = true;
    if (kill(p->pid, sig) < 0 && errno != ESRCH)
        broken("cannot send %s to %s: %s", signal_name(sig), p->name, strerror(errno));
}

void freeze(struct proc *p)
{
    struct state_wait w = {.p = p, .state = 'T'};

    send_signal(p, SIGSTOP);
    p->frozen = true;
    wait_for(&(struct wait){.what = text("%s to be stopped", p->name), .ready = state_ready,
                            .arg = &w, .fd = -1, .look = true, .of = p});
}

void thaw(struct proc *p)
{
    struct state_wait w = {.p = p, .state = 'R'};

    send_signal(p, SIGCONT);
    p->frozen = false;
    wait_for(&(struct wait){.what = text("%s to go on", p->name), .ready = state_ready,
                            .arg = &w, .fd = -1, .look = true, .of = p});
}

long rss_kib(struct proc *p)
{
    char buf[128];
    long pages = 0;

    if (procfs_read(p->pid, "statm", buf, sizeof(buf)) > 0)
        (void)sscanf(buf, "%*d %ld", &pages);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int open_fds(struct proc *p)
{
    enum { VALGRIND_FROM = 1000 }; /* valgrind keeps its own descriptors above the program's */
    int fds[2048], n = procfs_fds(p->pid, fds, 2048), ours = 0;

    if (n < 0) {
        pump(-1, 0, 0);
        if (!p->ended)
            broken("cannot list the descriptors of %s: %s", p->name, strerror(errno));
        fail_signed(KIND_EXIT, text("%s: ended too early", p->name), "%s %s too early", p->name,
                    ending_of(p->status));
    }
    for (int i = 0; i < n && i < 2048; i++)
        ours += !lab.memcheck || fds[i] < VALGRIND_FROM;
    return ours;
}

int children_of(struct proc *p)
{
    struct pinfo *list;
    size_t count = procfs_list(&list);
    int n = 0;

    for (size_t i = 0; i < count; i++)
        n += list[i].ppid == p->pid;
    free(list);
    return n;
}

static bool children_ready(void *arg)
{
    const struct state_wait *w = arg;

    return children_of(w->p) == w->count;
}

void await_children(struct proc *p, int count)
{
    struct state_wait w = {.p = p, .count = count};

    wait_for(&(struct wait){.what = text("%s to have %d child processes", p->name, count),
                            .ready = children_ready, .arg = &w, .fd = -1, .look = true, .of = p});
}
