/* SPDX-License-Identifier: MIT */
#include "intake/class.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intake/archive.h"
#include "intake/rules.h"
#include "util/cleanup.h"
#include "util/folder.h"
#include "util/i18n.h"
#include "util/text.h"

#define MOODLE "_assignsubmission_" /* in the names that it gives, after the student's own */

static int is_shown(const struct dirent *e)
{
    return !rules_is_noise(e->d_name);
}

static int list(const char *folder, struct dirent ***entries)
{
    return scandir(folder, entries, is_shown, alphasort);
}

static void list_free(struct dirent **entries, int n)
{
    for (int i = 0; i < n; i++)
        free(entries[i]);
    free(entries);
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_hand_in(const char *path)
{
    struct stat st;

    return (rules_is_archive(path) || rules_is_source(path)) && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The one file in a folder, if it is a hand-in by itself; else NULL. */
static char *only_file(const char *folder)
{
    struct dirent **entries = NULL;
    const int n = list(folder, &entries);
    char *path = n == 1 ? xformat("%s/%s", folder, entries[0]->d_name) : NULL;

    if (n >= 0)
        list_free(entries, n);
    if (path && !is_hand_in(path)) {
        free(path);
        path = NULL;
    }
    return path;
}

void class_add(struct class_list *c, const char *path, const char *id)
{
    struct class_entry *e = VEC_ADD(&c->v, &c->n);

    e->path = xstrdup(path);
    e->id = xstrdup(id);
}

static int read_folder(const char *folder, struct class_list *c, struct err *err)
{
    struct dirent **entries = NULL;
    const int n = list(folder, &entries);

    if (n < 0)
        return err_errno(err, errno, N_("cannot read the folder '%s'"), folder);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        const char *moodle = strstr(name, MOODLE);
        CLEANUP(free_ptr) char *path = xformat("%s/%s", folder, name);
        CLEANUP(free_ptr) char *id = text_printable(name, moodle && moodle > name ? (size_t)(moodle - name) : strlen(name));
        if (is_folder(path)) {
            CLEANUP(free_ptr) char *file = only_file(path);
            class_add(c, file ? file : path, id);
        } else if (is_hand_in(path)) {
            class_add(c, path, id);
        } else {
            strs_add(&c->passed, path);
        }
    }
    list_free(entries, n);
    return 0;
}

/* An archive of a class ---------------------------------------------------------------------------- */

struct unpacking {
    const char *folder;
    struct rejection *refused; /* entries that are not unpacked */
    size_t refused_n;
};

static void unpacking_release(struct unpacking *u)
{
    for (size_t i = 0; i < u->refused_n; i++)
        rejection_release(&u->refused[i]);
    free(u->refused);
}

static void note_refused(struct unpacking *u, enum rejection_why why, const char *entry, const char *detail)
{
    *VEC_ADD(&u->refused, &u->refused_n) =
        (struct rejection){.why = why, .entry = xstrdup(entry), .detail = xstrdup(detail)};
}

/* 'path' and the folders above it below u->folder. *made: 'path' is a folder now; else a file has the name. */
static int make_folders(struct unpacking *u, const char *path, bool *made, struct err *err)
{
    CLEANUP(free_ptr) char *full = xformat("%s/%s", u->folder, path);
    struct stat st;

    for (char *slash = full + strlen(u->folder); slash;) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = '\0';
        if (mkdir(full, 0700) < 0 && errno != EEXIST)
            return errno == ENOTDIR ? 0 : err_errno(err, errno, N_("cannot make the folder '%s'"), full);
        if (slash)
            *slash = '/';
    }
    *made = stat(full, &st) == 0 && S_ISDIR(st.st_mode);
    return 0;
}

static int on_folder(void *ctx, const char *path, struct err *err)
{
    struct unpacking *u = ctx;
    bool made = false;

    if (make_folders(u, path, &made, err) < 0)
        return -1;
    if (!made)
        note_refused(u, WHY_FILE_AND_FOLDER, path, NULL);
    return 0;
}

static int write_file(int fd, const char *path, const char *data, size_t n, struct err *err)
{
    while (n) {
        const ssize_t put = write(fd, data, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return err_errno(err, errno, N_("cannot write '%s'"), path);
        data += put;
        n -= (size_t)put;
    }
    return 0;
}

static int on_file(void *ctx, const char *path, const char *data, size_t n, struct err *err)
{
    struct unpacking *u = ctx;
    const char *slash = strrchr(path, '/');
    CLEANUP(free_ptr) char *above = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;
    CLEANUP(free_ptr) char *full = xformat("%s/%s", u->folder, path);
    bool made = true;

    if (above && make_folders(u, above, &made, err) < 0)
        return -1;
    if (!made) {
        note_refused(u, WHY_FILE_AND_FOLDER, above, NULL);
        return 0;
    }
    CLEANUP(close_fd) int fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST) {
        note_refused(u, WHY_TWICE, path, NULL);
        return 0;
    }
    return fd < 0 ? err_errno(err, errno, N_("cannot make '%s'"), full) : write_file(fd, full, data, n, err);
}

static int on_refused(void *ctx, const struct rejection *why, struct err *err)
{
    (void)err;
    note_refused(ctx, why->why, why->entry, why->detail);
    return 0;
}

