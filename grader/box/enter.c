/* SPDX-License-Identifier: MIT */
/* enter: a user namespace of ours around bubblewrap.
 *
 *   grader ── child: becomes the host user of the box, makes a user namespace, waits
 *      └──── writes the child's map of 256 ids, says go
 *             child ── exec bwrap as uid 0 of that namespace: the other namespaces, the folders
 *                      └─ exec /.init as process 1
 *
 * bubblewrap alone can map a single id; a judge and students who cannot touch each other need two.
 * The child is created by fork and does only async-signal-safe calls. It owns no descriptor but the
 * ones of struct passed, because bubblewrap hands on whatever it inherits. */
#define _GNU_SOURCE 1
#include "box/enter.h"

#include "box/box.h"
#include "box/confine.h"
#include "box/wire.h"
#include "util/cleanup.h"
#include "util/err.h"
#include "util/i18n.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
    MIB = 1024 * 1024,
    ARGS_MAX = 256,
    CONTENT_FIRST_FD = WIRE_CTL_FD + 1,
    CONTENTS_MAX = 8,
    HIGH_FD = 64,
    MAP_TIMEOUT_MS = 30000
};

/* init's program (init_image.S): it enters the box as content, because its path may be in a folder
 * that the users of the box cannot enter. */
extern const char box_init_image[], box_init_image_end[];

/* Arguments of bubblewrap, and files whose content it reads from descriptors ------------------- */

struct args {
    const char *v[ARGS_MAX];
    size_t n;
    char text[16384];
    size_t used;
    bool full; /* something did not fit: checked once, at the end */
    int contents[CONTENTS_MAX];
    size_t n_contents;
};

__attribute__((format(printf, 2, 3))) static void add(struct args *a, const char *fmt, ...)
{
    size_t room = sizeof(a->text) - a->used;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(a->text + a->used, room, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= room || a->n + 1 >= ARGS_MAX) {
        a->full = true;
        return;
    }
    a->v[a->n++] = a->text + a->used;
    a->used += (size_t)n + 1;
}

static void add_words(struct args *a, const char *const *words)
{
    for (; *words; words++)
        add(a, "%s", *words);
}

#define ADD(a, ...) add_words((a), (const char *const[]){__VA_ARGS__, NULL})

static void add_tmpfs(struct args *a, const char *path, unsigned mode, size_t bytes)
{
    ADD(a, "--perms");
    add(a, "%04o", mode);
    ADD(a, "--size");
    add(a, "%zu", bytes);
    ADD(a, "--tmpfs", path);
}

