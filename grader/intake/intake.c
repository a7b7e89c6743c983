/* SPDX-License-Identifier: MIT */
#include "intake/intake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intake/archive.h"
#include "intake/rules.h"
#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/text.h"

struct walk {
    struct submission *s;
    size_t entries, total; /* seen, bytes read */
    char *link, *nested;   /* the first link and the first archive that were passed over */
};

static void walk_release(struct walk *w)
{
    free(w->link);
    free(w->nested);
}

bool intake_reject(struct submission *s, enum rejection_why why, const char *entry, const char *detail)
{
    if (s->rejected)
        return false;
    s->why = (struct rejection){.why = why, .entry = xstrdup(entry), .detail = xstrdup(detail)};
    s->rejected = rejection_sentence(&s->why, false);
    return false;
}

/* Into f->data. What is read is what there was to read: a file that another process writes to
 * meanwhile is no submission. */
static bool read_all(struct walk *w, int fd, const char *path, const struct stat *before, struct submission_file *f)
{
    const size_t room = (size_t)before->st_size + 1; /* one more, to see that it has not grown */
    struct stat after;

    f->data = xcalloc(room, 1);
    while (f->size < room) {
        const ssize_t n = read(fd, f->data + f->size, room - f->size);
        if (n < 0)
            return intake_reject(w->s, WHY_UNREADABLE, path, strerrordesc_np(errno));
        if (n == 0)
            break;
        f->size += (size_t)n;
    }
    if (f->size != (size_t)before->st_size || fstat(fd, &after) < 0 || after.st_size != before->st_size ||
        after.st_mtim.tv_sec != before->st_mtim.tv_sec || after.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
        return intake_reject(w->s, WHY_CHANGED, path, NULL);
    return true;
}

static void read_file(struct walk *w, int dir, const char *name, int flags, const char *path)
{
    /* O_NONBLOCK, O_NOCTTY: it may have become a FIFO or a terminal since it was looked at. */
    CLEANUP(close_fd) int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        if (errno == ELOOP)
            (void)intake_reject(w->s, WHY_LINK, path, NULL);
        else
            (void)intake_reject(w->s, WHY_UNREADABLE, path, strerrordesc_np(errno));
        return;
    }
    if (!S_ISREG(st.st_mode)) {
        (void)intake_reject(w->s, WHY_SPECIAL, path, NULL);
        return;
    }
    if (st.st_size > INTAKE_FILE_MAX || w->total + (size_t)st.st_size > INTAKE_TOTAL_MAX) {
        (void)intake_reject(w->s, st.st_size > INTAKE_FILE_MAX ? WHY_LARGE : WHY_TOTAL, path, NULL);
        return;
    }
    struct submission_file *f = VEC_ADD(&w->s->files, &w->s->files_n);
    f->path = xstrdup(path);
    if (read_all(w, fd, path, &st, f))
        w->total += f->size;
}

static void walk_folder(struct walk *w, int parent, const char *name, const char *path);

/* One entry of a folder. Each step of the way is opened by its own name below the descriptor of the
 * one before, never through a link: nothing that is swapped meanwhile leads out (as openat2's
 * RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, and on every kernel). */
static void take_entry(struct walk *w, int dir, const char *name, const char *path)
{
    char clean[INTAKE_PATH_MAX + 1];
    struct stat st;
    enum rejection_why bad;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        (void)intake_reject(w->s, errno == ENOENT ? WHY_CHANGED : WHY_UNREADABLE, path, strerrordesc_np(errno));
    } else if (S_ISDIR(st.st_mode) || rules_is_source(name)) {
        bad = rules_path(path, clean);
        if (bad != WHY_NONE)
            (void)intake_reject(w->s, bad, path, NULL);
        else if (S_ISDIR(st.st_mode))
            walk_folder(w, dir, name, path);
        else if (S_ISREG(st.st_mode))
            read_file(w, dir, name, O_NOFOLLOW, path);
        else /* opening a device can do something */
            (void)intake_reject(w->s, S_ISLNK(st.st_mode) ? WHY_LINK : WHY_SPECIAL, path, NULL);
    } else if (S_ISLNK(st.st_mode) && !w->link) {
        w->link = xstrdup(path);
    } else if (S_ISREG(st.st_mode) && !w->nested && rules_is_archive(name)) {
        w->nested = xstrdup(path);
    }
}

