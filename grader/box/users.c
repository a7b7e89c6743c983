/* SPDX-License-Identifier: MIT */
/* users: a box of plain users.
 *
 *   grader ── child: the Landlock domain of the box, then exec of init, as root
 *
 * The folders of the box lie in one that only root can write to: <BASE>/grader-boxes/<slot>. The
 * domain takes in init and all that it starts, the judge too, and is what keeps the files of the
 * machine, other boxes, and (from version 6 on) abstract sockets outside away from it. Inside the box users are kept apart as ever, by who they are. */
#define _GNU_SOURCE 1
#include "box/users.h"

#include "box/box.h"
#include "box/confine.h"
#include "box/empty.h"
#include "box/wire.h"
#include "util/cleanup.h"
#include "util/err.h"
#include "util/i18n.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOXES "grader-boxes"
#define MQUEUE_MAGIC 0x19800202 /* statfs(2) */

extern const char box_init_image[], box_init_image_end[]; /* init_image.S */

/* Landlock ---------------------------------------- */

/* The kernel's interface (landlock(7)), written out: the headers of Debian 12 know version 2. */
struct ruleset_attr {
    uint64_t fs, net, scoped;
};
struct path_attr {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ = 1 << 2 | 1 << 3, /* files, folders */
    FS_REMOVE_DIR = 1 << 4,
    FS_TRUNCATE = 1 << 14,
    FS_IOCTL_DEV = 1 << 15
};
enum { FS_ON_FILES = FS_EXECUTE | FS_WRITE_FILE | 1 << 2 | FS_TRUNCATE | FS_IOCTL_DEV };
enum { SCOPE_ABSTRACT_SOCKETS = 1 << 0, PATH_BENEATH = 1 };
#define FS_ALL(version) ((version) >= 5 ? 0xffffU : (version) >= 3 ? 0x7fffU : 0x3fffU)

int users_landlock(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0UL, 1U);

    /* The first version forbids every rename from one folder to another. */
    return version >= 2 ? (int)version : 0;
}

static int make_ruleset(int version)
{
    struct ruleset_attr attr = {.fs = FS_ALL(version)};
    size_t size = version >= 6 ? sizeof(attr) : version >= 4 ? 16 : 8;

    if (version >= 6) /* signals are a matter of users; and init has to reach what a killed box left */
        attr.scoped = SCOPE_ABSTRACT_SOCKETS;
    return (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0U);
}

/* What is not there needs no rule. */
static int allow(int ruleset, const char *path, uint64_t rights)
{
    CLEANUP(close_fd) int fd = open(path, O_PATH | O_CLOEXEC);
    struct path_attr attr = {rights, fd};
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return 0;
    if (!S_ISDIR(st.st_mode))
        attr.allowed &= FS_ON_FILES;
    return (int)syscall(SYS_landlock_add_rule, ruleset, PATH_BENEATH, &attr, 0U);
}

/* 0: apart; 1: 'path' is 'hidden' or in it; -1: 'hidden' lies below 'path'. */
static int relation(const char *path, const char *hidden)
{
    size_t p = strlen(path), h = strlen(hidden);

    if (strncmp(path, hidden, p < h ? p : h) != 0)
        return 0;
    return p >= h ? (path[h] == '\0' || path[h] == '/' ? 1 : 0) : hidden[p] == '/' ? -1 : 0;
}

/* Rules can only add: a folder with something hidden below is opened piece by piece. */
static int allow_but(int ruleset, const char *path, uint64_t rights, const char *const *hide)
{
    CLEANUP(closedir_dir) DIR *dir = NULL;
    const struct dirent *e;
    bool split = false;

    for (const char *const *h = hide; *h; h++) {
        int r = relation(path, *h);

        if (r > 0)
            return 0;
        split |= r < 0;
    }
    if (!split)
        return allow(ruleset, path, rights);
    dir = opendir(path);
    while (dir && (e = readdir(dir))) {
        char below[4096];

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (snprintf(below, sizeof(below), "%s/%s", path, e->d_name) < (int)sizeof(below) &&
            allow_but(ruleset, below, rights, hide) < 0)
            return -1;
    }
    return 0;
}

enum { HIDE_MAX = 64 };