static bool is_dir(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Covers a folder of the host with an empty one, where it exists. */
static void add_cover(struct args *a, const char *path)
{
    if (!is_dir(path))
        return;
    add_tmpfs(a, path, 0755, 4096);
    ADD(a, "--remount-ro", path);
}

/* /bin and the like: links into /usr today, folders on older systems. */
static void add_root_link(struct args *a, const char *path)
{
    char target[256];
    ssize_t n = readlink(path, target, sizeof(target) - 1);

    if (n > 0) {
        target[n] = '\0';
        ADD(a, "--symlink", target, path);
    } else if (is_dir(path)) {
        ADD(a, "--ro-bind", path, path);
    }
}

static int add_content(struct args *a, const char *path, unsigned mode, const void *data, size_t n,
                       struct err *err)
{
    CLEANUP(close_fd) int fd = memfd_create("content", MFD_CLOEXEC);
    size_t done = 0;

    if (a->n_contents == CONTENTS_MAX)
        return err_set(err, "too many files for a box");
    while (fd >= 0 && done < n) {
        ssize_t k = write(fd, (const char *)data + done, n - done);

        if (k < 0)
            break;
        done += (size_t)k;
    }
    if (fd < 0 || done < n || lseek(fd, 0, SEEK_SET) < 0)
        return err_errno(err, errno, N_("cannot prepare '%s' for a box"), path);
    ADD(a, "--perms");
    add(a, "%04o", mode);
    ADD(a, "--file");
    add(a, "%d", CONTENT_FIRST_FD + (int)a->n_contents);
    ADD(a, path);
    a->contents[a->n_contents++] = take_fd(&fd);
    return 0;
}

static void args_release(struct args *a)
{
    while (a->n_contents > 0)
        close_fd(&a->contents[--a->n_contents]);
}

/* The few files of /etc without which libraries and tools behave strangely. */
static int add_etc(struct args *a, struct err *err)
{
    static const char hosts[] = "127.0.0.1 localhost\n::1 localhost\n";
    static const char nsswitch[] = "passwd: files\ngroup: files\nhosts: files\nprotocols: files\n";
    static const char protocols[] = "ip 0 IP\nicmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\n";
    char passwd[16384], group[8192];
    size_t p = 0, g = 0;

    for (unsigned uid = 0; uid <= BOX_UID_LAST; uid++) {
        const char *name = uid == BOX_JUDGE      ? "judge"
                           : uid == BOX_BUILDER  ? "builder"
                           : uid == BOX_MEMCHECK ? "memcheck"
                                                 : "student";
        char number[8] = "";

        if (uid > BOX_MEMCHECK && uid < BOX_STUDENT_FIRST)
            continue;
        if (uid >= BOX_STUDENT_FIRST)
            (void)snprintf(number, sizeof(number), "%u", uid);
        p += (size_t)snprintf(passwd + p, sizeof(passwd) - p, "%s%s:x:%u:%u::/tmp:/bin/sh\n", name,
                              number, uid, uid);
        g += (size_t)snprintf(group + g, sizeof(group) - g, "%s%s:x:%u:\n", name, number, uid);
    }
    if (add_content(a, "/etc/passwd", 0644, passwd, p, err) < 0 ||
        add_content(a, "/etc/group", 0644, group, g, err) < 0 ||
        add_content(a, "/etc/hosts", 0644, hosts, sizeof(hosts) - 1, err) < 0 ||
        add_content(a, "/etc/nsswitch.conf", 0644, nsswitch, sizeof(nsswitch) - 1, err) < 0 ||
        add_content(a, "/etc/protocols", 0644, protocols, sizeof(protocols) - 1, err) < 0)
        return -1;
    ADD(a, "--ro-bind-try", "/etc/alternatives", "/etc/alternatives"); /* else there is no "cc" */
    ADD(a, "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache");
    return 0;
}

static size_t or_default(size_t bytes, size_t mib)
{
    return bytes ? bytes : mib * MIB;
}

/* The order matters: what comes later covers what came before, and read-only comes last. */
static int fill_args(struct args *a, const char *bwrap, const struct box_spec *spec, bool single,
                     struct err *err)
{
    /* What the judge needs to be a judge: take the students' uids, end them, own and see what is
     * theirs. Nothing that reaches beyond the box. */
    static const char *const caps[] = {
        "CAP_SETUID", "CAP_SETGID",       "CAP_SETPCAP",         "CAP_KILL",
        "CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER",
        "CAP_FSETID", "CAP_IPC_OWNER",    "CAP_SYS_PTRACE"};
    static const char *const root_links[] = {"/bin",   "/sbin",  "/lib",
                                             "/lib32", "/lib64", "/libx32"};

    ADD(a, bwrap, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
        "--unshare-cgroup-try", "--hostname", "box", "--as-pid-1", "--die-with-parent",
        "--new-session", "--cap-drop", "ALL");
    for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
        ADD(a, "--cap-add", caps[i]);
    ADD(a, "--ro-bind", "/usr", "/usr");
    for (size_t i = 0; i < sizeof(root_links) / sizeof(root_links[0]); i++)
        add_root_link(a, root_links[i]);
    if (!spec->show_usr_local)
        add_cover(a, "/usr/local");
    add_cover(a, "/usr/src");
    for (const char *const *hide = spec->hide; hide && *hide; hide++)
        add_cover(a, *hide);
    if (!spec->show_debug && is_dir("/usr/lib/debug"))
        add_tmpfs(a, "/usr/lib/debug", 0755, or_default(spec->debug_bytes, 64));
    if (add_etc(a, err) < 0)
        return -1;
    ADD(a, "--proc", "/proc", "--dev", "/dev");
    add_tmpfs(a, "/dev/shm", 01777, or_default(spec->shm_bytes, 64));
    ADD(a, "--mqueue", "/dev/mqueue", "--remount-ro", "/dev");
    add_tmpfs(a, "/tmp", 01777, or_default(spec->tmp_bytes, 64));
    add_tmpfs(a, "/judge", 0700, or_default(spec->judge_bytes, 64));
    add_tmpfs(a, "/sub", 0755, or_default(spec->sub_bytes, 64));
    add_tmpfs(a, "/peers", 0755, or_default(spec->peers_bytes, 64));
    add_tmpfs(a, "/tests", 0711, or_default(spec->tests_bytes, 128));
    add_tmpfs(a, "/vg", 0700, or_default(spec->vg_bytes, 64));
    if (add_content(a, BOX_INIT_PATH, 0755, box_init_image,
                    (size_t)(box_init_image_end - box_init_image), err) < 0)
        return -1;
    ADD(a, "--remount-ro", "/", "--chdir", "/", "--", BOX_INIT_PATH, BOX_INIT_WORD);
    add(a, "%zu", or_default(spec->memory_bytes, 1024));
    ADD(a, single ? BOX_INIT_SINGLE : "0", "");
    a->v[a->n] = NULL;
    return a->full ? err_set(err, "too many arguments for bwrap: hide fewer folders") : 0;
}

/* The child ---------------------------------------- */

enum step { STEP_DESCRIPTORS, STEP_BECOME, STEP_NAMESPACE, STEP_READY, STEP_GROUPS, STEP_EXEC };

struct report {
    enum step step;
    int errnum;
};

/* 0 /dev/null, 1 and 2 the log, 3 the control socket, from 4 the contents; nothing else. */
static int place_fds(const struct args *a, int ctl, int log, int *sync)
{
    int from[CONTENTS_MAX + 4], n = 0;

    from[n++] = open("/dev/null", O_RDWR | O_CLOEXEC);
    from[n++] = log;
    from[n++] = log;
    from[n++] = ctl;
    for (size_t i = 0; i < a->n_contents; i++)
        from[n++] = a->contents[i];
    *sync = fcntl(*sync, F_DUPFD_CLOEXEC, HIGH_FD);
    for (int i = 0; i < n; i++)
        if ((from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, HIGH_FD)) < 0)
            return -1;
    for (int i = 0; i < n; i++)
        if (dup2(from[i], i) < 0)
            return -1;
    if (*sync < 0 || (*sync = dup3(*sync, n, O_CLOEXEC)) < 0)
        return -1;
    return (int)syscall(SYS_close_range, (unsigned)n + 1, ~0U, 0U);
}