static void walk_folder(struct walk *w, int parent, const char *name, const char *path)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (!d) {
        (void)intake_reject(w->s, WHY_UNREADABLE, *path ? path : name, strerrordesc_np(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *e; !w->s->rejected && (e = readdir(d));) {
        if (++w->entries > INTAKE_ENTRIES_MAX)
            (void)intake_reject(w->s, WHY_ENTRIES, NULL, NULL);
        if (w->s->rejected || rules_is_noise(e->d_name))
            continue;
        CLEANUP(free_ptr) char *sub = xformat("%s%s%s", path, *path ? "/" : "", e->d_name);
        take_entry(w, fd, e->d_name, sub);
    }
    closedir(d);
}

static size_t depth_of(const char *path, size_t n)
{
    size_t depth = 0;

    for (size_t i = 0; i < n; i++)
        depth += path[i] == '/';
    return depth;
}

/* Where the submission begins: the prefix before "src/lab05.c", or, for someone who handed in the
 * files alone, the folder that holds "lab05.c". The one nearest to the top is meant; two equally
 * near are rejected. 'flat' says which it was. NULL: there is none. */
static char *find_top(struct submission *s, const char *library, bool *flat)
{
    const char *slash = strrchr(library, '/');
    const char *wanted[2] = {library, slash ? slash + 1 : library};

    for (int f = 0; f < 2; f++) {
        const char *best = NULL, *rival = NULL;
        size_t n = strlen(wanted[f]), best_n = 0;
        for (size_t i = 0; i < s->files_n; i++) {
            const char *p = s->files[i].path;
            size_t len = strlen(p);
            if (len < n || strcmp(p + len - n, wanted[f]) != 0 || (len > n && p[len - n - 1] != '/'))
                continue;
            if (best && depth_of(p, len - n) == depth_of(best, best_n)) {
                rival = p;
            } else if (!best || depth_of(p, len - n) < depth_of(best, best_n)) {
                best = p;
                best_n = len - n;
                rival = NULL;
            }
        }
        if (rival)
            (void)intake_reject(s, WHY_AMBIGUOUS, best, rival);
        if (best) {
            *flat = f == 1;
            return xstrndup(best, best_n);
        }
    }
    return NULL;
}

/* Somebody who calls the library otherwise has "src/" all the same: the prefix before it, if it is the same for every C
 * file that lies in such a folder; else NULL. */
static char *find_src(const struct submission *s)
{
    char *top = NULL;

    for (size_t i = 0; i < s->files_n; i++) {
        const char *p = s->files[i].path;
        const char *src = strncmp(p, "src/", 4) == 0 ? p : strstr(p, "/src/");
        if (!src || !rules_is_source(p))
            continue;
        const size_t n = (size_t)(src - p) + (src != p);
        if (top && (strlen(top) != n || strncmp(top, p, n) != 0)) {
            free(top);
            return NULL;
        }
        if (!top)
            top = xstrndup(p, n);
    }
    return top;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct submission_file *)a)->path, ((const struct submission_file *)b)->path);
}

/* Keeps what lies below the top folder, with paths from there. */
static void strip_top(struct submission *s, const char *top, bool flat)
{
    size_t kept = 0, n = strlen(top);

    for (size_t i = 0; i < s->files_n; i++) {
        struct submission_file *f = &s->files[i];
        if (strncmp(f->path, top, n) != 0 || (flat && strchr(f->path + n, '/'))) {
            free(f->path);
            free(f->data);
            continue;
        }
        char *path = xformat("%s%s", flat ? "src/" : "", f->path + n);
        free(f->path);
        f->path = path;
        s->files[kept++] = *f;
    }
    s->files_n = kept;
}

/* "a.c" and "a.c/b.c" cannot lie in one folder; an archive can say so. Names in the box are paths in
 * UTF-8, as gcov's and our own documents need them. */
static void check_paths(struct submission *s)
{
    for (size_t i = 0; i < s->files_n && !s->rejected; i++) {
        const char *path = s->files[i].path;
        if (!text_is_utf8(path, strlen(path)))
            (void)intake_reject(s, WHY_NOT_UTF8, path, NULL);
        for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
            CLEANUP(free_ptr) char *above = xstrndup(path, (size_t)(slash - path));
            const struct submission_file key = {.path = above};
            if (bsearch(&key, s->files, s->files_n, sizeof(*s->files), by_path))
                (void)intake_reject(s, WHY_FILE_AND_FOLDER, above, NULL);
        }
    }
}

/* Notes ---------------------------------------------------------------------------------------- */

static bool begins(const struct submission_file *f, const char *bytes, size_t n)
{
    return f->size >= n && memcmp(f->data, bytes, n) == 0;
}

static bool is_utf16(const struct submission_file *f)
{
    const char *d = f->data;

    return begins(f, "\xff\xfe", 2) || begins(f, "\xfe\xff", 2) ||
           (f->size >= 4 && ((d[0] && !d[1] && d[2] && !d[3]) || (!d[0] && d[1] && !d[2] && d[3])));
}

static void note(struct submission *s, const struct submission_file *f, const char *kind, const char *message)
{
    *VEC_ADD(&s->notes, &s->notes_n) = (struct submission_note){.kind = kind, .message = message, .file = xstrdup(f->path)};
}

/* How the sources are written down. gcc takes CR LF, a byte order mark and any bytes in comments and
 * strings; in UTF-16 it finds no C. */
