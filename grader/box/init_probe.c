/* SPDX-License-Identifier: MIT */
/* probe: what a box looks like from inside. The self-test runs init's own file as a program of the
 * box, mostly as a student, and each probe here tries what must work and what must not. One line on
 * stdout says what was seen; exit 0: as it should be, 1: not, 2: the probe itself failed. */
#define _GNU_SOURCE 1
#include "box/init.h"

#include "box/box.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is wrong, as a list; empty: all is well. */
static char wrong[2048];

__attribute__((format(printf, 1, 2))) static void complain(const char *fmt, ...)
{
    size_t used = strlen(wrong);
    va_list ap;

    if (used > 0 && used + 3 < sizeof(wrong)) {
        memcpy(wrong + used, ", ", 3);
        used += 2;
    }
    va_start(ap, fmt);
    (void)vsnprintf(wrong + used, sizeof(wrong) - used, fmt, ap);
    va_end(ap);
}

static int verdict(const char *well)
{
    (void)printf("%s\n", *wrong ? wrong : well);
    return *wrong ? 1 : 0;
}

/* A call that has to fail with one of two errors. */
static void must_fail(const char *what, long result, int expected, int also)
{
    if (result >= 0)
        complain("%s works", what);
    else if (errno != expected && errno != also)
        complain("%s: %s", what, strerror(errno));
}

static void must_work(const char *what, long result)
{
    if (result < 0)
        complain("%s: %s", what, strerror(errno));
}

/* Until the other end of stdin is closed. */
static void wait_for_eof(void)
{
    char c;

    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
}

/* Says its pid, then lives until stdin ends: the victim of "attack". */
static int probe_hold(const char *arg)
{
    (void)arg;
    (void)printf("%d\n", (int)getpid());
    (void)fflush(stdout);
    wait_for_eof();
    return 0;
}

static void attack_files(const char *pid)
{
    static const char *const names[] = {"mem", "environ", "maps", "fd", "cwd", "root", "syscall"};
    char path[64];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "/proc/%s/%s", pid, names[i]);
        must_fail(path, open(path, O_RDONLY | O_CLOEXEC), EACCES, EPERM);
    }
    (void)snprintf(path, sizeof(path), "/proc/%s/mem", pid);
    must_fail(path, open(path, O_RDWR | O_CLOEXEC), EACCES, EPERM);
}

static void attack_one(const char *pid)
{
    static const int signals[] = {SIGSTOP, SIGTERM, SIGKILL};
    pid_t victim = (pid_t)atoi(pid);
    char byte;
    struct iovec local = {&byte, 1}, remote = {&byte, 1};

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        char what[64];

        (void)snprintf(what, sizeof(what), "kill(%d, %s)", (int)victim, strsignal(signals[i]));
        must_fail(what, kill(victim, signals[i]), EPERM, EPERM);
    }
    must_fail("ptrace", ptrace(PTRACE_ATTACH, victim, NULL, NULL), EPERM, EPERM);
    must_fail("process_vm_readv", process_vm_readv(victim, &local, 1, &remote, 1, 0), EPERM, EPERM);
    attack_files(pid);
}

/* arg: the pid of a judge. */
static int probe_attack(const char *arg)
{
    char init_pid[16];

    (void)snprintf(init_pid, sizeof(init_pid), "%d", (int)getppid());
    attack_one("1");
    attack_one(init_pid);
    attack_one(arg);
    (void)kill(-1,
               SIGKILL); /* 0 even if nobody may be reached: that the victim lives is the proof */
    return verdict("no signal, no trace, no look into memory or environment");
}

/* arg: BOX_FILTER_PATH, as it is called here. */
static int probe_enter(const char *arg)
{
    const int root = (int)(strlen(arg) - strlen(BOX_FILTER_PATH));
    char judge[256], vg[256], tests[256];

    (void)snprintf(judge, sizeof(judge), "%.*s/judge", root, arg);
    (void)snprintf(vg, sizeof(vg), "%.*s/vg", root, arg);
    (void)snprintf(tests, sizeof(tests), "%.*s/tests", root, arg);
    must_fail("open /judge", open(judge, O_RDONLY | O_DIRECTORY | O_CLOEXEC), EACCES, EACCES);
    must_fail(arg, open(arg, O_RDONLY | O_CLOEXEC), EACCES, EACCES);
    must_fail("enter /judge", chdir(judge), EACCES, EACCES);
    must_fail("chmod /judge", chmod(judge, 0777), EPERM, EPERM);
    if (rename(judge, "/tmp/judge") == 0 || (errno != EROFS && errno != EXDEV && errno != EACCES))
        complain("rename /judge: %s", strerror(errno));
    must_fail("list /vg", open(vg, O_RDONLY | O_DIRECTORY | O_CLOEXEC), EACCES, EACCES);
    must_fail("list /tests", open(tests, O_RDONLY | O_DIRECTORY | O_CLOEXEC), EACCES, EACCES);
    return verdict("permission denied");
}

