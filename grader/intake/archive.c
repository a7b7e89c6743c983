/* SPDX-License-Identifier: MIT */
#include "intake/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intake/rules.h"
#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/vec.h"

extern const char intake_unpack_image[], intake_unpack_image_end[]; /* unpack_image.S */

/* "F 12 345\n" -> 12, 345: 'n' numbers of at most 9 digits after 'kind'. How many bytes that was; 0:
 * something else. */
static size_t parse_head(const char *s, size_t len, char kind, size_t *numbers, size_t n)
{
    size_t at = 1;

    if (!len || s[0] != kind)
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (at >= len || s[at++] != ' ')
            return 0;
        numbers[i] = 0;
        const size_t first = at;
        while (at < len && at - first < 9 && s[at] >= '0' && s[at] <= '9')
            numbers[i] = numbers[i] * 10 + (size_t)(s[at++] - '0');
        if (at == first)
            return 0;
    }
    return at < len && s[at] == '\n' ? at + 1 : 0;
}

static bool read_refusal(const char *s, const size_t numbers[3], size_t n, struct submission *sub)
{
    if (numbers[0] == WHY_NONE || numbers[0] >= WHY_N || numbers[1] > n || numbers[2] != n - numbers[1])
        return false;
    CLEANUP(free_ptr) char *entry = numbers[1] ? xstrndup(s, numbers[1]) : NULL;
    CLEANUP(free_ptr) char *detail = numbers[2] ? xstrndup(s + numbers[1], numbers[2]) : NULL;
    (void)intake_reject(sub, (enum rejection_why)numbers[0], entry, detail);
    return true;
}

bool archive_read_stream(const char *s, size_t n, struct submission *sub)
{
    char clean[INTAKE_PATH_MAX + 1];
    size_t numbers[3] = {0}, head, total = 0;

    while (n) {
        if (n == 2 && memcmp(s, "E\n", 2) == 0)
            return true;
        if ((head = parse_head(s, n, 'R', numbers, 3)) > 0)
            return read_refusal(s + head, numbers, n - head, sub);
        head = parse_head(s, n, 'F', numbers, 2);
        const size_t path_n = numbers[0], data_n = numbers[1];
        if (!head || path_n > INTAKE_PATH_MAX || data_n > INTAKE_FILE_MAX || n - head < path_n ||
            n - head - path_n < data_n || (total += data_n) > INTAKE_TOTAL_MAX || sub->files_n >= INTAKE_ENTRIES_MAX)
            return false;
        CLEANUP(free_ptr) char *path = xstrndup(s + head, path_n);
        if (strlen(path) != path_n || rules_path(path, clean) != WHY_NONE || strcmp(path, clean) != 0 || !rules_is_source(path))
            return false;
        struct submission_file *f = VEC_ADD(&sub->files, &sub->files_n);
        f->path = take_ptr(&path);
        f->data = xcalloc(data_n + 1, 1);
        memcpy(f->data, s + head + path_n, data_n);
        f->size = data_n;
        s += head + path_n + data_n;
        n -= head + path_n + data_n;
    }
    return false; /* it broke off */
}

static int run_unpacker(struct box *box, int archive, int out, struct proc_result *res, struct err *err)
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

    if (archive < 0 || fstat(archive, &st) < 0) {
        (void)intake_reject(s, WHY_UNREADABLE, path, strerrordesc_np(errno));
        return 0;
    }
    if (out < 0)
        return err_errno(err, errno, "cannot make a memfd");
    if (st.st_size > INTAKE_ARCHIVE_MAX) {
        (void)intake_reject(s, WHY_ARCHIVE_LARGE, NULL, NULL);
        return 0;
    }
    if (box_open(&(struct box_spec){.mode = mode}, &box, err) < 0)
        return -1;
    int status = run_unpacker(box, archive, out, &res, err);
    box_close(box);
    if (status < 0)
        return err_wrap(err, N_("cannot unpack '%s'"), path);
    if (fstat(out, &st) < 0)
        return err_errno(err, errno, N_("cannot read what was unpacked"));
    char *stream = st.st_size ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, out, 0) : NULL;
    if (stream == MAP_FAILED)
        return err_errno(err, errno, N_("cannot read what was unpacked"));
    const bool whole = res.end == PROC_EXITED && res.code == 0 &&
                       archive_read_stream(stream, (size_t)st.st_size, s);
    if (stream)
        (void)munmap(stream, (size_t)st.st_size);
    if (!whole) {
        char how[128];
        proc_describe(&res, how, sizeof(how));
        (void)intake_reject(s, WHY_LIMITS, NULL, how);
    }
    return 0;
}
