/* SPDX-License-Identifier: MIT */
#include "util/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/vec.h"

char *folder_temporary(const char *prefix, struct err *err)
{
    const char *tmp = getenv("TMPDIR");
    char *path = xformat("%s/%s-XXXXXX", tmp && *tmp ? tmp : "/tmp", prefix);

    if (mkdtemp(path))
        return path;
    (void)err_errno(err, errno, N_("cannot make a temporary folder '%s'"), path);
    free(path);
    return NULL;
}

int folder_give(int fd, const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    CLEANUP(free_ptr) char *above = !slash ? xstrdup(".") : slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
    struct stat st;

    if (geteuid() != 0)
        return 0;
    if (stat(above, &st) < 0 || fchown(fd, st.st_uid, st.st_gid) < 0)
        return err_errno(err, errno, N_("cannot give '%s' to who owns '%s'"), path, above);
    return 0;
}

int folder_make(const char *path, struct err *err)
{
    if (mkdir(path, 0777) < 0)
        return errno == EEXIST ? 0 : err_errno(err, errno, N_("cannot make the folder '%s'"), path);
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? err_errno(err, errno, N_("cannot open the folder '%s'"), path) : folder_give(fd, path, err);
}

static int copy_file(const char *from, const char *to, const struct stat *st, struct err *err)
{
    CLEANUP(close_fd) int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    CLEANUP(close_fd) int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (in < 0 || out < 0)
        return err_errno(err, errno, N_("cannot copy '%s' to '%s'"), from, to);
    if (folder_give(out, to, err) < 0)
        return -1;
    for (off_t left = st->st_size; left > 0;) {
        ssize_t n = sendfile(out, in, NULL, (size_t)left);
        if (n <= 0)
            return err_errno(err, n < 0 ? errno : EIO, N_("cannot copy '%s' to '%s'"), from, to);
        left -= n;
    }
    return 0;
}

int folder_copy(const char *from, const char *to, struct err *err)
{
    CLEANUP(closedir_dir) DIR *d = opendir(from);

    if (!d)
        return err_errno(err, errno, N_("cannot read the folder '%s'"), from);
    if (folder_make(to, err) < 0)
        return -1;
    for (struct dirent *e; (e = readdir(d));) {
        CLEANUP(free_ptr) char *a = xformat("%s/%s", from, e->d_name);
        CLEANUP(free_ptr) char *b = xformat("%s/%s", to, e->d_name);
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (lstat(a, &st) < 0)
            return err_errno(err, errno, N_("cannot look at '%s'"), a);
        if ((S_ISDIR(st.st_mode) && folder_copy(a, b, err) < 0) || (S_ISREG(st.st_mode) && copy_file(a, b, &st, err) < 0))
            return -1;
    }
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int folder_remove(const char *path, struct err *err)
{
    return nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : err_errno(err, errno, N_("cannot remove '%s'"), path);
}