static _Noreturn void child_run(const struct args *a, const struct ids *ids, int ctl, int log,
                                int sync)
{
    struct report r = {STEP_DESCRIPTORS, 0};
    char *envp[] = {NULL}; /* the box must not see the grader's */
    char go;

    confine_reset_signals();
    (void)setsid(); /* ^C at the grader's terminal is the grader's affair */
    (void)chdir("/");
    /* First of all: our copies of the parent's ends would hide its death from us. */
    if (place_fds(a, ctl, log, &sync) < 0)
        goto fail;
    r.step = STEP_BECOME;
    if (ids_become(ids) < 0)
        goto fail;
    r.step = STEP_NAMESPACE;
    if (unshare(CLONE_NEWUSER) < 0)
        goto fail;
    r.step = STEP_READY;
    if (write(sync, &r, sizeof(r)) != (ssize_t)sizeof(r) || read(sync, &go, 1) != 1)
        _exit(1); /* the parent gave up */
    r.step = STEP_GROUPS;
    /* As root we are 0 already: we were first_uid, which the map calls 0. As a user the same. Our
     * group likewise; a user's other groups go, they are not in the map. */
    if (!ids->single && syscall(SYS_setgroups, 0L, NULL) < 0)
        goto fail;
    r.step = STEP_EXEC;
    /* the cast: execve does not change its arguments, its prototype is older than const */
    (void)execve(a->v[0], (char *const *)a->v, envp);
fail:
    r.errnum = errno;
    (void)!write(sync, &r, sizeof(r));
    _exit(1);
}

/* The parent ---------------------------------------- */

static int explain_step(const struct report *r, const char *bwrap, struct err *err)
{
    switch (r->step) {
    case STEP_NAMESPACE:
        return err_set(
            err,
            N_("cannot make a user namespace: %s; in Docker start the container with the "
               "shipped seccomp profile and '--security-opt systempaths=unconfined', on a "
               "host see 'sysctl user.max_user_namespaces kernel.unprivileged_userns_clone'"),
            strerror(r->errnum));
    case STEP_BECOME:
        return err_errno(err, r->errnum,
                         N_("cannot become the user of a box (is CAP_SETUID missing?)"));
    case STEP_EXEC: return err_errno(err, r->errnum, N_("cannot run '%s'"), bwrap);
    default: return err_errno(err, r->errnum, "cannot prepare a box (step %d)", (int)r->step);
    }
}

