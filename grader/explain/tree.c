/* SPDX-License-Identifier: MIT */
/* Processes as somebody at a desk sees them: with his own rights, by their names. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explain/explain.h"
#include "explain/words.h"
#include "util/cleanup.h"
#include "util/vec.h"

enum { STAT_MAX = 1024 };

static ssize_t direct_read(pid_t pid, const char *file, char *buf, size_t size)
{
    char path[400];
    size_t n = 0;
    ssize_t got = 1;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    while (n < size - 1 && (got = read(fd, buf + n, size - 1 - n)) > 0)
        n += (size_t)got;
    buf[n] = '\0';
    return got < 0 && !n ? -1 : (ssize_t)n;
}

static ssize_t direct_link(pid_t pid, const char *file, char *buf, size_t size)
{
    char path[400];
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    n = readlink(path, buf, size - 1);
    if (n >= 0)
        buf[n] = '\0';
    return n;
}

static bool direct_stat(pid_t pid, const char *file, struct stat *st)
{
    char path[400];

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    return stat(path, st) == 0;
}

static bool direct_memory(pid_t pid, unsigned long long address, void *buf, size_t size)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && pread(fd, buf, size, (off_t)address) == (ssize_t)size;
}

static int direct_fds(pid_t pid, int fds[], int max)
{
    char path[64];
    DIR *d;
    int n = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    d = opendir(path);
    if (!d)
        return -1;
    for (const struct dirent *e; (e = readdir(d));) {
        if (!isdigit((unsigned char)e->d_name[0]))
            continue;
        if (n < max)
            fds[n] = atoi(e->d_name);
        n++;
    }
    (void)closedir(d);
    return n;
}

const struct explain_access explain_direct = {direct_read, direct_link, direct_stat, direct_memory, direct_fds};

/* Under valgrind every program is called memcheck-...: its own name is the first of valgrind's
 * arguments that is no option. The caller frees it; NULL: not found. */
static char *under_valgrind(pid_t pid)
{
    char line[4096];
    ssize_t n = direct_read(pid, "cmdline", line, sizeof(line));
    const char *arg = n > 0 ? line + strlen(line) + 1 : NULL;

    while (arg && arg < line + n && *arg == '-')
        arg += strlen(arg) + 1;
    if (!arg || arg >= line + n || !*arg)
        return NULL;
    const char *slash = strrchr(arg, '/');
    return slash ? words_clean(slash + 1, strlen(slash + 1), 64) : words_clean(arg, strlen(arg), 64);
}

static bool person_of(pid_t pid, struct explain_person *p)
{
    char buf[STAT_MAX];
    const char *begin, *end;
    unsigned long long utime, stime;
    int ppid;

    if (direct_read(pid, "stat", buf, sizeof(buf)) <= 0)
        return false;
    begin = strchr(buf, '(');
    end = strrchr(buf, ')'); /* the name may contain anything */
    if (!begin || !end
        || sscanf(end + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &p->state, &ppid, &utime, &stime) != 4)
        return false;
    p->pid = pid;
    p->ppid = ppid;
    p->cpu_s = (double)(utime + stime) / (double)sysconf(_SC_CLK_TCK);
    p->name = strncmp(begin + 1, "memcheck-", 9) == 0 ? under_valgrind(pid) : NULL;
    if (!p->name)
        p->name = words_clean(begin + 1, (size_t)(end - begin - 1), 64);
    return true;
}

/* Its memory too may be looked at, not only its place in the list. */
static bool may_look(pid_t pid)
{
    int fds[1];
    char buf[256];

    return direct_fds(pid, fds, 1) >= 0 && direct_read(pid, "syscall", buf, sizeof(buf)) >= 0;
}

static struct explain_person *find(struct explain_person *list, size_t n, pid_t pid)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].pid == pid)
            return &list[i];
    return NULL;
}

size_t explain_tree(pid_t top, struct explain_person **people)
{
    DIR *d = opendir("/proc");
    struct explain_person *list = NULL, *p;
    size_t n = 0;
    bool again = true;

    *people = NULL;
    for (const struct dirent *e; d && (e = readdir(d));) {
        struct explain_person one = {.aside = true};
        if (!isdigit((unsigned char)e->d_name[0]) || atoi(e->d_name) == getpid() || !person_of((pid_t)atoi(e->d_name), &one))
            continue;
        if (one.state == 'Z' || may_look(one.pid))
            *VEC_ADD(&list, &n) = one;
        else
            free((char *)one.name);
    }
    if (d)
        (void)closedir(d);
    p = find(list, n, top);
    if (!p) {
        for (size_t i = 0; i < n; i++)
            free((char *)list[i].name);
        free(list);
        errno = ESRCH;
        return 0;
    }
    p->aside = false;
    while (again) {
        again = false;
        for (size_t i = 0; i < n; i++) {
            const struct explain_person *parent = find(list, n, list[i].ppid);
            if (!list[i].aside || !parent || parent->aside)
                continue;
            list[i].aside = false;
            list[i].child = strcmp(parent->name, list[i].name) == 0;
            again = true;
        }
    }
    *people = list;
    return n;
}
