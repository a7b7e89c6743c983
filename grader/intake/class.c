/* SPDX-License-Identifier: MIT */
#include "intake/class.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "intake/rules.h"
#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/text.h"

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

int class_read(const char *folder, struct class_list *c, struct err *err)
{
    struct dirent **entries = NULL;
    const int n = list(folder, &entries);

    if (n < 0)
        return err_errno(err, errno, N_("cannot read the folder '%s'"), folder);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        const char *moodle = strstr(name, "_assignsubmission_");
        CLEANUP(free_ptr) char *path = xformat("%s/%s", folder, name);
        CLEANUP(free_ptr) char *id = text_printable(name, moodle && moodle > name ? (size_t)(moodle - name) : strlen(name));
        struct stat st;
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
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

void class_release(struct class_list *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->v[i].path);
        free(c->v[i].id);
    }
    free(c->v);
    strs_release(&c->passed);
    *c = (struct class_list){0};
}