/* 1: a report; 0: end of file, which means that exec worked; -1: nothing came in time. */
static int read_report(int sync, struct report *r, struct err *err)
{
    struct pollfd p = {.fd = sync, .events = POLLIN};
    ssize_t n;
    int ready;

    while ((ready = poll(&p, 1, MAP_TIMEOUT_MS)) < 0 && errno == EINTR)
        ;
    if (ready <= 0)
        return err_set(err, N_("a box did not start within %d s"), MAP_TIMEOUT_MS / 1000);
    n = read(sync, r, sizeof(*r));
    return n == (ssize_t)sizeof(*r) ? 1 : 0;
}

static int guide_child(const struct ids *ids, pid_t child, int sync, const char *bwrap,
                       struct err *err)
{
    struct report r;
    int got = read_report(sync, &r, err);

    if (got < 0)
        return -1;
    if (got == 0)
        return err_set(err, N_("the process that makes a box was killed"));
    if (r.step != STEP_READY)
        return explain_step(&r, bwrap, err);
    if (ids_map(ids, child, err) < 0)
        return -1;
    if (send(sync, "g", 1, MSG_NOSIGNAL) != 1)
        return err_errno(err, errno, N_("cannot speak to the process that makes a box"));
    got = read_report(sync, &r, err);
    return got > 0 ? explain_step(&r, bwrap, err) : got;
}

static const char *find_bwrap(const struct box_spec *spec)
{
    static const char *const known[] = {"/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"};

    if (spec->bwrap)
        return spec->bwrap;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (access(known[i], X_OK) == 0)
            return known[i];
    return NULL;
}

int enter_start(const struct box_spec *spec, const struct ids *ids, struct cgroup *group,
                struct entered *entered, struct err *err)
{
    CLEANUP(args_release) struct args args = {0};
    CLEANUP(close_fd) int log = memfd_create("log", MFD_CLOEXEC);
    CLEANUP(close_fd) int ours = -1, theirs = -1, sync = -1, child_sync = -1;
    const char *bwrap = find_bwrap(spec);
    int pair[2], one = 1;
    pid_t pid;

    if (!bwrap)
        return err_set(err, N_("bubblewrap is not there: install it (apt-get install bubblewrap)"));
    if (fill_args(&args, bwrap, spec, ids->single, err) < 0)
        return -1;
    if (log < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_errno(err, errno, "cannot make the descriptors of a box");
    ours = pair[0];
    theirs = pair[1];
    /* init's first packet then carries its pid as we number it */
    if (setsockopt(ours, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_errno(err, errno, "cannot make the descriptors of a box");
    sync = pair[0];
    child_sync = pair[1];

    pid = fork();
    if (pid == 0)
        child_run(&args, ids, theirs, log, child_sync);
    if (pid < 0)
        return err_errno(err, errno, N_("cannot fork"));
    close_fd(&child_sync);
    cgroup_add(group, pid);
    if (guide_child(ids, pid, sync, bwrap, err) < 0) {
        close_fd(&sync); /* it ends by that, too: in a container we may lack the right to kill it */
        (void)kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        return -1;
    }
    *entered = (struct entered){.monitor = pid, .ctl_fd = take_fd(&ours), .log_fd = take_fd(&log)};
    return 0;
}

int enter_explain(int log_fd, struct err *err)
{
    static const struct {
        const char *says, *hint;
    } known[] = {
        {"setting up uid map", N_("an AppArmor rule forbids user namespaces: install the profile "
                                  "bwrap-userns-restrict, or run the grader as root")},
        {"RTM_NEWADDR", N_("an AppArmor rule forbids user namespaces: install the profile "
                           "bwrap-userns-restrict, or run the grader as root")},
        {"mount proc", N_("parts of /proc are covered here: start the container with '--security-opt "
                          "systempaths=unconfined' (podman: '--security-opt unmask=ALL')")},
        {"pivot_root", N_("start the container with the shipped seccomp profile")},
        {"creat new namespace", N_("start the container with the shipped seccomp profile")},
        {"create new namespace", N_("start the container with the shipped seccomp profile")},
        {"Unknown option", N_("bubblewrap 0.8 or newer is needed")},
    };
    char log[512];
    ssize_t n = pread(log_fd, log, sizeof(log) - 1, 0);
    const char *hint = "";

    log[n > 0 ? n : 0] = '\0';
    while (n > 0 && log[n - 1] == '\n')
        log[--n] = '\0';
    for (char *p = log; *p; p++)
        if (*p == '\n' || (unsigned char)*p < ' ')
            *p = ' ';
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && !*hint; i++)
        if (strstr(log, known[i].says))
            hint = known[i].hint;
    return err_set(err, "%s%s%s", *log ? log : err_text(err, N_("it left no message")), *hint ? "; " : "",
                   *hint ? err_text(err, hint) : "");
}
