/* SPDX-License-Identifier: MIT */
/* watch: the memory of all that students run in the box, together. Looked at every WATCH_MS while a
 * program runs: a control group is exact, but is not to be had everywhere, and does not know which
 * test it was. What tmpfs holds is limited by its size, so anonymous memory and System V segments
 * are what is added up. */
#define _GNU_SOURCE 1
#include "box/init.h"

#include "box/blame.h"
#include "util/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

enum { WATCH_MS = 100 };

/* The first 'max' bytes of a small file of /proc, as a string; false: it cannot be read. */
static bool read_proc(const char *pid, const char *name, char *text, size_t max)
{
    char path[64];
    CLEANUP(close_fd) int fd = -1;
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (n = read(fd, text, max - 1)) <= 0)
        return false;
    text[n] = '\0';
    return true;
}

/* Resident bytes that are not shared with a file. Pages shared with a parent since fork count in
 * both: an upper bound, and cheap. */
static uint64_t resident(const char *pid, uid_t uid)
{
    char text[256], *at;
    uint64_t all, shared;

    (void)uid;
    if (!read_proc(pid, "statm", text, sizeof(text)))
        return 0;
    (void)strtoull(text, &at, 10);
    all = strtoull(at, &at, 10);
    shared = strtoull(at, &at, 10);
    return (all > shared ? all - shared : 0) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Each page divided by the processes that share it: exact, and a hundred times dearer. Only its own
 * user may look there where root may not trace; if nobody may, the upper bound has to do. */
static uint64_t proportional(const char *pid, uid_t uid)
{
    char text[2048];
    const char *at;
    bool read;

    (void)setfsgid(uid);
    (void)setfsuid(uid);
    read = read_proc(pid, "smaps_rollup", text, sizeof(text));
    (void)setfsuid(0);
    (void)setfsgid(0);
    if (!read || !(at = strstr(text, "\nPss_Anon:")))
        return resident(pid, uid);
    return strtoull(at + strlen("\nPss_Anon:"), NULL, 10) * 1024;
}

/* Segments without processes belong to nobody's resident set. */
static uint64_t sysv_segments(void)
{
    char line[512];
    uint64_t sum = 0;
    CLEANUP(fclose_file) FILE *f = fopen("/proc/sysvipc/shm", "re");

    while (f && fgets(line, sizeof(line), f)) {
        unsigned long long rss = 0;
        unsigned owner = 0;
        /* key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap */
        if (sscanf(line, "%*d %*d %*o %*u %*d %*d %*d %*u %*u %u %*u %*u %*u %*u %llu", &owner, &rss) == 2 &&
            owner >= init.first_uid && owner - init.first_uid <= BOX_UID_LAST)
            sum += rss;
    }
    return sum;
}

/* The user of a process, by what root alone may change: the folder of one that is not dumpable
 * belongs to root, whoever it is. */
static bool read_uid(const char *pid, uid_t *uid)
{
    char text[1024];
    const char *at;

    if (!read_proc(pid, "status", text, sizeof(text)) || !(at = strstr(text, "\nUid:\t")))
        return false;
    *uid = (uid_t)strtoul(at + strlen("\nUid:\t"), NULL, 10);
    return true;
}

/* What all programs that are not the judge's use. */
static uint64_t add_up(uint64_t (*measure)(const char *pid, uid_t uid), blame_usage by_uid)
{
    uint64_t sum = sysv_segments();
    CLEANUP(closedir_dir) DIR *dir = opendir("/proc");
    const struct dirent *e;

    while (dir && (e = readdir(dir))) {
        uint64_t used;
        uid_t uid;

        if (!isdigit((unsigned char)e->d_name[0]) || !read_uid(e->d_name, &uid) ||
            uid <= init.first_uid || uid - init.first_uid > BOX_UID_LAST)
            continue;
        used = measure(e->d_name, uid);
        sum += used;
        by_uid[uid - init.first_uid] += used;
    }
    return sum;
}

/* The inner uid that uses most; 0: none. */
static unsigned greediest(const blame_usage used)
{
    unsigned uid = 0;

    for (unsigned i = 1; i <= BOX_UID_LAST; i++)
        if (used[i] > used[uid])
            uid = i;
    return uid;
}

static void note_kill(uid_t uid)
{
    CLEANUP(free_ptr) char *path = *init.root ? (char *)files_inner(BOX_MEMORY_PATH) : strdup(BOX_MEMORY_PATH);
    CLEANUP(close_fd) int fd = open(path ? path : "", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (fd >= 0)
        (void)dprintf(fd, "%u\n", (unsigned)uid);
}

static uint64_t kernel_kills(void)
{
    char text[512];
    ssize_t n = init.events_fd >= 0 ? pread(init.events_fd, text, sizeof(text) - 1, 0) : 0;
    const char *at;

    text[n > 0 ? n : 0] = '\0';
    at = strstr(text, "oom_kill ");
    return at ? strtoull(at + strlen("oom_kill "), NULL, 10) : 0;
}

static struct blame blame;

int watch_events(int fd)
{
    init.events_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    blame.kills = kernel_kills();
    return init.events_fd < 0 ? errno : 0;
}

static void kill_for_memory(uid_t uid)
{
    int ignored = 0;

    note_kill(uid);
    (void)spawn_kill_uid(uid, &ignored);
}

static int64_t next_ms;

void watch_soon(void)
{
    next_ms = 0;
}

int watch_memory(void)
{
    blame_usage used = {0}, exact = {0};
    const int64_t now = init_now_ms();
    bool running = false;

    for (size_t i = 0; i < WIRE_PROCS_MAX; i++)
        running |= init.procs[i].used && !init.procs[i].ended;
    if (!running && kernel_kills() == blame.kills)
        return -1;
    if (now < next_ms)
        return (int)(next_ms - now);
    next_ms = now + WATCH_MS;
    const uint64_t all = add_up(resident, used);
    unsigned uid = blame_look(&blame, used, kernel_kills(), now);
    if (!uid && all > init.memory_max && add_up(proportional, exact) > init.memory_max)
        uid = greediest(exact);
    if (uid)
        kill_for_memory(init.first_uid + uid);
    return WATCH_MS;
}
