/* SPDX-License-Identifier: MIT */
#include "batch/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "result/json.h"
#include "util/cleanup.h"
#include "util/digest.h"
#include "util/folder.h"
#include "util/i18n.h"
#include "util/version.h"

enum { NAME_BYTES = 200, JOURNAL_MAX = 1024 * 1024 };

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

/* Only we write here: what is half written was left by a grader that was killed. */
static void sweep(const struct store *s)
{
    CLEANUP(closedir_dir) DIR *d = opendir(s->dir);

    for (struct dirent *e; d && (e = readdir(d));)
        if (ends_with(e->d_name, ".json.part"))
            (void)unlinkat(s->fd, e->d_name, 0);
}

int store_open(const char *dir, struct store *s, struct err *err)
{
    if (folder_make(dir, err) < 0)
        return -1;
    CLEANUP(close_fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, N_("cannot open the folder '%s'"), dir);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? err_set(err, N_("another grader is writing to '%s'"), dir)
                                    : err_errno(err, errno, N_("cannot lock '%s'"), dir);
    s->dir = xstrdup(dir);
    s->fd = take_fd(&fd);
    sweep(s);
    return 0;
}

void store_release(struct store *s)
{
    free(s->dir);
    close_fd(&s->fd);
    *s = (struct store)STORE_INIT;
}

void store_unlock(struct store *s)
{
    if (s->fd < 0)
        return;
    /* The lock is the open file's, which our parent shares: an own one for what we write. */
    int own = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)close(s->fd);
    s->fd = own;
}

/* At most NAME_BYTES, and no half a character. */
static void shorten(char *name)
{
    size_t n = strlen(name);

    if (n <= NAME_BYTES)
        return;
    for (n = NAME_BYTES; n && ((unsigned char)name[n] & 0xc0) == 0x80; n--)
        ;
    name[n] = '\0';
}

char *store_name(const char *id, struct strs *taken)
{
    CLEANUP(free_ptr) char *name = xstrdup(*id ? id : "submission");

    for (char *p = name; *p; p++)
        if (*p == '/' || (unsigned char)*p < 0x20 || (p == name && *p == '.'))
            *p = '_';
    shorten(name);
    char *unique = xstrdup(name);
    for (size_t i = 2; strs_has(taken, unique); i++) {
        free(unique);
        unique = xformat("%s-%zu", name, i);
    }
    strs_add(taken, unique);
    return unique;
}

char *store_fingerprint(const struct lab *lab, const struct kit *kit, const char *options, struct err *err)
{
    CLEANUP(free_ptr) char *given = lab_path(lab, "templates", "include");
    CLEANUP(free_ptr) char *peers = xformat("%s/peers", kit->dir);
    struct digest *d = digest_new(err);
    char *fingerprint = NULL;

    if (d && digest_text(d, GRADER_VERSION, err) == 0 && digest_file(d, "/proc/self/exe", err) == 0 &&
        digest_text(d, lab->config->lab, err) == 0 && digest_folder(d, lab->dir, err) == 0 &&
        digest_folder(d, given, err) == 0 && digest_folder(d, kit->dir, err) == 0 && digest_folder(d, peers, err) == 0 &&
        digest_text(d, options, err) == 0)
        fingerprint = digest_end(d, err);
    digest_free(d);
    return fingerprint;
}

static bool is_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static json_t *read_json(const struct store *s, const char *name)
{
    CLEANUP(free_ptr) char *file = xformat("%s.json", name);
    CLEANUP(close_fd) int fd = openat(s->fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    json_error_t why;

    return fd < 0 ? NULL : json_loadfd(fd, 0, &why);
}

bool store_kept(const struct store *s, const char *name, const char *digest, const char *fingerprint, struct result *r)
{
    json_t *j = read_json(s, name);
    struct result old;

    result_init(&old);
    const bool kept = j && result_from_json(j, &old, NULL) == 0 && is_same(old.digest, digest) &&
                      is_same(old.environment.fingerprint, fingerprint) &&
                      (old.status == STATUS_GRADED || old.status == STATUS_COMPILE_ERROR);
    json_decref(j);
    if (!kept) {
        result_release(&old);
        return false;
    }
    result_release(r);
    *r = old;
    CLEANUP(free_ptr) char *journal = xformat("%s.journal", name);
    (void)unlinkat(s->fd, journal, 0); /* killed between the two */
    return true;
}

/* One write for each line: it is there, whole, or not. */
static int write_line(int fd, json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT);
    CLEANUP(free_ptr) char *whole = text ? xformat("%s\n", text) : NULL;

    free(text);
    json_decref(line);
    return whole && write(fd, whole, strlen(whole)) == (ssize_t)strlen(whole) ? 0 : -1;
}

int journal_begin(const struct store *s, const char *name, const struct lab *lab, const struct submission *submission,
                  const char *fingerprint, struct journal *j, struct err *err)
{
    CLEANUP(free_ptr) char *file = xformat("%s.journal", name);
    struct stat st;

    j->fd = openat(s->fd, file, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (j->fd < 0 || fstat(j->fd, &st) < 0)
        return err_errno(err, errno, N_("cannot write '%s/%s'"), s->dir, file);
    CLEANUP(free_ptr) char *path = xformat("%s/%s", s->dir, file);
    j->resumed = st.st_size > 0;
    if (folder_give(j->fd, path, err) < 0)
        return -1;
    if (st.st_size > JOURNAL_MAX && ftruncate(j->fd, 0) < 0)
        return err_errno(err, errno, N_("cannot write '%s/%s'"), s->dir, file);
    if (write_line(j->fd, json_pack("{s:s,s:o,s:o,s:o}", "lab", lab->config->lab, "submission",
                                    json_text(submission->id), "digest", json_text(submission->digest), "fingerprint",
                                    json_text(fingerprint))) < 0)
        return err_errno(err, errno, N_("cannot write '%s/%s'"), s->dir, file);
    return 0;
}

void journal_test(const struct journal *j, const struct result_test *t)
{
    if (j->fd < 0)
        return;
    json_t *line = json_pack("{s:s,s:s,s:I}", "test", t->name, "verdict", verdict_names[t->verdict], "duration_ms",
                             (json_int_t)t->duration_ms);
    if (t->message)
        (void)json_object_set_new(line, "message", json_text(t->message));
    (void)write_line(j->fd, line); /* a full disk is told when the result cannot be written */
}

void journal_release(struct journal *j)
{
    close_fd(&j->fd);
}

int store_publish(const struct store *s, const char *name, const struct result *r, bool deterministic, struct err *err)
{
    CLEANUP(free_ptr) char *file = xformat("%s.json", name);
    CLEANUP(free_ptr) char *part = xformat("%s.json.part", name);
    CLEANUP(free_ptr) char *journal = xformat("%s.journal", name);
    int fd = openat(s->fd, part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    CLEANUP(free_ptr) char *path = xformat("%s/%s", s->dir, part);
    json_t *j = result_to_json(r, deterministic);
    bool ok = f && folder_give(fd, path, err) == 0 && json_dumpf(j, f, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0 && fputc('\n', f) != EOF &&
              fflush(f) == 0 && fsync(fd) == 0;

    json_decref(j);
    if (f && fclose(f) != 0)
        ok = false;
    if (!ok || renameat(s->fd, part, s->fd, file) < 0) {
        (void)err_errno(err, errno, N_("cannot write '%s/%s'"), s->dir, file);
        (void)unlinkat(s->fd, part, 0);
        return -1;
    }
    (void)unlinkat(s->fd, journal, 0);
    return 0;
}
