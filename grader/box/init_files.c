/* SPDX-License-Identifier: MIT */
/* Files of the box, touched by init with its rights and in a place where students may have laid
 * traps: links instead of folders, FIFOs instead of files, files that grow. So every folder on the
 * way is opened without following links, and the last name is used relative to that descriptor. */
#define _GNU_SOURCE 1
#include "box/init.h"
#include "util/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static bool has_dotdot(const char *path)
{
    for (const char *p = path; (p = strstr(p, "..")); p += 2)
        if ((p == path || p[-1] == '/') && (p[2] == '/' || p[2] == '\0'))
            return true;
    return false;
}

const char *files_inner(const char *path)
{
    static const char *const own[] = {"/judge", "/sub", "/peers", "/tests", "/vg", BOX_INIT_PATH};
    char *inner;

    for (size_t i = 0; *init.root && i < sizeof(own) / sizeof(own[0]); i++) {
        size_t n = strlen(own[i]);

        if (strncmp(path, own[i], n) != 0 || !strchr("/=:", path[n])) /* finds the NUL too */
            continue;
        inner = malloc(strlen(init.root) + strlen(path) + 1);
        if (inner)
            (void)stpcpy(stpcpy(inner, init.root), path);
        return inner ? inner : path;
    }
    return path;
}

/* Without namespaces the rest of the machine is there as well, and not the box's to change. */
static bool is_foreign(const char *path)
{
    return *init.root && path[0] == '/' && strncmp(path, "/tmp/", 5) != 0 &&
           strncmp(path, "/dev/shm/", 9) != 0;
}

/* -1 with errno */
static int open_inner(const char *path, uint64_t flags)
{
    struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};

    if (path[0] != '/' || has_dotdot(path)) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

static int open_plain(const char *path, uint64_t flags)
{
    const char *inner = files_inner(path);
    CLEANUP(free_ptr) char *changed = inner == path ? NULL : (char *)inner;

    (void)changed;
    return open_inner(inner, flags);
}