static void check_text(struct submission *s)
{
    for (size_t i = 0; i < s->files_n && !s->rejected; i++) {
        const struct submission_file *f = &s->files[i];
        if (strncmp(f->path, "src/", 4) != 0 && strncmp(f->path, "include/", 8) != 0)
            continue; /* not compiled */
        if (is_utf16(f)) {
            (void)intake_reject(s, WHY_UTF16, f->path, NULL);
            continue;
        }
        if (strncmp(f->path, "src/", 4) == 0 && strchr(f->path + 4, '/') && f->path[strlen(f->path) - 1] == 'c')
            note(s, f, "source.deeper", N_("it lies in a folder within src/, where the Makefile does not look either: it is not compiled"));
        if (begins(f, "\xef\xbb\xbf", 3))
            note(s, f, "source.bom", N_("it begins with a byte order mark; it is taken as it is"));
        if (memmem(f->data, f->size, "\r\n", 2))
            note(s, f, "source.crlf", N_("its lines end as on Windows, with CR LF; it is taken as it is"));
        if (!text_is_utf8(f->data, f->size))
            note(s, f, "source.not_utf8", N_("it is not UTF-8, perhaps Latin-1; it is taken as it is"));
    }
}

static int digest(struct submission *s, struct err *err)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);

    for (size_t i = 0; ok && i < s->files_n; i++) {
        const struct submission_file *f = &s->files[i];
        CLEANUP(free_ptr) char *head = xformat("%s\n%zu\n", f->path, f->size);
        ok = EVP_DigestUpdate(ctx, head, strlen(head)) && EVP_DigestUpdate(ctx, f->data, f->size);
    }
    ok = ok && EVP_DigestFinal_ex(ctx, sum, &n);
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return err_set(err, "libcrypto cannot compute SHA-256");
    struct buf b = {0};
    buf_puts(&b, "sha256:");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "%02x", sum[i]);
    s->digest = buf_steal(&b);
    return 0;
}

char *intake_id(const char *path)
{
    CLEANUP(free_ptr) char *real = realpath(path, NULL);
    const char *p = real ? real : path;
    const char *slash = strrchr(p, '/');

    p = slash && slash[1] ? slash + 1 : p;
    return text_printable(p, strlen(p));
}

/* A file alone is the lab's library, whatever it is called. */
static void read_single(struct walk *w, const char *path, const struct lab *lab)
{
    read_file(w, AT_FDCWD, path, 0, path);
    if (!w->s->files_n)
        return;
    free(w->s->files[0].path);
    w->s->files[0].path = xstrdup(lab->config->library[0]);
}

/* What lies at 'path' into w->s->files, with the names that it has there. */
static int read_files(struct walk *w, const char *path, const struct lab *lab, enum box_mode mode, struct err *err)
{
    struct stat st;

    if (stat(path, &st) < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return err_errno(err, errno, N_("cannot open the submission '%s'"), path);
        (void)intake_reject(w->s, WHY_UNREADABLE, path, strerrordesc_np(errno));
    } else if (S_ISDIR(st.st_mode)) {
        /* The name that the user typed may be a link; what lies inside may not. */
        CLEANUP(free_ptr) char *inside = xformat("%s/.", path);
        walk_folder(w, AT_FDCWD, inside, "");
    } else if (!S_ISREG(st.st_mode)) {
        (void)intake_reject(w->s, WHY_SPECIAL, path, NULL);
    } else if (rules_is_source(path)) {
        read_single(w, path, lab);
    } else {
        return archive_read_sources(path, mode, w->s, err);
    }
    return 0;
}

int intake_read(const char *path, const struct lab *lab, enum box_mode mode, struct submission *s, struct err *err)
{
    CLEANUP(submission_release) struct submission got = {.id = intake_id(path)};
    CLEANUP(walk_release) struct walk w = {.s = &got};
    bool flat = false;

    if (read_files(&w, path, lab, mode, err) < 0)
        return -1;
    if (!got.rejected && got.files_n == 0 && w.link)
        (void)intake_reject(&got, WHY_LINK, w.link, NULL);
    if (!got.rejected && got.files_n == 0 && w.nested)
        (void)intake_reject(&got, WHY_NESTED, w.nested, NULL);
    if (!got.rejected && got.files_n == 0)
        (void)intake_reject(&got, WHY_NO_SOURCE, NULL, lab->config->library[0]);
    if (!got.rejected) {
        CLEANUP(free_ptr) char *top = find_top(&got, lab->config->library[0], &flat);
        if (!top && !got.rejected)
            top = find_src(&got);
        if (top)
            strip_top(&got, top, flat);
    }
    if (got.files_n)
        qsort(got.files, got.files_n, sizeof(*got.files), by_path);
    if (!got.rejected)
        check_paths(&got);
    if (!got.rejected)
        check_text(&got);
    if (!got.rejected && digest(&got, err) < 0)
        return -1;
    *s = got;
    got = (struct submission){0};
    return 0;
}
