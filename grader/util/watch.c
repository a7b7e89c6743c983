/* SPDX-License-Identifier: MIT */
#include "util/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/vec.h"

enum { DEPTH_MAX = 8 };

static const unsigned mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ONLYDIR | IN_EXCL_UNLINK;

/* A folder that is watched already keeps its watch: adding it again changes nothing. */
static void add_tree(int fd, const char *path, int depth)
{
    CLEANUP(closedir_dir) DIR *d = opendir(path);

    if (!d || inotify_add_watch(fd, path, mask) < 0)
        return;
    for (struct dirent *e; depth < DEPTH_MAX && (e = readdir(d));) {
        struct stat st;
        if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
            continue;
        CLEANUP(free_ptr) char *sub = xformat("%s/%s", path, e->d_name);
        add_tree(fd, sub, depth + 1);
    }
}

static void add_all(int fd, const char *dir, const char *const folders[])
{
    for (size_t i = 0; folders[i]; i++) {
        CLEANUP(free_ptr) char *path = xformat("%s/%s", dir, folders[i]);
        add_tree(fd, path, 0);
    }
}

int watch_open(const char *dir, const char *const folders[], int *fd, struct err *err)
{
    CLEANUP(close_fd) int new = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    if (new < 0)
        return err_errno(err, errno, N_("cannot watch for saved files"));
    if (inotify_add_watch(new, dir, mask) < 0)
        return err_errno(err, errno, N_("cannot watch the folder '%s'"), dir);
    add_all(new, dir, folders);
    *fd = take_fd(&new);
    return 0;
}

/* Not what editors keep beside a file: .lab05.c.swp, #lab05.c#, lab05.c~ */
static bool is_source(const char *name)
{
    const size_t n = strlen(name);

    return n > 2 && name[0] != '.' && name[0] != '#' && name[n - 2] == '.' && (name[n - 1] == 'c' || name[n - 1] == 'h');
}

char *watch_take(int fd, const char *dir, const char *const folders[])
{
    _Alignas(struct inotify_event) char block[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
    char *saved = NULL;
    bool folder = false;

    for (ssize_t n; (n = read(fd, block, sizeof(block))) > 0;)
        for (char *p = block; p < block + n;) {
            const struct inotify_event *e = (const struct inotify_event *)p;
            p += sizeof(*e) + e->len;
            folder |= (e->mask & IN_ISDIR) != 0;
            const bool lost = (e->mask & IN_Q_OVERFLOW) != 0; /* too much at once: whatever it was */
            if (!lost && (!e->len || (e->mask & (IN_ISDIR | IN_CREATE)) || !is_source(e->name)))
                continue;
            free(saved);
            saved = xstrdup(lost ? "..." : e->name);
        }
    if (folder) {
        add_all(fd, dir, folders);
        if (!saved)
            saved = xstrdup("..."); /* it may have come with files in it */
    }
    return saved;
}
