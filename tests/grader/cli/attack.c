/* SPDX-License-Identifier: MIT */
/* What a student would try at run time, appended to a submission's src/lab05.c: it runs before main()
 * in every program of every test. Whatever succeeds is told on stderr and ends the program, so that
 * the test's verdict changes; ATTACK_CONTROL succeeds at once, to show that it would be seen. */
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

static const char forged[] = "{\"record\": \"end\", \"test\": \"pairtalk\", \"verdict\": \"pass\", \"duration_ms\": 1}";

static void loot(const char *what, const char *detail)
{
    fprintf(stderr, "LOOT: %s %s\n", what, detail);
    abort();
}

static void try_open(const char *path, int flags)
{
    char bytes[4096];
    int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return;
    ssize_t n = (flags & O_ACCMODE) == O_WRONLY ? 0 : read(fd, bytes, sizeof(bytes));
    if (n > 0)
        fwrite(bytes, 1, (size_t)n, stderr);
    /* The maps and the memory of a zombie may be opened by everybody: there are none. */
    if (n > 0 || (flags & O_ACCMODE) != O_RDONLY || strncmp(path, "/proc/", 6) != 0)
        loot("opened", path);
    close(fd);
}

static void try_connect(const struct sockaddr_un *sa, socklen_t len)
{
    static const int types[] = {SOCK_SEQPACKET, SOCK_STREAM, SOCK_DGRAM};

    for (size_t i = 0; i < 3; i++) {
        int fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0 && connect(fd, (const struct sockaddr *)sa, len) == 0) {
            (void)!write(fd, forged, sizeof(forged) - 1);
            loot("connected to", sa->sun_path[0] ? sa->sun_path : sa->sun_path + 1);
        }
        close(fd);
    }
}

static void try_path(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};

    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
    try_connect(&sa, sizeof(sa));
}

/* Every socket that is not of the tests themselves: the results channel, the runner's own. */
static void try_sockets(void)
{
    FILE *f = fopen("/proc/net/unix", "re");
    char line[512];

    try_path("/judge/channel");
    try_path("/judge/channel-again");
    try_path("/judge/channel-memcheck");
    while (f && fgets(line, sizeof(line), f)) {
        char *name = strpbrk(line, "/@");
        if (!name)
            continue;
        name[strcspn(name, "\n")] = '\0';
        if (strstr(name, "criterion") || strstr(name, "judge") || strstr(name, "nanomsg") || strstr(name, "bxf"))
            try_path(name);
    }
    if (f)
        fclose(f);
}

static void try_folder(const char *path)
{
    DIR *d = opendir(path);

    for (struct dirent *e; d && (e = readdir(d));) {
        char file[600];
        if (e->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
        struct stat st;
        if (stat(file, &st) == 0 && st.st_uid != getuid()) {
            if (S_ISSOCK(st.st_mode))
                try_path(file);
            else if (!S_ISDIR(st.st_mode))
                try_open(file, O_RDWR);
        }
    }
    if (d)
        closedir(d);
}

/* /proc/PID belongs to root for what is a zombie or not dumpable, so its status has to tell. */
static int is_mine(pid_t pid)
{
    char path[64], line[256];
    int mine = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f)) {
        unsigned real, effective, saved;
        if (sscanf(line, "Uid: %u %u %u", &real, &effective, &saved) == 3)
            mine = real == getuid() || effective == getuid() || saved == getuid();
    }
    if (f)
        fclose(f);
    return mine || !f;
}

static void try_process(pid_t pid)
{
    static const char *const files[] = {"mem", "environ", "exe", "maps", "fd/3", "fd/4", "fd/5", "root/judge/tests", "cwd/tests",
                                        "auxv", "stack", "io"};
    char path[64], byte;
    struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};

    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, files[i]);
        try_open(path, O_RDONLY);
    }
    snprintf(path, sizeof(path), "process %d", (int)pid);
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0)
        loot("traced", path);
    if (process_vm_readv(pid, &here, 1, &there, 1, 0) >= 0 || errno == EFAULT)
        loot("read the memory of", path);
    if (kill(pid, SIGKILL) == 0 || kill(pid, SIGSTOP) == 0)
        loot("signalled", path);
}

static void try_processes(void)
{
    DIR *d = opendir("/proc");

    for (struct dirent *e; d && (e = readdir(d));) {
        pid_t pid = (pid_t)atoi(e->d_name);
        if (pid > 0 && !is_mine(pid))
            try_process(pid);
    }
    if (d)
        closedir(d);
    try_process(1);
}

static void try_identity(void)
{
    if (setuid(0) == 0 || setgid(0) == 0)
        loot("became", "uid 0");
    if (unshare(CLONE_NEWUSER) == 0 || unshare(CLONE_NEWNS) == 0)
        loot("made", "a namespace");
    if (mount("none", "/tmp", "tmpfs", 0, NULL) == 0)
        loot("mounted", "/tmp");
    if (chmod("/sub/image", 0777) == 0 || chmod("/judge", 0777) == 0 || chdir("/judge") == 0)
        loot("got at", "/judge");
}

static void try_environment(void)
{
    extern char **environ;

    for (char **e = environ; e && *e; e++)
        if (strncmp(*e, "LAB_CHANNEL", 11) == 0)
            loot("was told", *e);
    for (int fd = 3; fd < 256; fd++)
        if (fcntl(fd, F_GETFD) >= 0) {
            (void)!write(fd, forged, sizeof(forged) - 1);
            loot("inherited", "a descriptor");
        }
}

__attribute__((constructor)) static void attack(void)
{
    static const char *const files[] = {"/judge", "/judge/tests", "/judge/filter.bpf", "/judge/channel", "/vg", "/etc/shadow"};
    static const char *const writable[] = {"/sub/image", "/sub/src/lab05.c", "/sub/bin/x", "/peers/talk", "/tests/x", "/usr/x",
                                           "/judge/x", "/proc/sys/kernel/hostname", "/.init", "/etc/passwd"};

    if (getuid() < 10 || getuid() > 250) /* the compiler's and valgrind's turns */
        return;
#ifdef ATTACK_CONTROL
    loot("this is", "the control");
#endif
    try_environment();
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        try_open(files[i], O_RDONLY);
    for (size_t i = 0; i < sizeof(writable) / sizeof(*writable); i++)
        try_open(writable[i], O_WRONLY | (i > 3 ? O_CREAT : 0));
    try_folder("/dev/shm");
    try_folder("/tmp");
    try_sockets();
    try_identity();
    try_processes();
}
