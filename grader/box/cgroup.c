/* SPDX-License-Identifier: MIT */
/* Files: the kernel's Documentation/admin-guide/cgroup-v1/memory.rst and cgroup-v2.rst. */
#include "box/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/vec.h"

enum { REMOVE_TRIES = 100, REMOVE_MS = 10 }; /* for as long as the kernel takes apart what has ended */

/* Is 'word' one of a list, which commas, colons, blanks or line ends separate? */
static bool is_in(const char *list, size_t n, const char *word)
{
    const size_t length = strlen(word);

    for (const char *at = list; at < list + n; at += strcspn(at, ",: \n") + 1)
        if (strcspn(at, ",: \n") == length && strncmp(at, word, length) == 0)
            return true;
    return false;
}

/* The path of our group in the hierarchy: of version 1 the one with 'controller', of version 2 for "". */
static bool own_path(const char *self, const char *controller, char *path, size_t size)
{
    for (const char *line = self; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *names = strchr(line, ':');
        const char *at = names ? strchr(names + 1, ':') : NULL;
        if (!at || (*controller ? !is_in(names + 1, (size_t)(at - names - 1), controller) : at != names + 1))
            continue;
        (void)snprintf(path, size, "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
        return *path == '/';
    }
    return false;
}

bool cgroup_place(const char *mountinfo, const char *self, struct cgroup_place *place)
{
    bool found = false;

    for (const char *line = mountinfo; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        char root[256], point[256], type[32], super[256], own[256];
        const char *dash = strstr(line, " - ");

        if (!dash || sscanf(line, "%*d %*d %*s %255s %255s", root, point) != 2 ||
            sscanf(dash, " - %31s %*s %255s", type, super) != 2)
            continue;
        const bool v2 = strcmp(type, "cgroup2") == 0;
        if (!v2 && (strcmp(type, "cgroup") != 0 || !is_in(super, strlen(super), "memory")))
            continue;
        if ((v2 && found) || !own_path(self, v2 ? "" : "memory", own, sizeof(own)))
            continue;
        /* In a container the mount may begin below the hierarchy's root, and our path at it. */
        const size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);
        char *below = n && strncmp(own, root, n) == 0 ? own + n : own;
        /* Of version 2 a group that has processes has no groups with limits: so beside us. */
        char *slash = v2 ? strrchr(below, '/') : NULL;
        if (slash)
            *slash = '\0';
        if (strcmp(below, "/") == 0)
            *below = '\0';
        (void)snprintf(place->dir, sizeof(place->dir), "%s%s", point, below);
        place->v2 = v2;
        found = true;
    }
    return found;
}

static bool read_text(const char *path, char *text, size_t size)
{
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t k;

    while (fd >= 0 && n + 1 < size && (k = read(fd, text + n, size - 1 - n)) > 0)
        n += (size_t)k;
    text[n] = '\0';
    return n > 0;
}

static bool put(const struct cgroup *g, const char *file, unsigned long long value)
{
    CLEANUP(free_ptr) char *path = xformat("%s/%s", g->dir, file);
    CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && dprintf(fd, "%llu", value) > 0;
}

/* Of version 2 it depends on the group above whether ours has limits for memory at all. */
static bool is_limited(const struct cgroup_place *place)
{
    CLEANUP(free_ptr) char *path = xformat("%s/cgroup.subtree_control", place->dir);
    char text[512];

    return !place->v2 || (read_text(path, text, sizeof(text)) && is_in(text, strlen(text), "memory"));
}

static void remove_stale(const char *dir)
{
    CLEANUP(closedir_dir) DIR *d = opendir(dir);
    const struct dirent *e;
    int pid;

    while (d && (e = readdir(d)))
        if (sscanf(e->d_name, "grader-%d-", &pid) == 1 && kill(pid, 0) < 0 && errno == ESRCH)
            (void)unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR); /* not, while there is a process in it */
}

void cgroup_open(unsigned slot, size_t bytes, struct cgroup *g)
{
    char mountinfo[64 * 1024], self[4096];
    struct cgroup_place place;

    *g = (struct cgroup){0};
    if (geteuid() != 0 || !read_text("/proc/self/mountinfo", mountinfo, sizeof(mountinfo)) ||
        !read_text("/proc/self/cgroup", self, sizeof(self)) || !cgroup_place(mountinfo, self, &place) || !is_limited(&place))
        return;
    remove_stale(place.dir);
    (void)snprintf(g->dir, sizeof(g->dir), "%s/grader-%d-%u", place.dir, (int)getpid(), slot);
    g->v2 = place.v2;
    if (mkdir(g->dir, 0755) < 0 && errno != EEXIST) {
        g->dir[0] = '\0';
        return;
    }
    if (!put(g, g->v2 ? "memory.max" : "memory.limit_in_bytes", bytes)) {
        cgroup_close(g);
        return;
    }
    /* Without these files the kernel has no swap to count, or does not count it. */
    (void)put(g, g->v2 ? "memory.swap.max" : "memory.swappiness", 0);
}

void cgroup_add(struct cgroup *g, pid_t pid)
{
    if (*g->dir && !put(g, "cgroup.procs", (unsigned long long)pid))
        cgroup_close(g);
}

int cgroup_events(const struct cgroup *g)
{
    CLEANUP(free_ptr) char *path = xformat("%s/%s", g->dir, g->v2 ? "memory.events" : "memory.oom_control");

    return *g->dir ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

void cgroup_close(struct cgroup *g)
{
    for (int i = 0; *g->dir && i < REMOVE_TRIES && rmdir(g->dir) < 0 && errno == EBUSY; i++)
        (void)poll(NULL, 0, REMOVE_MS);
    g->dir[0] = '\0';
}