/* arg: a file of the machine. */
static int probe_see(const char *arg)
{
    must_fail(arg, open(arg, O_RDONLY | O_CLOEXEC), ENOENT, EACCES);
    return verdict("not there, or closed");
}

/* arg: path of a channel. Exit 0: connected. */
static int probe_connect(const char *arg)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    (void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", arg);
    must_work("connect", connect(fd, (struct sockaddr *)&sa, sizeof(sa)));
    return verdict("connected");
}

static int probe_fds(const char *arg)
{
    (void)arg;
    for (int fd = 3; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            complain("descriptor %d is open", fd);
    return verdict("0, 1 and 2");
}

static void check_status_line(const char *line)
{
    static const struct {
        const char *name, *expected;
    } table[] = {
        {"Groups:", ""},
        {"NoNewPrivs:", "1"},
        {"Seccomp:", "2"},
        {"CapInh:", "0000000000000000"},
        {"CapPrm:", "0000000000000000"},
        {"CapEff:", "0000000000000000"},
        {"CapBnd:", "0000000000000000"},
        {"CapAmb:", "0000000000000000"},
        {"SigBlk:", "0000000000000000"},
        {"SigIgn:", "0000000000000000"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        size_t n = strlen(table[i].name);

        if (strncmp(line, table[i].name, n) == 0 &&
            strcmp(line + n + strspn(line + n, " \t"), table[i].expected) != 0)
            complain("%s", line);
    }
}

static int probe_identity(const char *arg)
{
    FILE *f = fopen("/proc/self/status", "re");
    uid_t want = (uid_t)atoi(arg), r, e, s;
    char line[256];

    while (f && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        check_status_line(line);
    }
    if (getresuid(&r, &e, &s) < 0 || r != want || e != want || s != want || getgid() != want)
        complain("uid %u", (unsigned)getuid());
    if (getsid(0) != getpid())
        complain("no session of its own");
    must_fail("setuid(0)", setuid(0), EPERM, EPERM);
    return verdict("another user, no groups, no capabilities, no_new_privs, filter");
}

static int probe_filter(const char *arg)
{
    (void)arg;
    must_fail("unshare", unshare(CLONE_NEWUSER), EPERM, EPERM);
    must_fail("clone3", syscall(SYS_clone3, NULL, 0UL), ENOSYS, ENOSYS);
    must_fail("clone",
              syscall(SYS_clone, (unsigned long)(CLONE_NEWUSER | SIGCHLD), 0UL, 0UL, 0UL, 0UL),
              EPERM, EPERM);
    must_fail("mount", mount("none", "/tmp", "tmpfs", 0, NULL), EPERM, EPERM);
    must_fail("keyctl", syscall(SYS_keyctl, 0UL, 0UL), EPERM, EPERM);
    must_fail("bpf", syscall(SYS_bpf, 0UL, NULL, 0UL), EPERM, EPERM);
    must_fail("io_uring", syscall(SYS_io_uring_setup, 1UL, NULL), ENOSYS, ENOSYS);
    must_fail("memfd_create", memfd_create("x", MFD_CLOEXEC), ENOSYS, ENOSYS);
    must_fail("vsock", socket(40, SOCK_STREAM, 0), EAFNOSUPPORT, EAFNOSUPPORT);
    must_fail("packet socket", socket(AF_PACKET, SOCK_RAW, 0), EAFNOSUPPORT, EPERM);
    return verdict("namespaces, mounts, keys, bpf, io_uring, memfd, vsock refused");
}

/* arg: the limit. Children wait on a pipe that ends with us. */
static int probe_nproc(const char *arg)
{
    int limit = atoi(arg), made = 0, hold[2];
    char c;

    if (pipe(hold) < 0)
        return 2;
    while (made < 2 * limit) {
        pid_t pid = fork();

        if (pid < 0)
            break;
        if (pid == 0) {
            (void)close(hold[1]);
            (void)!read(hold[0], &c, 1);
            _exit(0);
        }
        made++;
    }
    if (made != limit - 1 || errno != EAGAIN)
        complain("%d children with a limit of %d", made, limit);
    return verdict("fork fails at the limit");
}

static int probe_network(const char *arg)
{
    struct sockaddr_in away = {.sin_family = AF_INET, .sin_port = htons(9)};
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct if_nameindex *all = if_nameindex();
    socklen_t n = sizeof(here);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), c;

    (void)arg;
    for (struct if_nameindex *i = all; i && i->if_index; i++)
        if (strcmp(i->if_name, "lo") != 0)
            complain("there is an interface '%s'", i->if_name);
    away.sin_addr.s_addr = htonl(0xC0000201); /* 192.0.2.1: nobody's, by definition */
    c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must_fail("connect outside", connect(c, (struct sockaddr *)&away, sizeof(away)), ENETUNREACH,
              ENETUNREACH);
    (void)close(c);
    c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must_work("bind 127.0.0.1", bind(s, (struct sockaddr *)&here, sizeof(here)));
    must_work("listen", listen(s, 1));
    must_work("getsockname", getsockname(s, (struct sockaddr *)&here, &n));
    must_work("connect 127.0.0.1", connect(c, (struct sockaddr *)&here, sizeof(here)));
    return verdict("127.0.0.1 works, nothing else is there");
}

static int probe_objects(const char *arg)
{
    int shm, seg;

    (void)arg;
    must_work("mq_open", mq_open("/probe", O_CREAT | O_RDWR | O_CLOEXEC, 0600, NULL));
    must_work("mq_unlink", mq_unlink("/probe"));
    shm = shm_open("/probe", O_CREAT | O_RDWR, 0600);
    must_work("shm_open", shm);
    must_work("ftruncate", ftruncate(shm, 65536));
    seg = shmget(IPC_PRIVATE, 65536, 0600);
    must_work("shmget", seg);
    must_work("shmctl", shmctl(seg, IPC_RMID, NULL));
    must_work("semget", semget(0x1234, 1, IPC_CREAT | 0600));
    must_work("msgget", msgget(0x1234, IPC_CREAT | 0600));
    must_work("mkfifo", mkfifo("/tmp/probe.fifo", 0600));
    return verdict("queues, shared memory, System V objects and FIFOs work");
}

/* arg: the folders that may be written to, with a space around each. A read-only mount is proof for
 * all below it; what is mounted read-write is looked at. */
static int probe_writable(const char *arg)
{
    static const char *const files[] = {"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger",
                                        "/proc/sys/fs/mqueue/msg_max", "/.init", "/etc/passwd"};
    FILE *f = fopen("/proc/self/mounts", "re");
    char line[1024], path[256], options[512], spaced[300];

    while (f && fgets(line, sizeof(line), f)) {
        struct stat st;

        if (sscanf(line, "%*s %255s %*s %511s", path, options) != 2)
            continue;
        if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
            continue;
        (void)snprintf(spaced, sizeof(spaced), " %s ", path);
        if (strncmp(options, "rw", 2) == 0 && access(path, W_OK) == 0 && !strstr(arg, spaced))
            complain("%s can be written to", path);
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (access(files[i], W_OK) == 0)
            complain("%s can be written to", files[i]);
    must_work("write to /tmp", open("/tmp/probe", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    must_work("write to /dev/null", open("/dev/null", O_WRONLY | O_CLOEXEC));
    return verdict("only what is meant");
}

static int probe_sizes(const char *arg)
{
    static const char *const paths[] = {"/tmp", "/dev/shm"};
    unsigned long long most = strtoull(arg, NULL, 10);
    struct statvfs fs;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (statvfs(paths[i], &fs) < 0)
            return 2;
        if ((unsigned long long)fs.f_blocks * fs.f_frsize > most)
            complain("%s has %llu bytes", paths[i], (unsigned long long)fs.f_blocks * fs.f_frsize);
    }
    return verdict("as asked for");
}

static int probe_victim(const char *arg)
{
    char text[16] = "";
    int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);

    (void)arg;
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
        return 2;
    if (atoi(text) <= 0)
        complain("oom_score_adj is %d", atoi(text));
    return verdict("students first");
}

/* Leaves a process behind, as daemons do; it holds descriptor 3. */
static int probe_daemon(const char *arg)
{
    (void)arg;
    if (fork() > 0)
        return 0;
    (void)setsid();
    if (fork() > 0)
        _exit(0);
    for (;;)
        (void)pause();
}

/* Takes all queues there are, says how many, and keeps them until stdin ends. */
static int probe_hoard(const char *arg)
{
    int made = 0;

    for (;;) {
        char name[32];

        (void)snprintf(name, sizeof(name), "/%s%d", arg, made);
        if (made == 100 || mq_open(name, O_CREAT | O_RDWR, 0600, NULL) < 0)
            break;
        made++;
    }
    (void)printf("%d\n", made);
    (void)fflush(stdout);
    wait_for_eof();
    return 0;
}

int probe_main(int argc, char *argv[])
{
    static const struct {
        const char *name;
        int (*run)(const char *arg);
    } table[] = {
        {"hold", probe_hold},       {"attack", probe_attack},     {"enter", probe_enter},
        {"see", probe_see},
        {"connect", probe_connect}, {"fds", probe_fds},           {"identity", probe_identity},
        {"filter", probe_filter},   {"nproc", probe_nproc},       {"network", probe_network},
        {"objects", probe_objects}, {"writable", probe_writable}, {"sizes", probe_sizes},
        {"victim", probe_victim},   {"daemon", probe_daemon},     {"hoard", probe_hoard},
    };

    for (size_t i = 0; argc > 1 && i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(argv[1], table[i].name) == 0)
            return table[i].run(argc > 2 ? argv[2] : "");
    (void)fprintf(stderr, "this is process 1 of a box, started by grader\n");
    return 2;
}