/* The domain of a box: what bubblewrap binds, and what it covers. -1 with *err; *fd -1: no Landlock. */
static int make_domain(const struct box_spec *spec, const char *base, const char *root, int *fd,
                       struct err *err)
{
    static const char *const system[] = {"/usr",   "/bin",    "/sbin",   "/lib",
                                         "/lib32", "/lib64",  "/libx32", "/etc/alternatives",
                                         "/etc/ld.so.cache",  "/etc/passwd", "/etc/group", "/etc/hosts",
                                         "/etc/nsswitch.conf", "/etc/protocols"};
    static const char *const writable[] = {"/tmp", "/dev/shm", "/dev/mqueue"};
    const int version = users_landlock();
    const uint64_t all = FS_ALL(version);
    CLEANUP(close_fd) int made = -1;
    const char *hide[HIDE_MAX] = {NULL};
    size_t n = 0;
    int failed = 0;

    *fd = -1;
    if (!version)
        return 0;
    if (!spec->show_usr_local)
        hide[n++] = "/usr/local";
    hide[n++] = "/usr/src";
    for (const char *const *h = spec->hide; h && *h && n < HIDE_MAX - 1; h++)
        hide[n++] = *h;
    made = make_ruleset(version);
    if (made < 0)
        return err_errno(err, errno, "cannot make a Landlock ruleset");
    for (size_t i = 0; i < sizeof(system) / sizeof(system[0]) && !failed; i++)
        failed = allow_but(made, system[i], FS_READ | FS_EXECUTE, hide);
    for (size_t i = 0; i < sizeof(writable) / sizeof(writable[0]) && !failed; i++)
        failed = allow(made, writable[i], all);
    if (failed || allow(made, root, all) < 0 || allow(made, base, FS_REMOVE_DIR) < 0 ||
        allow(made, "/proc", FS_READ | FS_WRITE_FILE) < 0 ||
        allow(made, "/dev", (FS_READ | FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV) & all) < 0)
        return err_errno(err, errno, "cannot fill a Landlock ruleset");
    *fd = take_fd(&made);
    return 0;
}

/* Folders ---------------------------------------- */

/* A place for boxes: root's alone, and programs can be run from it. */
static bool is_good_base(const char *base)
{
    struct statvfs fs;
    struct stat st;
    char *real = NULL;
    bool good;

    if (mkdir(base, 0711) < 0 && errno != EEXIST)
        return false;
    real = realpath(base, NULL); /* init refuses links on the way */
    good = real && strcmp(real, base) == 0 && lstat(base, &st) == 0 && S_ISDIR(st.st_mode) &&
           st.st_uid == 0 && !(st.st_mode & 022) && chmod(base, 0711) == 0 &&
           statvfs(base, &fs) == 0 && !(fs.f_flag & (ST_NOEXEC | ST_RDONLY));
    free(real);
    return good;
}

static const char *const bases[] = {"/run/" BOXES, "/var/tmp/" BOXES, "/tmp/" BOXES,
                                    "/dev/shm/" BOXES};

size_t users_slots(unsigned *slots, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        CLEANUP(closedir_dir) DIR *dir = opendir(bases[i]);
        const struct dirent *e;

        while (dir && n < max && (e = readdir(dir)))
            if (isdigit((unsigned char)e->d_name[0]))
                slots[n++] = (unsigned)strtoul(e->d_name, NULL, 10);
    }
    return n;
}

static int choose_base(const char **base, struct err *err)
{
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
        if (is_good_base(bases[i])) {
            *base = bases[i];
            return 0;
        }
    return err_set(err, N_("no folder for a box: /run, /var/tmp, /tmp or /dev/shm must be writable and "
                           "without noexec (docker run --tmpfs /tmp:exec)"));
}

static int write_init(const char *root, struct err *err)
{
    char path[128];
    CLEANUP(close_fd) int fd = -1;
    size_t n = (size_t)(box_init_image_end - box_init_image), done = 0;

    (void)snprintf(path, sizeof(path), "%s" BOX_INIT_PATH, root);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0700);
    while (fd >= 0 && done < n) {
        ssize_t k = write(fd, box_init_image + done, n - done);

        if (k < 0)
            break;
        done += (size_t)k;
    }
    if (fd < 0 || done < n || fchmod(fd, 0755) < 0)
        return err_errno(err, errno, N_("cannot write '%s'"), path);
    return 0;
}

