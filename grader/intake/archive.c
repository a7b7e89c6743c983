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

/* One record of the stream. */
struct record {
    char kind;         /* 'F', 'D', 'B', 'R', or 'E' */
    char *path;        /* F and D: as rules_path leaves it */
    const char *data;  /* F: in the stream */
    size_t data_n;
    struct rejection why; /* B and R */
};

static void record_release(struct record *r)
{
    free(r->path);
    rejection_release(&r->why);
    *r = (struct record){0};
}

static bool take_path(const char *s, size_t n, struct record *r)
{
    char clean[INTAKE_PATH_MAX + 1];

    if (n > INTAKE_PATH_MAX)
        return false;
    r->path = xstrndup(s, n);
    return strlen(r->path) == n && rules_path(r->path, clean) == WHY_NONE && strcmp(r->path, clean) == 0;
}

/* How long the record at the beginning of 's' is. 0: it is none, or not whole. The caller releases *r. */
static size_t read_record(const char *s, size_t n, struct record *r)
{
    size_t numbers[3] = {0}, head;

    r->kind = n ? s[0] : 0;
    switch (r->kind) {
    case 'E':
        return n == 2 && s[1] == '\n' ? 2 : 0;
    case 'F':
        head = parse_head(s, n, 'F', numbers, 2);
        if (!head || n - head < numbers[0] || n - head - numbers[0] < numbers[1] || !take_path(s + head, numbers[0], r))
            return 0;
        r->data = s + head + numbers[0];
        r->data_n = numbers[1];
        return head + numbers[0] + numbers[1];
    case 'D':
        head = parse_head(s, n, 'D', numbers, 1);
        return head && n - head >= numbers[0] && take_path(s + head, numbers[0], r) ? head + numbers[0] : 0;
    case 'B':
    case 'R':
        head = parse_head(s, n, r->kind, numbers, 3);
        if (!head || numbers[0] == WHY_NONE || numbers[0] >= WHY_N || n - head < numbers[1] ||
            n - head - numbers[1] < numbers[2])
            return 0;
        r->why = (struct rejection){
            .why = (enum rejection_why)numbers[0],
            .entry = numbers[1] ? xstrndup(s + head, numbers[1]) : NULL,
            .detail = numbers[2] ? xstrndup(s + head + numbers[1], numbers[2]) : NULL,
        };
        return head + numbers[1] + numbers[2];
    default:
        return 0;
    }
}

bool archive_read_stream(const char *s, size_t n, struct submission *sub)
{
    size_t total = 0;

    while (n) {
        CLEANUP(record_release) struct record r = {0};
        const size_t used = read_record(s, n, &r);
        if (!used)
            return false;
        if (r.kind == 'E')
            return true;
        if (r.kind == 'R') {
            (void)intake_reject(sub, r.why.why, r.why.entry, r.why.detail);
            return used == n;
        }
        if (r.kind != 'F' || r.data_n > INTAKE_FILE_MAX || (total += r.data_n) > INTAKE_TOTAL_MAX ||
            sub->files_n >= INTAKE_ENTRIES_MAX || !rules_is_source(r.path))
            return false;
        struct submission_file *f = VEC_ADD(&sub->files, &sub->files_n);
        f->path = take_ptr(&r.path);
        f->data = xcalloc(r.data_n + 1, 1);
        memcpy(f->data, r.data, r.data_n);
        f->size = r.data_n;
        s += used;
        n -= used;
    }
    return false; /* it broke off */
}

int archive_read_class_stream(const char *s, size_t n, const struct archive_sink *sink, struct rejection *why, struct err *err)
{
    size_t total = 0, entries = 0;
    int status = 0;

    while (n && status == 0) {
        CLEANUP(record_release) struct record r = {0};
        const size_t used = read_record(s, n, &r);
        if (!used || (total += r.data_n) > INTAKE_CLASS_HAND_INS_MAX || ++entries > INTAKE_CLASS_ENTRIES_MAX + 1)
            break;
        s += used;
        n -= used;
        if (r.kind == 'E')
            return 0;
        if (r.kind == 'R') {
            *why = r.why;
            r.why = (struct rejection){0};
            return 0;
        }
        status = r.kind == 'B'   ? sink->refused(sink->ctx, &r.why, err)
                 : r.kind == 'D' ? sink->folder(sink->ctx, r.path, err)
                                 : sink->file(sink->ctx, r.path, r.data, r.data_n, err);
    }
    return status < 0 ? -1 : 1;
}

