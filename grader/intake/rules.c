/* SPDX-License-Identifier: MIT */
#include "intake/rules.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static enum rejection_why bad_characters(const char *path)
{
    for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
        if (*p < 0x20 || *p == 0x7f || *p == '\\')
            return WHY_CONTROL;
        if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) /* U+0080-009F: terminals obey some of these */
            return WHY_CONTROL;
        /* U+200E, U+200F, U+202A-202E, U+2066-2069 turn the direction of what is shown. */
        if (p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xaa && p[2] <= 0xae)))
            return WHY_DIRECTION;
        if (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)
            return WHY_DIRECTION;
    }
    return WHY_NONE;
}

enum rejection_why rules_path(const char *path, char clean[INTAKE_PATH_MAX + 1])
{
    size_t depth = 0, used = 0;
    enum rejection_why bad = bad_characters(path);

    clean[0] = '\0';
    if (!*path)
        return WHY_EMPTY_NAME;
    if (strlen(path) > INTAKE_PATH_MAX)
        return WHY_LONG_NAME;
    if (bad != WHY_NONE)
        return bad;
    if (*path == '/' || (isalpha((unsigned char)path[0]) && path[1] == ':'))
        return WHY_ABSOLUTE;
    for (const char *p = path; *p;) {
        const size_t n = strcspn(p, "/");
        if (n == 2 && memcmp(p, "..", 2) == 0)
            return WHY_OUTSIDE;
        if (n > INTAKE_NAME_MAX)
            return WHY_LONG_NAME;
        if (n && !(n == 1 && *p == '.')) {
            if (used)
                clean[used++] = '/';
            memcpy(clean + used, p, n);
            used += n;
            clean[used] = '\0';
            depth++;
        }
        p += n + (p[n] == '/');
    }
    return depth > INTAKE_DEPTH_MAX ? WHY_DEEP : WHY_NONE;
}

bool rules_is_source(const char *path)
{
    const size_t n = strlen(path);

    return n > 2 && path[n - 2] == '.' && (path[n - 1] == 'c' || path[n - 1] == 'h');
}

bool rules_is_archive(const char *path)
{
    static const char *const ends[] = {".zip", ".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".zst",
                                       ".7z",  ".rar"};
    const size_t n = strlen(path);

    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        const size_t end = strlen(ends[i]);
        if (n > end && strcasecmp(path + n - end, ends[i]) == 0)
            return true;
    }
    return false;
}

bool rules_is_noise(const char *path)
{
    for (const char *p = path; *p;) {
        const size_t n = strcspn(p, "/");
        if (*p == '.' || (n == 8 && memcmp(p, "__MACOSX", 8) == 0))
            return true;
        p += n + (p[n] == '/');
    }
    return false;
}
