/* SPDX-License-Identifier: MIT */
/* procfs: what the kernel tells about the processes of the test.
 *
 * Traps. /proc/PID/syscall says "running" for a process that is not blocked, and needs the right to
 * trace: the judge of a full box has it by CAP_SYS_PTRACE; in a plain container root lacks it, but
 * the check compares the *file system* uid, so taking the student's for one open is enough. Under
 * valgrind the numbers are those of the program, comm and exe are valgrind's. */
#include "inside.h"

#include "explain/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATIENT_MS = 1000 }; /* a program that looks again after a second is not called busy */

static ssize_t read_once(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;

    if (fd >= 0) {
        ssize_t got = 0;

        n = 0; /* the kernel gives long files a page at a time */
        while ((size_t)n < size - 1 && (got = read(fd, buf + n, size - 1 - (size_t)n)) > 0)
            n += got;
        if (got < 0 && !n)
            n = -1;
        else
            buf[n] = '\0';
        int saved = errno;
        (void)close(fd);
        errno = saved;
    }
    return n;
}

/* Does job() once as we are, and if that is forbidden once more as the user of the programs. */
static ssize_t as_either(ssize_t (*job)(const char *, char *, size_t), const char *path, char *buf,
                         size_t size)
{
    ssize_t n = job(path, buf, size);

    if (n < 0 && (errno == EPERM || errno == EACCES) && lab.uid && geteuid() == 0) {
        (void)setfsgid(lab.uid);
        (void)setfsuid(lab.uid);
        n = job(path, buf, size);
        int saved = errno;
        (void)setfsuid(0);
        (void)setfsgid(0);
        errno = saved;
    }
    return n;
}

static ssize_t link_once(const char *path, char *buf, size_t size)
{
    ssize_t n = readlink(path, buf, size - 1);

    if (n >= 0)
        buf[n] = '\0';
    return n;
}

ssize_t procfs_read(pid_t pid, const char *file, char *buf, size_t size)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    return as_either(read_once, path, buf, size);
}

ssize_t procfs_link(pid_t pid, const char *file, char *buf, size_t size)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    return as_either(link_once, path, buf, size);
}

static ssize_t stat_once(const char *path, char *buf, size_t size)
{
    (void)size;
    return stat(path, (struct stat *)(void *)buf);
}

bool procfs_stat(pid_t pid, const char *file, struct stat *st)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    return as_either(stat_once, path, (char *)st, sizeof(*st)) == 0;
}

