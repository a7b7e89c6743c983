/* SPDX-License-Identifier: MIT */
/* files: the test's folder. It belongs to the student, who may have put a link anywhere: nothing
 * here follows one. */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

mode_t file_kind(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 ? st.st_mode & S_IFMT : 0;
}

void make_file(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    const char *b = bytes;
    size_t done = 0;

    while (fd >= 0 && done < size) {
        ssize_t n = write(fd, b + done, size - done);

        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    if (fd < 0 || done < size || (lab.uid && fchown(fd, lab.uid, lab.uid) < 0))
        broken("cannot make '%s': %s", path, strerror(errno));
    (void)close(fd);
    audit_note_ours(path);
}

const char *file_text(const char *path, size_t *size)
{
    /* non-blocking: where a file should be, a FIFO must not stop the test */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    char *s;
    size_t n = 0;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        fail_signed(KIND_STATE, text("no file %s", path), "there is no file '%s'", path);
    if (st.st_size > OUTPUT_MAX)
        fail_signed(KIND_BYTES, text("huge file %s", path), "'%s' is larger than %d MiB", path,
                    OUTPUT_MAX / 1024 / 1024);
    s = grab((size_t)st.st_size + 1);
    while (n < (size_t)st.st_size) {
        ssize_t got = read(fd, s + n, (size_t)st.st_size - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    (void)close(fd);
    if (size)
        *size = n;
    return s;
}