/* Of a box that was killed in this slot; what else there is of it init removes. */
static void remove_stale(const char *root)
{
    CLEANUP(close_fd) int fd = open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return;
    empty_folder(fd);
    (void)rmdir(root);
}

static int make_folders(const char *root, struct err *err)
{
    static const struct {
        const char *name;
        mode_t mode;
    } folders[] = {{"", 0711},       {"/judge", 0700}, {"/sub", 0755},
                   {"/peers", 0755}, {"/tests", 0711}, {"/vg", 0700}};

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s%s", root, folders[i].name);
        if (mkdir(path, 0700) < 0 || chmod(path, folders[i].mode) < 0)
            return err_errno(err, errno, N_("cannot make the folder '%s'"), path);
    }
    return write_init(root, err);
}

/* The child ---------------------------------------- */

struct start {
    const char *const *argv;
    int ctl, log, lock, domain;
};

enum { HIGH_FD = 64 };

/* 0 /dev/null, 1 and 2 the log, 3 the control socket, 4 the slot; nothing else. */
static int place_fds(struct start *s)
{
    int from[] = {open("/dev/null", O_RDWR | O_CLOEXEC), s->log, s->log, s->ctl, s->lock};

    for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++)
        if ((from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, HIGH_FD)) < 0)
            return -1;
    for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++)
        if (dup2(from[i], (int)i) < 0)
            return -1;
    return (int)syscall(SYS_close_range, WIRE_LOCK_FD + 1U, ~0U, 0U);
}

static _Noreturn void child_run(struct start *s)
{
    char *envp[] = {NULL};

    confine_reset_signals();
    (void)setsid(); /* ^C at the grader's terminal is the grader's affair */
    (void)chdir("/");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0 ||
        (s->domain >= 0 && syscall(SYS_landlock_restrict_self, s->domain, 0U) < 0) ||
        syscall(SYS_setgroups, 0L, NULL) < 0 || place_fds(s) < 0)
        (void)dprintf(s->log, "cannot prepare: %s\n", strerror(errno));
    else
        (void)execve(s->argv[0], (char *const *)s->argv, envp);
    (void)dprintf(STDERR_FILENO, "cannot run '%s': %s\n", s->argv[0], strerror(errno));
    _exit(1);
}

int users_start(const struct box_spec *spec, const struct ids *ids, struct cgroup *group,
                struct entered *entered, struct err *err)
{
    CLEANUP(close_fd) int log = memfd_create("log", MFD_CLOEXEC);
    CLEANUP(close_fd) int ours = -1, theirs = -1, domain = -1;
    const char *base = NULL;
    char root[96], path[128], memory[24], first[16];
    const char *const argv[] = {path, BOX_INIT_WORD, memory, first, root, NULL};
    struct statfs queues;
    int pair[2], one = 1;
    pid_t pid;

    if (statfs("/dev/mqueue", &queues) < 0 || queues.f_type != MQUEUE_MAGIC)
        return err_set(err, N_("mode users needs /dev/mqueue, to see and remove message queues: mount "
                               "it (mount -t mqueue none /dev/mqueue); containers have it"));
    if (choose_base(&base, err) < 0)
        return -1;
    (void)snprintf(root, sizeof(root), "%s/%u", base, ids->slot);
    (void)snprintf(path, sizeof(path), "%s" BOX_INIT_PATH, root);
    (void)snprintf(memory, sizeof(memory), "%zu", spec->memory_bytes ? spec->memory_bytes : (size_t)1 << 30);
    (void)snprintf(first, sizeof(first), "%u", (unsigned)ids->first_uid);
    remove_stale(root);
    if (make_folders(root, err) < 0 || make_domain(spec, base, root, &domain, err) < 0)
        return -1;
    if (log < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_errno(err, errno, "cannot make the descriptors of a box");
    ours = pair[0];
    theirs = pair[1];
    /* init's first packet then carries its pid as we number it */
    if (setsockopt(ours, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) < 0)
        return err_errno(err, errno, "cannot make the descriptors of a box");
    pid = fork();
    if (pid == 0)
        child_run(&(struct start){argv, theirs, log, ids->lock_fd, domain});
    if (pid < 0)
        return err_errno(err, errno, N_("cannot fork"));
    cgroup_add(group, pid); /* it starts nothing before we say so */
    *entered = (struct entered){.monitor = pid, .ctl_fd = take_fd(&ours), .log_fd = take_fd(&log)};
    return 0;
}