static ssize_t open_once(const char *path, char *buf, size_t size)
{
    (void)buf;
    (void)size;
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* By its file, not by process_vm_readv(), which compares the real uid: that cannot be taken for a
 * moment only. The right is checked when the file is opened. */
bool procfs_memory(pid_t pid, unsigned long long address, void *buf, size_t size)
{
    char path[64];
    ssize_t n;
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    fd = (int)as_either(open_once, path, NULL, 0);
    if (fd < 0)
        return false;
    n = pread(fd, buf, size, (off_t)address);
    (void)close(fd);
    return n == (ssize_t)size;
}

/* The number after "key:" in the text of a status file. */
static unsigned long long field(const char *status, const char *key)
{
    const char *s = strstr(status, key);

    return s ? strtoull(s + strlen(key), NULL, 10) : 0;
}

bool procfs_info(pid_t pid, struct pinfo *info)
{
    char buf[4096];
    const char *open_paren, *close_paren;
    unsigned long long utime, stime;
    long long child_utime, child_stime;
    int ppid, session;
    size_t n;

    *info = (struct pinfo){.pid = pid};
    if (procfs_read(pid, "stat", buf, sizeof(buf)) <= 0)
        return false;
    open_paren = strchr(buf, '(');
    close_paren = strrchr(buf, ')'); /* the name may contain anything */
    if (!open_paren || !close_paren)
        return false;
    n = (size_t)(close_paren - open_paren - 1);
    if (n >= sizeof(info->comm))
        n = sizeof(info->comm) - 1;
    (void)memcpy(info->comm, open_paren + 1, n);
    if (sscanf(close_paren + 1,
               " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %llu %llu %lld %lld %*d %*d %*d %*d %llu",
               &info->state, &ppid, &session, &utime, &stime, &child_utime, &child_stime, &info->start) != 8)
        return false;
    info->ppid = ppid;
    info->session = session;
    info->ticks = utime + stime;
    info->child_ticks = (unsigned long long)(child_utime + child_stime);
    if (procfs_read(pid, "status", buf, sizeof(buf)) <= 0)
        return false;
    info->uid = (uid_t)field(buf, "\nUid:");
    info->voluntary = field(buf, "\nvoluntary_ctxt_switches:");
    info->switches = info->voluntary + field(buf, "\nnonvoluntary_ctxt_switches:");
    if (procfs_read(pid, "schedstat", buf, sizeof(buf)) > 0)
        (void)sscanf(buf, "%*u %llu", &info->delay_ns);
    return true;
}

bool procfs_syscall(pid_t pid, struct psyscall *call)
{
    char buf[256];
    int fields;

    *call = (struct psyscall){.nr = -1};
    if (procfs_read(pid, "syscall", buf, sizeof(buf)) <= 0)
        return false;
    fields = sscanf(buf, "%ld %llx %llx %llx %llx %llx %llx", &call->nr, &call->arg[0],
                    &call->arg[1], &call->arg[2], &call->arg[3], &call->arg[4], &call->arg[5]);
    if (fields < 1)
        call->nr = -1; /* "running" */
    return true;
}

static bool started_here(const struct pinfo *info)
{
    for (const struct proc *p = lab.procs; p; p = p->next)
        if (info->pid == p->pid || info->session == p->pid)
            return true;
    return false;
}

static bool works_in_folder(pid_t pid)
{
    char cwd[PATH_MAX];

    return procfs_link(pid, "cwd", cwd, sizeof(cwd)) > 0 && strcmp(cwd, lab.folder) == 0;
}

/* Without a uid of its own a process belongs to the test if it was started by it, or descends from
 * what was, or from the harness itself (which adopts orphans). */
static void keep_descendants(struct pinfo *list, size_t *count)
{
    bool *ours = grab(*count * sizeof(*ours));
    pid_t self = getpid(), server = memcheck_server();
    size_t kept = 0;
    bool again = true;

    for (size_t i = 0; i < *count; i++)
        ours[i] = started_here(&list[i]) || list[i].ppid == self
                  || (lab.memcheck && list[i].pid != server && works_in_folder(list[i].pid));
    while (again) {
        again = false;
        for (size_t i = 0; i < *count; i++) {
            for (size_t k = 0; !ours[i] && k < *count; k++)
                if (ours[k] && list[k].pid == list[i].ppid)
                    again = ours[i] = true;
        }
    }
    for (size_t i = 0; i < *count; i++)
        if (ours[i] && list[i].pid != self && list[i].pid != server)
            list[kept++] = list[i];
    *count = kept;
    free(ours);
}

size_t procfs_list(struct pinfo **list)
{
    DIR *dir = opendir("/proc");
    struct dirent *e;
    size_t count = 0, room = 0;

    *list = NULL;
    if (!dir)
        broken("cannot list /proc: %s", strerror(errno));
    while ((e = readdir(dir))) {
        struct pinfo info;
        struct stat st;
        pid_t pid = (pid_t)atoi(e->d_name);

        if (pid <= 0 || pid == getpid() || under_is_tool(pid))
            continue;
        /* Cheap first: the folder belongs to the process's user, or to root if it is not dumpable. */
        if (lab.uid && (fstatat(dirfd(dir), e->d_name, &st, 0) < 0
                        || (st.st_uid != lab.uid && st.st_uid != 0)))
            continue;
        if (!procfs_info(pid, &info) || (lab.uid && info.uid != lab.uid))
            continue;
        if (count == room) {
            room = room ? 2 * room : 16;
            *list = grow(*list, room * sizeof(**list));
        }
        (*list)[count++] = info;
    }
    (void)closedir(dir);
    if (!lab.own_uid && count)
        keep_descendants(*list, &count);
    return count;
}

int procfs_fds(pid_t pid, int fds[], int max)
{
    char path[64];
    DIR *dir;
    struct dirent *e;
    int n = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    dir = opendir(path);
    if (!dir && lab.uid && geteuid() == 0) {
        (void)setfsgid(lab.uid);
        (void)setfsuid(lab.uid);
        dir = opendir(path);
        (void)setfsuid(0);
        (void)setfsgid(0);
    }
    if (!dir)
        return -1;
    while ((e = readdir(dir))) {
        if (e->d_name[0] == '.')
            continue;
        if (pid == getpid() && atoi(e->d_name) == dirfd(dir))
            continue;
        if (n < max)
            fds[n] = atoi(e->d_name);
        n++;
    }
    (void)closedir(dir);
    return n;
}

/* The families of harness.h are bits in the order of grader/explain's. */
_Static_assert(CALL_READ == 1 << FAMILY_READ && CALL_POLL == 1 << FAMILY_POLL && CALL_PAUSE == 1 << FAMILY_PAUSE
                   && CALL_LOCK == 1 << FAMILY_LOCK, "harness.h and explain/calls.h differ");

int call_family(long nr)
{
    enum call_family family = calls_family(nr);

    if (nr == SYS_splice || nr == SYS_sendfile) /* they wait at both ends */
        return CALL_READ | CALL_WRITE;
    return family == FAMILY_NONE ? 0 : 1 << family;
}

const char *call_name(long nr)
{
    const char *name = calls_name(nr);

    return name ? name : text("system call %ld", nr);
}

/* The time that a pointed-to timespec or timeval says, in ms; -1: for ever. */
static long long pointed_ms(pid_t pid, unsigned long long address, long long per_second)
{
    long long t[2];

    if (!address || !procfs_memory(pid, address, t, sizeof(t)))
        return -1;
    return t[0] * 1000 + t[1] / (per_second / 1000);
}

bool call_is_patient(pid_t pid, const struct psyscall *call)
{
    long long ms = -1;

    switch (call->nr) {
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
        return false; /* whatever it waits for, it waits by the clock */
#ifdef SYS_poll
    case SYS_poll:
        ms = (int)call->arg[2];
        break;
    case SYS_epoll_wait:
        ms = (int)call->arg[3];
        break;
    case SYS_select: /* the kernel writes the rest back only afterwards, so this is the whole */
        ms = pointed_ms(pid, call->arg[4], 1000000);
        break;
#endif
    case SYS_epoll_pwait:
        ms = (int)call->arg[3];
        break;
    case SYS_ppoll:
        ms = pointed_ms(pid, call->arg[2], 1000000000);
        break;
    case SYS_pselect6:
        ms = pointed_ms(pid, call->arg[4], 1000000000);
        break;
    case SYS_rt_sigtimedwait:
        ms = pointed_ms(pid, call->arg[2], 1000000000);
        break;
    default:
        break;
    }
    return ms < 0 || ms >= PATIENT_MS;
}