static int run_unpacker(struct box *box, bool class, int archive, int out, struct proc_result *res, struct err *err)
{
    static const struct proc_limits one = {.wall_ms = 30000, .cpu_s = 10, .fsize_bytes = 64ULL << 20, .as_bytes = 1ULL << 30};
    static const struct proc_limits many = {.wall_ms = 300000, .cpu_s = 120, .fsize_bytes = 600ULL << 20, .as_bytes = 1ULL << 30};
    const char *const argv[] = {"/peers/unpack", class ? "class" : NULL, NULL};
    static const char *const env[] = {"LC_ALL=C.UTF-8", NULL};
    const int fds[3] = {archive, out, -1};
    const struct proc_spec spec = {
        .argv = argv, .env = env, .uid = BOX_BUILDER, .fds = fds, .nfds = 3, .limits = class ? many : one,
    };

    return box_put_mem(box, argv[0], intake_unpack_image, (size_t)(intake_unpack_image_end - intake_unpack_image), 0755,
                       BOX_JUDGE, err) < 0
               ? -1
               : box_run(box, &spec, res, err);
}

/* What the unpacker wrote, and how it ended. */
struct unpacked {
    const char *stream;
    size_t n;
    struct proc_result res;
};

static void unpacked_release(struct unpacked *u)
{
    if (u->n)
        (void)munmap((char *)u->stream, u->n);
    *u = (struct unpacked){0};
}

static bool ended_well(const struct unpacked *u)
{
    return u->res.end == PROC_EXITED && u->res.code == 0;
}

static int run_in_box(const char *path, enum box_mode mode, bool class, int archive, struct unpacked *u, struct err *err)
{
    CLEANUP(close_fd) int out = memfd_create("unpacked", MFD_CLOEXEC);
    struct box *box = NULL;
    struct stat st;

    if (out < 0)
        return err_errno(err, errno, "cannot make a memfd");
    if (box_open(&(struct box_spec){.mode = mode}, &box, err) < 0)
        return -1;
    int status = run_unpacker(box, class, archive, out, &u->res, err);
    box_close(box);
    if (status < 0)
        return err_wrap(err, N_("cannot unpack '%s'"), path);
    if (fstat(out, &st) < 0)
        return err_errno(err, errno, N_("cannot read what was unpacked"));
    if (!st.st_size)
        return 0;
    u->stream = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, out, 0);
    if (u->stream == MAP_FAILED)
        return err_errno(err, errno, N_("cannot read what was unpacked"));
    u->n = (size_t)st.st_size;
    return 0;
}

/* 0: it is in *u, which the caller releases, or *why says why not. */
static int unpack_file(const char *path, enum box_mode mode, bool class, struct unpacked *u, struct rejection *why, struct err *err)
{
    CLEANUP(close_fd) int archive = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (archive < 0 || fstat(archive, &st) < 0) {
        *why = (struct rejection){.why = WHY_UNREADABLE, .entry = xstrdup(path), .detail = xstrdup(strerrordesc_np(errno))};
        return 0;
    }
    if (st.st_size > (class ? INTAKE_CLASS_MAX : INTAKE_ARCHIVE_MAX)) {
        why->why = class ? WHY_BULK : WHY_ARCHIVE_LARGE;
        return 0;
    }
    return run_in_box(path, mode, class, archive, u, err);
}

static struct rejection broke_off(const struct unpacked *u)
{
    char how[128];

    proc_describe(&u->res, how, sizeof(how));
    return (struct rejection){.why = WHY_LIMITS, .detail = xstrdup(how)};
}

int archive_read_sources(const char *path, enum box_mode mode, struct submission *s, struct err *err)
{
    CLEANUP(unpacked_release) struct unpacked u = {0};
    CLEANUP(rejection_release) struct rejection why = {0};

    if (unpack_file(path, mode, false, &u, &why, err) < 0)
        return -1;
    if (why.why == WHY_NONE && !(ended_well(&u) && archive_read_stream(u.stream, u.n, s)))
        why = broke_off(&u);
    if (why.why != WHY_NONE)
        (void)intake_reject(s, why.why, why.entry, why.detail);
    return 0;
}

int archive_read_class(const char *path, enum box_mode mode, const struct archive_sink *sink, struct rejection *why,
                       struct err *err)
{
    CLEANUP(unpacked_release) struct unpacked u = {0};

    if (unpack_file(path, mode, true, &u, why, err) < 0)
        return -1;
    if (why->why != WHY_NONE)
        return 0;
    const int whole = ended_well(&u) ? archive_read_class_stream(u.stream, u.n, sink, why, err) : 1;
    if (whole > 0)
        *why = broke_off(&u);
    return whole < 0 ? -1 : 0;
}
