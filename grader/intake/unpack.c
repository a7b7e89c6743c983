/* SPDX-License-Identifier: MIT */
/* unpack: reads an archive on standard input and writes its C sources to standard output. A program
 * of its own, that runs in a box as an ordinary user: whoever made the archive may have made it to
 * break whoever reads it.
 *
 * Output: for each source "F PATH-BYTES DATA-BYTES\n" PATH DATA, then "E\n"; or, whatever came before
 * it, "R TEXT-BYTES\n" TEXT: the archive is refused, and why. archive.c reads it. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intake/limits.h"

static char *names[INTAKE_ENTRIES_MAX];
static size_t names_n;
static size_t total; /* bytes that came out of the sources */

static _Noreturn void refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void refuse(const char *fmt, ...)
{
    char why[1024];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    printf("R %zu\n%s", strlen(why), why);
    exit(fflush(stdout) == 0 ? 0 : 1);
}

static bool is_source(const char *path)
{
    size_t n = strlen(path);

    return n > 2 && path[n - 2] == '.' && (path[n - 1] == 'c' || path[n - 1] == 'h');
}

/* What the systems of students add by themselves. */
static bool is_noise(const char *path)
{
    return strncmp(path, "__MACOSX/", 9) == 0 || path[0] == '.' || strstr(path, "/.");
}

static const char *bad_path(const char *path)
{
    size_t depth = 0, component = 0;

    if (!*path)
        return "an empty name";
    if (strlen(path) > INTAKE_PATH_MAX)
        return "a name that is too long";
    if (*path == '/' || (path[0] && path[1] == ':'))
        return "an absolute name";
    for (const char *p = path;; p++) {
        const unsigned char c = (unsigned char)*p;
        if (c == '/' || c == '\0') {
            if (component == 2 && p[-1] == '.' && p[-2] == '.')
                return "a name that leads out of its folder";
            depth += component > 0;
            component = 0;
            if (!c)
                break;
            continue;
        }
        if (c < 0x20 || c == 0x7f || c == '\\')
            return "a name with control characters or backslashes";
        /* U+202A-202E and U+2066-2069 turn the direction of what is shown. */
        if (c == 0xe2 && (unsigned char)p[1] == 0x80 && (unsigned char)p[2] >= 0xaa && (unsigned char)p[2] <= 0xae)
            return "a name that turns the direction of text";
        if (c == 0xe2 && (unsigned char)p[1] == 0x81 && (unsigned char)p[2] >= 0xa6 && (unsigned char)p[2] <= 0xa9)
            return "a name that turns the direction of text";
        if (++component > INTAKE_NAME_MAX)
            return "a name that is too long";
    }
    return depth > INTAKE_DEPTH_MAX ? "folders nested too deep" : NULL;
}

/* The same name twice, or names that differ in case alone: which one is meant? */
static void note_name(const char *path)
{
    for (size_t i = 0; i < names_n; i++)
        if (strcasecmp(names[i], path) == 0)
            refuse("'%s' is in the archive twice (as '%s')", path, names[i]);
    names[names_n] = strdup(path);
    if (!names[names_n++])
        refuse("out of memory");
}

static void copy_source(struct archive *a, const char *path, long long packed)
{
    char *data = NULL;
    size_t n = 0, room = 0;
    ssize_t got;

    for (;;) {
        if (n == room) {
            room = room ? room * 2 : 16384;
            data = realloc(data, room);
            if (!data)
                refuse("out of memory");
        }
        got = archive_read_data(a, data + n, room - n);
        if (got < 0)
            refuse("'%s' cannot be read: %s", path, archive_error_string(a) ? archive_error_string(a) : "damaged");
        if (got == 0)
            break;
        n += (size_t)got;
        total += (size_t)got;
        if (n > INTAKE_FILE_MAX)
            refuse("'%s' is larger than %d bytes", path, INTAKE_FILE_MAX);
        if (total > INTAKE_TOTAL_MAX)
            refuse("its sources are larger than %d bytes", INTAKE_TOTAL_MAX);
        if (total > INTAKE_RATIO_FREE && packed > 0 && total / (size_t)packed > INTAKE_RATIO_MAX)
            refuse("'%s': it unpacks to more than %d times its size", path, INTAKE_RATIO_MAX);
    }
    printf("F %zu %zu\n%s", strlen(path), n, path);
    if (n && fwrite(data, 1, n, stdout) != n)
        exit(1);
    free(data);
}

static void take_entry(struct archive *a, struct archive_entry *e, long long packed)
{
    const char *path = archive_entry_pathname_utf8(e);
    const char *bad;

    if (!path)
        path = archive_entry_pathname(e);
    if (!path)
        refuse("an entry has a name that cannot be read");
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    if (!*path || strcmp(path, ".") == 0)
        return;
    bad = bad_path(path);
    if (bad)
        refuse("'%s': %s", path, bad);
    if (archive_entry_hardlink(e) || archive_entry_symlink(e) || archive_entry_filetype(e) == AE_IFLNK)
        refuse("'%s' is a link; hand in the file itself", path);
    if (archive_entry_is_encrypted(e))
        refuse("'%s' is encrypted", path);
    switch (archive_entry_filetype(e)) {
    case AE_IFDIR:
        return;
    case AE_IFREG:
    case 0: /* some zips do not say */
        break;
    default:
        refuse("'%s' is a device, a FIFO or a socket", path);
    }
    if (is_noise(path))
        return;
    note_name(path);
    if (is_source(path))
        copy_source(a, path, packed);
}

int main(void)
{
    struct archive *a = archive_read_new();
    struct archive_entry *e;
    struct stat st;
    size_t entries = 0;
    int r;

    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* names would be lost otherwise */
    if (!a || fstat(STDIN_FILENO, &st) < 0)
        return 1;
    archive_read_support_filter_all(a);
    archive_read_support_format_zip(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_7zip(a);
    archive_read_support_format_rar(a);
    archive_read_support_format_rar5(a);
    if (archive_read_open_fd(a, STDIN_FILENO, 65536) != ARCHIVE_OK)
        refuse("it is neither a folder nor an archive that can be read (zip, tar, 7z, rar)");
    while ((r = archive_read_next_header(a, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
        if (++entries > INTAKE_ENTRIES_MAX)
            refuse("more than %d files and folders", INTAKE_ENTRIES_MAX);
        take_entry(a, e, (long long)st.st_size);
    }
    if (r != ARCHIVE_EOF)
        refuse("the archive is damaged: %s", archive_error_string(a) ? archive_error_string(a) : "no reason given");
    archive_read_free(a);
    puts("E");
    return fflush(stdout) == 0 ? 0 : 1;
}