static bool is_inside(const char *path, const char *folder)
{
    const size_t n = strlen(folder);

    return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Somebody may have packed the folder of the class, not what lies in it: the one folder that all is in, unless it
 * looks like the only hand-in. Else NULL. */
static char *find_only_folder(const char *folder)
{
    struct dirent **entries = NULL, **within = NULL;
    const int n = list(folder, &entries);
    char *path = n == 1 && !strstr(entries[0]->d_name, MOODLE) ? xformat("%s/%s", folder, entries[0]->d_name) : NULL;
    const int m = path && is_folder(path) ? list(path, &within) : -1;
    bool hand_in = m <= 0;

    for (int i = 0; i < m; i++)
        hand_in |= rules_is_source(within[i]->d_name) || strcmp(within[i]->d_name, "src") == 0;
    if (n >= 0)
        list_free(entries, n);
    if (m >= 0)
        list_free(within, m);
    if (hand_in) {
        free(path);
        return NULL;
    }
    return path;
}

/* The path of the hand-in that an entry of the archive belongs to, all of which are in 'base'. NULL: none. */
static char *find_owner(const struct unpacking *u, const char *base, const char *entry)
{
    char clean[INTAKE_PATH_MAX + 1];
    CLEANUP(free_ptr) char *full = xformat("%s/%s", u->folder, entry);
    const size_t n = strlen(base);

    if (!is_inside(full, base) || !full[n])
        return NULL;
    CLEANUP(free_ptr) char *name = xstrndup(full + n + 1, strcspn(full + n + 1, "/"));
    if (rules_path(name, clean) != WHY_NONE || strcmp(name, clean) != 0)
        return NULL;
    return xformat("%s/%s", base, name);
}

/* The hand-ins in 'base'; those with an entry that was refused are, too, even if nothing else is there of them. */
static int read_unpacked(struct unpacking *u, const char *base, struct class_list *c, struct rejection *why, struct err *err)
{
    CLEANUP(strs_release) struct strs owners = {0};
    const size_t first = c->n;

    for (size_t k = 0; k < u->refused_n; k++) {
        char *owner = find_owner(u, base, u->refused[k].entry ? u->refused[k].entry : "");
        if (!owner) {
            *why = u->refused[k];
            u->refused[k] = (struct rejection){0};
            return 0;
        }
        (void)mkdir(owner, 0700); /* where there is something, that is it */
        strs_take(&owners, owner);
    }
    if (read_folder(base, c, err) < 0)
        return -1;
    for (size_t i = first; i < c->n; i++)
        for (size_t k = 0; k < u->refused_n; k++)
            if (c->v[i].refused.why == WHY_NONE && is_inside(c->v[i].path, owners.v[k])) {
                c->v[i].refused = u->refused[k];
                u->refused[k] = (struct rejection){0};
            }
    return 0;
}

/* What was passed over is named as it is called in the archive. */
static void name_passed(struct class_list *c, size_t first, const char *folder, const char *archive)
{
    for (size_t i = first; i < c->passed.n; i++) {
        char *name = xformat("%s%s", archive, c->passed.v[i] + strlen(folder));
        free(c->passed.v[i]);
        c->passed.v[i] = name;
    }
}

static int read_archive(const char *path, enum box_mode mode, struct class_list *c, struct err *err)
{
    CLEANUP(rejection_release) struct rejection why = {0};
    CLEANUP(unpacking_release) struct unpacking u = {0};
    const struct archive_sink sink = {.file = on_file, .folder = on_folder, .refused = on_refused, .ctx = &u};
    char *folder = folder_temporary("grader-class", err);
    const size_t passed = c->passed.n;

    if (!folder)
        return -1;
    strs_take(&c->unpacked, folder);
    u.folder = folder;
    if (archive_read_class(path, mode, &sink, &why, err) < 0)
        return -1;
    CLEANUP(free_ptr) char *only = find_only_folder(folder);
    if (why.why == WHY_NONE && read_unpacked(&u, only ? only : folder, c, &why, err) < 0)
        return -1;
    if (why.why == WHY_NONE) {
        name_passed(c, passed, folder, path);
        return 0;
    }
    CLEANUP(free_ptr) char *sentence = rejection_sentence(&why, true);
    (void)err_set(err, N_("cannot read the class '%s': %s"), path, sentence);
    return 1;
}

int class_read(const char *path, enum box_mode mode, struct class_list *c, struct err *err)
{
    if (rules_is_archive(path) && is_hand_in(path))
        return read_archive(path, mode, c, err);
    return read_folder(path, c, err) < 0 ? 1 : 0;
}

bool class_is_temporary(const struct class_list *c, const char *path)
{
    for (size_t i = 0; i < c->unpacked.n; i++)
        if (is_inside(path, c->unpacked.v[i]))
            return true;
    return false;
}

void class_release(struct class_list *c)
{
    struct err err = {0};

    for (size_t i = 0; i < c->n; i++) {
        free(c->v[i].path);
        free(c->v[i].id);
        rejection_release(&c->v[i].refused);
    }
    free(c->v);
    for (size_t i = 0; i < c->unpacked.n; i++)
        if (folder_remove(c->unpacked.v[i], &err) < 0)
            (void)fprintf(stderr, "grader: %s\n", err.msg);
    strs_release(&c->passed);
    strs_release(&c->unpacked);
    *c = (struct class_list){0};
}
