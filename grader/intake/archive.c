/* SPDX-License-Identifier: MIT */
#include "intake/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intake/limits.h"
#include "util/cleanup.h"
#include "util/text.h"
#include "util/vec.h"

extern const char intake_unpack_image[], intake_unpack_image_end[]; /* unpack_image.S */

/* "F 12 345\n" -> 12, 345. How many bytes that was; 0: something else. */
static size_t parse_head(const char *s, size_t n, char kind, size_t *a, size_t *b)
{
    const char *eol = memchr(s, '\n', n < 64 ? n : 64);
    char *end;

    if (!eol || n < 4 || s[0] != kind || s[1] != ' ')
        return 0;
    *a = strtoul(s + 2, &end, 10);
    if (b && *end == ' ')
        *b = strtoul(end + 1, &end, 10);
    return end == eol && *a <= INTAKE_TOTAL_MAX && (!b || *b <= INTAKE_FILE_MAX) ? (size_t)(eol - s) + 1 : 0;
}

/* The unpacker is half hostile: it has read what the student sent. False: this is not its format. */
static bool read_stream(const char *s, size_t n, struct submission *sub)
{
    size_t path_n = 0, data_n = 0, head;

    while (n) {
        if (n == 2 && memcmp(s, "E\n", 2) == 0)
            return true;
        if ((head = parse_head(s, n, 'R', &path_n, NULL)) > 0 && path_n == n - head) {
            CLEANUP(free_ptr) char *why = xstrndup(s + head, path_n);
            intake_reject(sub, "%s", why);
            return true;
        }
        head = parse_head(s, n, 'F', &path_n, &data_n);
        if (!head || path_n > INTAKE_PATH_MAX || n - head < path_n || n - head - path_n < data_n ||
            sub->files_n >= INTAKE_ENTRIES_MAX || memchr(s + head, '\0', path_n))
            return false;
        struct submission_file *f = VEC_ADD(&sub->files, &sub->files_n);
        f->path = xstrndup(s + head, path_n);
        f->data = xcalloc(data_n + 1, 1);
        memcpy(f->data, s + head + path_n, data_n);
        f->size = data_n;
        s += head + path_n + data_n;
        n -= head + path_n + data_n;
    }
    return false; /* it broke off */
}

static int unpack(struct box *box, int archive, int out, struct proc_result *res, struct err *err)
{
    static const char *const argv[] = {"/peers/unpack", NULL};
    static const char *const env[] = {"LC_ALL=C.UTF-8", NULL};
    const int fds[3] = {archive, out, -1};
    const struct proc_spec spec = {
        .argv = argv, .env = env, .uid = BOX_BUILDER, .fds = fds, .nfds = 3,
        .limits = {.wall_ms = 30000, .cpu_s = 10, .fsize_bytes = 64ULL << 20, .as_bytes = 1ULL << 30},
    };

    return box_put_mem(box, argv[0], intake_unpack_image, (size_t)(intake_unpack_image_end - intake_unpack_image), 0755,
                       BOX_JUDGE, err) < 0
               ? -1
               : box_run(box, &spec, res, err);
}

int archive_read_sources(const char *path, enum box_mode mode, struct submission *s, struct err *err)
{
    CLEANUP(close_fd) int archive = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    CLEANUP(close_fd) int out = memfd_create("sources", MFD_CLOEXEC);
    struct box *box = NULL;
    struct proc_result res;
    struct stat st;

    if (archive < 0 || fstat(archive, &st) < 0)
        return err_errno(err, errno, "cannot open the submission '%s'", path);
    if (out < 0)
        return err_errno(err, errno, "cannot make a memfd");
    if (st.st_size > INTAKE_ARCHIVE_MAX) {
        intake_reject(s, "the archive is larger than %d bytes", INTAKE_ARCHIVE_MAX);
        return 0;
    }
    if (box_open(&(struct box_spec){.mode = mode}, &box, err) < 0)
        return -1;
    int status = unpack(box, archive, out, &res, err);
    box_close(box);
    if (status < 0)
        return err_wrap(err, "cannot unpack '%s'", path);
    if (fstat(out, &st) < 0)
        return err_errno(err, errno, "cannot read what was unpacked");
    char *stream = st.st_size ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, out, 0) : NULL;
    if (stream == MAP_FAILED)
        return err_errno(err, errno, "cannot read what was unpacked");
    const bool whole = res.end == PROC_EXITED && res.code == 0 && read_stream(stream, (size_t)st.st_size, s);
    if (stream)
        (void)munmap(stream, (size_t)st.st_size);
    if (!whole) {
        char how[128];
        proc_describe(&res, how, sizeof(how));
        intake_reject(s, "the archive cannot be unpacked within its limits (%s)", how);
    }
    return 0;
}
