/* SPDX-License-Identifier: MIT */
/* unit: what the unit tests share. UNIT(suite, name) is Criterion's Test, with a leak as a failure
 * where the build can see leaks (make asan). */
#ifndef UNIT_H
#define UNIT_H

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/err.h"
#include "util/folder.h"
#include "util/vec.h"

extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

#define UNIT(suite, name)                                                                          \
    static void unit_##suite##_##name(void);                                                       \
    Test(suite, name)                                                                              \
    {                                                                                              \
        unit_##suite##_##name();                                                                   \
        if (__lsan_do_recoverable_leak_check)                                                      \
            cr_assert_not(__lsan_do_recoverable_leak_check(), "memory was leaked (see the sanitizer's words)");   \
    }                                                                                              \
    static void unit_##suite##_##name(void)

/* What is expected comes first. NULL equals NULL only. */
#define SAME(expected, actual)                                                                     \
    do {                                                                                           \
        const char *want_ = (expected), *got_ = (actual);                                          \
        cr_assert(want_ == got_ || (want_ && got_ && strcmp(want_, got_) == 0),                    \
                  "%s:\n  expected: %s\n  got:      %s", #actual, want_ ? want_ : "NULL",          \
                  got_ ? got_ : "NULL");                                                           \
    } while (0)

#define SAME_NUMBER(expected, actual)                                                              \
    do {                                                                                           \
        const double want_ = (double)(expected), got_ = (double)(actual);                          \
        cr_assert(want_ - got_ < 1e-9 && got_ - want_ < 1e-9, "%s:\n  expected: %.12g\n  got:      %.12g", \
                  #actual, want_, got_);                                                           \
    } while (0)

#define HAS(text, part)                                                                            \
    do {                                                                                           \
        const char *text_ = (text), *part_ = (part);                                               \
        cr_assert(text_ && strstr(text_, part_), "%s:\n  expected in it: %s\n  got:            %s", \
                  #text, part_, text_ ? text_ : "NULL");                                           \
    } while (0)

/* A folder of the test's own, with a space in its name; unit_done removes it. */
static char *unit_folder;

static inline const char *unit_dir(void)
{
    struct err err = {0};

    if (!unit_folder) {
        unit_folder = folder_temporary("unit test", &err);
        cr_assert(unit_folder, "%s", err.msg);
    }
    return unit_folder;
}

static inline void unit_done(void)
{
    if (unit_folder)
        (void)folder_remove(unit_folder, NULL);
    free(unit_folder);
    unit_folder = NULL;
}

/* The path of a file in the test's folder; the folders above it are made. The caller frees it. */
static inline char *unit_path(const char *name)
{
    char *path = xformat("%s/%s", unit_dir(), name);

    for (char *slash = path + strlen(unit_dir()) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        (void)mkdir(path, 0777);
        *slash = '/';
    }
    return path;
}

static inline void unit_write_bytes(const char *name, const void *data, size_t n)
{
    char *path = unit_path(name);
    FILE *f = fopen(path, "we");

    cr_assert(f && fwrite(data, 1, n, f) == n && fclose(f) == 0, "cannot write '%s'", path);
    free(path);
}

static inline void unit_write(const char *name, const char *text)
{
    unit_write_bytes(name, text, strlen(text));
}

/* 'text' with its first 'from' replaced; it is a fault of the test if there is none. */
static inline char *unit_replace(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    cr_assert(at, "the test's own text has no '%s'", from);
    return xformat("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

#endif