/* The folder of 'path', to change something in it, and its last name. -1 with errno. */
static int open_parent(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/'), *inner = files_inner(path);
    CLEANUP(free_ptr) char *changed = inner == path ? NULL : (char *)inner;
    char dir[4096];
    size_t n;

    if (!inner || !slash || !slash[1] || strcmp(slash, "/.") == 0 || strcmp(slash, "/..") == 0) {
        errno = EINVAL;
        return -1;
    }
    if (!changed && is_foreign(path)) {
        errno = EROFS;
        return -1;
    }
    *name = slash + 1;
    n = strlen(inner) - strlen(slash); /* the last names are the same */
    n = n ? n : 1;
    if (n >= sizeof(dir)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(dir, inner, n);
    dir[n] = '\0';
    return open_inner(dir, O_PATH | O_DIRECTORY);
}

static int set_owner(int fd, mode_t mode, uid_t uid)
{
    /* the owner first: changing it takes set-id bits away */
    return fchown(fd, init_inner_uid(uid), init_inner_uid(uid)) < 0 || fchmod(fd, mode) < 0 ? errno : 0;
}

int files_mkdir(const char *path, mode_t mode, uid_t uid)
{
    const char *name;
    CLEANUP(close_fd) int dir = open_parent(path, &name);
    CLEANUP(close_fd) int made = -1;

    if (dir < 0 || mkdirat(dir, name, 0700) < 0)
        return errno;
    made = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return made < 0 ? errno : set_owner(made, mode, uid);
}

/* Up to n bytes from the start of 'from'. 0 or errno. */
static int copy(int from, int to, off_t n)
{
    off_t at = 0;

    while (at < n) {
        ssize_t k = sendfile(to, from, &at, (size_t)(n - at));

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return errno;
        if (k == 0) /* it has become shorter */
            break;
    }
    return 0;
}

int files_put(const char *path, int from, mode_t mode, uid_t uid)
{
    const char *name;
    CLEANUP(close_fd) int dir = open_parent(path, &name);
    CLEANUP(close_fd) int made = -1;
    struct stat st;
    int failed;

    if (dir < 0 || fstat(from, &st) < 0)
        return errno;
    if (!S_ISREG(st.st_mode))
        return EINVAL;
    if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
        return errno;
    made = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (made < 0)
        return errno;
    failed = copy(from, made, st.st_size);
    if (!failed)
        failed = set_owner(made, mode, uid);
    if (failed)
        (void)unlinkat(dir, name, 0); /* half a file is worse than none */
    return failed;
}

int files_symlink(const char *path, const char *target)
{
    const char *name;
    CLEANUP(close_fd) int dir = open_parent(path, &name);

    return dir < 0 || symlinkat(target, dir, name) < 0 ? errno : 0;
}

int files_chown(const char *path, uid_t uid)
{
    const char *name;
    CLEANUP(close_fd) int dir = open_parent(path, &name);

    uid = init_inner_uid(uid);
    return dir < 0 || fchownat(dir, name, uid, (gid_t)uid, AT_SYMLINK_NOFOLLOW) < 0 ? errno : 0;
}

int files_unlink(const char *path)
{
    const char *name;
    CLEANUP(close_fd) int dir = open_parent(path, &name);

    return dir < 0 || unlinkat(dir, name, 0) < 0 ? errno : 0;
}

static int seal(int fd)
{
    if (lseek(fd, 0, SEEK_SET) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        return errno;
    return 0;
}

int files_get(const char *path, uint64_t max, int *fd)
{
    CLEANUP(close_fd) int from = open_plain(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    CLEANUP(close_fd) int to = -1;
    struct stat st;
    int failed;

    if (from < 0)
        return errno == ENXIO ? EINVAL : errno; /* ENXIO: a socket */
    if (fstat(from, &st) < 0)
        return errno;
    if (!S_ISREG(st.st_mode))
        return EINVAL;
    if ((uint64_t)st.st_size > max)
        return EFBIG;
    to = memfd_create("box", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (to < 0)
        return errno;
    failed = copy(from, to, st.st_size);
    if (!failed)
        failed = seal(to);
    if (!failed)
        *fd = take_fd(&to);
    return failed;
}

int files_list(const char *path, uint64_t max, int *fd, struct wire_reply *reply)
{
    CLEANUP(close_fd) int from = open_plain(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    CLEANUP(close_fd) int to = -1;
    CLEANUP(closedir_dir) DIR *dir = NULL;
    const struct dirent *e;
    int failed;

    if (from < 0 || !(dir = fdopendir(from)))
        return errno;
    (void)take_fd(&from); /* closedir closes it */
    to = memfd_create("box", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (to < 0)
        return errno;
    while (errno = 0, (e = readdir(dir))) {
        size_t n = strlen(e->d_name) + 1;

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (reply->value == max) {
            reply->more = 1;
            break;
        }
        if (write(to, e->d_name, n) != (ssize_t)n)
            return errno ? errno : ENOSPC;
        reply->value++;
    }
    if (!e && errno)
        return errno;
    failed = seal(to);
    if (!failed)
        *fd = take_fd(&to);
    return failed;
}

int files_listen(const char *name, int *fd)
{
    const char *path = files_inner(name);
    CLEANUP(free_ptr) char *changed = path == name ? NULL : (char *)path;
    CLEANUP(close_fd) int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    mode_t before;
    int bound;

    (void)changed;
    if (s < 0)
        return errno;
    if (strlen(path) >= sizeof(sa.sun_path))
        return ENAMETOOLONG;
    memcpy(sa.sun_path, path, strlen(path) + 1);
    before = umask(0177);
    bound = bind(s, (struct sockaddr *)&sa, sizeof(sa));
    (void)umask(before);
    if (bound < 0 || listen(s, SOMAXCONN) < 0)
        return errno;
    *fd = take_fd(&s);
    return 0;
}

int files_load_filter(const char *path, struct sock_filter **filter, unsigned short *len)
{
    CLEANUP(close_fd) int fd = open_plain(path, O_RDONLY);
    CLEANUP(free_ptr) struct sock_filter *loaded = NULL;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return errno;
    if (st.st_size <= 0 || (size_t)st.st_size % sizeof(*loaded) ||
        (size_t)st.st_size / sizeof(*loaded) > BPF_MAXINSNS)
        return EINVAL;
    loaded = malloc((size_t)st.st_size);
    if (!loaded)
        return ENOMEM;
    if (read(fd, loaded, (size_t)st.st_size) != st.st_size)
        return EIO;
    free(*filter);
    *len = (unsigned short)((size_t)st.st_size / sizeof(*loaded));
    *filter = take_ptr(&loaded);
    return 0;
}
