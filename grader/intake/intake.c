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
#include "util/cleanup.h"
#include "util/text.h"

struct walk {
    struct submission *s;
    size_t entries, total; /* seen, bytes read */
};

void intake_reject(struct submission *s, const char *fmt, ...)
{
    va_list ap;

    if (s->rejected)
        return;
    va_start(ap, fmt);
    char *why = xvformat(fmt, ap);
    va_end(ap);
    s->rejected = text_printable(why, strlen(why)); /* it quotes names that a student chose */
    free(why);
}

/* Only C sources and headers matter; what else lies there is not read. */
static bool is_source(const char *name)
{
    size_t n = strlen(name);

    return n > 2 && name[n - 2] == '.' && (name[n - 1] == 'c' || name[n - 1] == 'h');
}

static bool is_plain_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '\\')
            return false;
    return true;
}

static void read_file(struct walk *w, int dir, const char *name, const char *path)
{
    /* O_NONBLOCK: a FIFO by this name must not hold us up. */
    CLEANUP(close_fd) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        if (errno == ELOOP)
            intake_reject(w->s, "'%s' is a symbolic link; hand in the file itself", path);
        else
            intake_reject(w->s, "cannot read '%s': %s", path, strerror(errno));
        return;
    }
    if (!S_ISREG(st.st_mode)) {
        intake_reject(w->s, "'%s' is not a regular file", path);
        return;
    }
    if (st.st_size > INTAKE_FILE_MAX || w->total + (size_t)st.st_size > INTAKE_TOTAL_MAX) {
        intake_reject(w->s, "'%s' is too large: %lld bytes (at most %d for a file, %d in all)", path,
               (long long)st.st_size, INTAKE_FILE_MAX, INTAKE_TOTAL_MAX);
        return;
    }
    char *data = xcalloc((size_t)st.st_size + 1, 1);
    size_t got = 0;
    for (ssize_t n; got < (size_t)st.st_size; got += (size_t)n) {
        n = read(fd, data + got, (size_t)st.st_size - got);
        if (n < 0)
            intake_reject(w->s, "cannot read '%s': %s", path, strerror(errno));
        if (n <= 0)
            break;
    }
    struct submission_file *f = VEC_ADD(&w->s->files, &w->s->files_n);
    *f = (struct submission_file){.path = xstrdup(path), .data = data, .size = got};
    w->total += got;
}

static void walk_folder(struct walk *w, int parent, const char *name, const char *path, int depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (!d) {
        intake_reject(w->s, "cannot read the folder '%s': %s", *path ? path : name, strerror(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *e; !w->s->rejected && (e = readdir(d));) {
        struct stat st;
        if (e->d_name[0] == '.' || strcmp(e->d_name, "__MACOSX") == 0)
            continue;
        CLEANUP(free_ptr) char *sub = xformat("%s%s%s", path, *path ? "/" : "", e->d_name);
        if (++w->entries > INTAKE_ENTRIES_MAX) {
            intake_reject(w->s, "more than %d files and folders", INTAKE_ENTRIES_MAX);
        } else if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            intake_reject(w->s, "cannot look at '%s': %s", sub, strerror(errno));
        } else if (S_ISDIR(st.st_mode)) {
            if (depth >= INTAKE_DEPTH_MAX)
                intake_reject(w->s, "'%s': folders are nested more than %d deep", sub, INTAKE_DEPTH_MAX);
            else
                walk_folder(w, fd, e->d_name, sub, depth + 1);
        } else if (is_source(e->d_name)) {
            if (is_plain_name(sub))
                read_file(w, fd, e->d_name, sub);
            else
                intake_reject(w->s, "'%s': a name with control characters or backslashes", sub);
        }
    }
    closedir(d);
}

/* Where the submission begins: the prefix before "src/lab05.c", or, for someone who handed in the
 * files alone, the folder that holds "lab05.c". The shortest wins. 'flat' says which it was. */
static char *find_top(const struct submission *s, const char *library, bool *flat)
{
    const char *slash = strrchr(library, '/');
    const char *wanted[2] = {library, slash ? slash + 1 : library};

    for (int f = 0; f < 2; f++) {
        const char *best = NULL;
        size_t n = strlen(wanted[f]), best_n = 0;
        for (size_t i = 0; i < s->files_n; i++) {
            const char *p = s->files[i].path;
            size_t len = strlen(p);
            if (len < n || strcmp(p + len - n, wanted[f]) != 0 || (len > n && p[len - n - 1] != '/'))
                continue;
            if (!best || len - n < best_n) {
                best = p;
                best_n = len - n;
            }
        }
        if (best) {
            *flat = f == 1;
            return xstrndup(best, best_n);
        }
    }
    return NULL;
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

static char *id_of(const char *path)
{
    CLEANUP(free_ptr) char *real = realpath(path, NULL);
    const char *p = real ? real : path;
    const char *slash = strrchr(p, '/');

    p = slash && slash[1] ? slash + 1 : p;
    return text_printable(p, strlen(p));
}

/* A file alone is the lab's library, whatever it is called. */
static void read_single(struct submission *s, const char *path, const struct lab *lab)
{
    struct walk w = {.s = s};

    read_file(&w, AT_FDCWD, path, path);
    if (!s->files_n)
        return;
    free(s->files[0].path);
    s->files[0].path = xstrdup(lab->config->library[0]);
}

int intake_read(const char *path, const struct lab *lab, enum box_mode mode, struct submission *s, struct err *err)
{
    CLEANUP(submission_release) struct submission got = {.id = id_of(path)};
    struct walk w = {.s = &got};
    struct stat st;
    bool flat = false;

    if (stat(path, &st) < 0)
        return err_errno(err, errno, "cannot open the submission '%s'", path);
    if (S_ISDIR(st.st_mode)) {
        /* The name that the user typed may be a link; what lies inside may not. */
        CLEANUP(free_ptr) char *inside = xformat("%s/.", path);
        walk_folder(&w, AT_FDCWD, inside, "", 0);
    } else if (!S_ISREG(st.st_mode)) {
        intake_reject(&got, "'%s' is neither a folder nor a file", path);
    } else if (is_source(path)) {
        read_single(&got, path, lab);
    } else if (archive_read_sources(path, mode, &got, err) < 0) {
        return -1;
    }
    if (!got.rejected && got.files_n == 0)
        intake_reject(&got, "there is no C file in it; a submission has %s", lab->config->library[0]);
    if (!got.rejected) {
        CLEANUP(free_ptr) char *top = find_top(&got, lab->config->library[0], &flat);
        if (top)
            strip_top(&got, top, flat);
    }
    if (got.files_n)
        qsort(got.files, got.files_n, sizeof(*got.files), by_path);
    if (!got.rejected && digest(&got, err) < 0)
        return -1;
    *s = got;
    got = (struct submission){0};
    return 0;
}
