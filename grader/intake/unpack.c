/* SPDX-License-Identifier: MIT */
#include "intake/unpack.h"

#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "intake/rules.h"

struct unpacking {
    struct archive *a;
    FILE *out;
    enum unpack_what what;
    long long packed;
    char *names[INTAKE_ENTRIES_MAX]; /* in lower case */
    size_t names_n;
    size_t total;   /* bytes that came out of what is wanted */
    long long bulk; /* bytes that all entries say they have */
    char nested[INTAKE_PATH_MAX + 1]; /* an archive within; "": none */
    bool sources;
};

/* Ends the stream. Always false, so that what refuses can end with it. */
static bool refuse(struct unpacking *u, enum rejection_why why, const char *entry, const char *detail)
{
    entry = entry ? entry : "";
    detail = detail ? detail : "";
    (void)fprintf(u->out, "R %d %zu %zu\n%s%s", (int)why, strlen(entry), strlen(detail), entry, detail);
    return false;
}

/* In lower case, as a file system that knows no case would compare it. NULL: no memory. */
static char *fold(const char *s)
{
    wchar_t wide[INTAKE_PATH_MAX + 1];
    const size_t room = (strlen(s) + 1) * 4;
    char *folded = malloc(room);
    size_t n = mbstowcs(wide, s, INTAKE_PATH_MAX + 1);

    if (!folded)
        return NULL;
    for (size_t i = 0; n != (size_t)-1 && i < n; i++)
        wide[i] = (wchar_t)towlower((wint_t)wide[i]);
    if (n == (size_t)-1 || wcstombs(folded, wide, room) == (size_t)-1) {
        for (size_t i = 0; i <= strlen(s); i++) /* not UTF-8 */
            folded[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] - 'A' + 'a') : s[i];
    }
    return folded;
}

/* The same name twice, or names that differ in case alone: which one is meant? */
static bool note_name(struct unpacking *u, const char *path)
{
    char *folded = fold(path);

    if (!folded)
        return refuse(u, WHY_LIMITS, path, "out of memory");
    for (size_t i = 0; i < u->names_n; i++)
        if (strcmp(u->names[i], folded) == 0) {
            free(folded);
            return refuse(u, WHY_TWICE, path, NULL);
        }
    u->names[u->names_n++] = folded;
    return true;
}

/* WHY_NONE: all of the entry is in *data, which the caller frees in any case. */
static enum rejection_why read_data(struct unpacking *u, char **data, size_t *n, const char **detail)
{
    const bool class = u->what == UNPACK_CLASS;
    size_t room = 0;

    for (ssize_t got = 1; got; *n += (size_t)got, u->total += (size_t)got) {
        if (*n > (class ? INTAKE_ARCHIVE_MAX : INTAKE_FILE_MAX))
            return class ? WHY_ARCHIVE_LARGE : WHY_LARGE;
        if (u->total > (class ? INTAKE_CLASS_HAND_INS_MAX : INTAKE_TOTAL_MAX))
            return class ? WHY_BULK : WHY_TOTAL;
        if (u->total > INTAKE_RATIO_FREE && u->packed > 0 && (long long)u->total / u->packed > INTAKE_RATIO_MAX)
            return WHY_RATIO;
        if (*n == room) {
            char *more = realloc(*data, room = room ? room * 2 : 16384);
            if (!more) {
                *detail = "out of memory";
                return WHY_LIMITS;
            }
            *data = more;
        }
        got = archive_read_data(u->a, *data + *n, room - *n);
        if (got < 0) {
            *detail = archive_error_string(u->a);
            return archive_read_has_encrypted_entries(u->a) > 0 ? WHY_ENCRYPTED : WHY_DAMAGED;
        }
    }
    return WHY_NONE;
}

static void put_file(struct unpacking *u, const char *path, const char *data, size_t n)
{
    (void)fprintf(u->out, "F %zu %zu\n%s", strlen(path), n, path);
    (void)fwrite(data, 1, n, u->out); /* an error stays in the stream */
}

static bool copy_source(struct unpacking *u, const char *path)
{
    char *data = NULL;
    size_t n = 0;
    const char *detail = NULL;
    const enum rejection_why bad = read_data(u, &data, &n, &detail);

    if (bad == WHY_NONE) {
        put_file(u, path, data, n);
        u->sources = true;
    }
    free(data);
    return bad == WHY_NONE || refuse(u, bad, path, detail);
}

static bool take_file(struct unpacking *u, struct archive_entry *e, const char *path)
{
    const long long size = archive_entry_size_is_set(e) ? archive_entry_size(e) : 0;

    /* What is no source is skipped, which takes time where it has to be decompressed. */
    if (size < 0 || size > INTAKE_BULK_MAX || (u->bulk += size) > INTAKE_BULK_MAX)
        return refuse(u, rules_is_source(path) ? WHY_LARGE : WHY_BULK, path, NULL);
    if (rules_is_noise(path))
        return true;
    if (!note_name(u, path))
        return false;
    if (rules_is_archive(path))
        memcpy(u->nested, path, strlen(path) + 1);
    return !rules_is_source(path) || copy_source(u, path);
}

/* The kind of an entry that nobody may hand in; else WHY_NONE. */
static enum rejection_why bad_kind(struct archive_entry *e)
{
    if (archive_entry_hardlink(e) || archive_entry_symlink(e) || archive_entry_filetype(e) == AE_IFLNK)
        return WHY_LINK;
    if (archive_entry_is_encrypted(e))
        return WHY_ENCRYPTED;
    switch (archive_entry_filetype(e)) {
    case AE_IFDIR:
    case AE_IFREG:
    case 0: /* some zips do not say */
        return WHY_NONE;
    default:
        return WHY_SPECIAL;
    }
}

/* One of a class has handed in what is refused: the others go on. Whose it is must be seen in its name. */
static bool refuse_alone(struct unpacking *u, enum rejection_why why, const char *entry, const char *detail)
{
    char top[INTAKE_PATH_MAX + 1], clean[INTAKE_PATH_MAX + 1];

    while (strncmp(entry, "./", 2) == 0)
        entry += 2;
    const size_t top_n = strcspn(entry, "/");
    detail = detail ? detail : "";
    if (top_n == 0 || top_n >= sizeof(top))
        return refuse(u, why, entry, detail);
    memcpy(top, entry, top_n);
    top[top_n] = '\0';
    if (rules_path(top, clean) != WHY_NONE || !*clean)
        return refuse(u, why, entry, detail);
    (void)fprintf(u->out, "B %d %zu %zu\n%s%s", (int)why, strlen(entry), strlen(detail), entry, detail);
    return true;
}

static bool copy_hand_in(struct unpacking *u, const char *path)
{
    char *data = NULL;
    size_t n = 0;
    const char *detail = NULL;
    const bool wanted = rules_is_source(path) || rules_is_archive(path);
    const enum rejection_why bad = wanted ? read_data(u, &data, &n, &detail) : WHY_NONE;

    if (bad == WHY_NONE)
        put_file(u, path, data, n);
    free(data);
    if (bad == WHY_NONE)
        return true;
    return bad == WHY_ARCHIVE_LARGE || bad == WHY_ENCRYPTED ? refuse_alone(u, bad, path, detail) : refuse(u, bad, path, detail);
}

static bool take_of_class(struct unpacking *u, struct archive_entry *e, const char *path)
{
    if (!*path)
        return true;
    if (archive_entry_filetype(e) != AE_IFDIR)
        return copy_hand_in(u, path);
    (void)fprintf(u->out, "D %zu\n%s", strlen(path), path);
    return true;
}

static bool take_entry(struct unpacking *u, struct archive_entry *e)
{
    char path[INTAKE_PATH_MAX + 1];
    errno = 0; /* as below */
    const char *name = archive_entry_pathname_utf8(e);
    enum rejection_why bad;

    if (!name)
        name = archive_entry_pathname(e);
    if (!name)
        return refuse(u, WHY_EMPTY_NAME, NULL, NULL);
    bad = rules_path(name, path);
    if (bad == WHY_NONE) {
        bad = bad_kind(e);
        name = path;
        if (u->what == UNPACK_CLASS && rules_is_noise(path))
            return true;
    }
    if (bad != WHY_NONE)
        return u->what == UNPACK_CLASS ? refuse_alone(u, bad, name, NULL) : refuse(u, bad, name, NULL);
    if (u->what == UNPACK_CLASS)
        return take_of_class(u, e, path);
    if (archive_entry_filetype(e) == AE_IFDIR)
        return true;
    return *path ? take_file(u, e, path) : refuse(u, WHY_EMPTY_NAME, NULL, NULL);
}

static bool take_all(struct unpacking *u)
{
    struct archive_entry *e;
    size_t entries = 0;
    int r;

    for (;;) {
        /* libarchive ends the process for a name that it cannot convert, if errno is ENOMEM: from
         * whatever was refused memory before, a dictionary of gigabytes say. */
        errno = 0;
        r = archive_read_next_header(u->a, &e);
        if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
            break;
        if (++entries > (u->what == UNPACK_CLASS ? INTAKE_CLASS_ENTRIES_MAX : INTAKE_ENTRIES_MAX))
            return u->what == UNPACK_CLASS ? refuse(u, WHY_LIMITS, NULL, "too many entries") : refuse(u, WHY_ENTRIES, NULL, NULL);
        if (!take_entry(u, e))
            return false;
    }
    if (r != ARCHIVE_EOF && archive_read_has_encrypted_entries(u->a) > 0)
        return refuse(u, WHY_ENCRYPTED, NULL, NULL);
    if (r != ARCHIVE_EOF)
        return refuse(u, WHY_DAMAGED, NULL, archive_error_string(u->a));
    if (!u->sources && u->nested[0])
        return refuse(u, WHY_NESTED, u->nested, NULL);
    return true;
}

struct archive *unpack_reader(void)
{
    struct archive *a = archive_read_new();

    if (!a)
        return NULL;
    /* Not archive_read_support_filter_all: that has filters which are programs. */
    (void)archive_read_support_filter_gzip(a);
    (void)archive_read_support_filter_bzip2(a);
    (void)archive_read_support_filter_xz(a);
    (void)archive_read_support_filter_lzma(a);
    (void)archive_read_support_filter_zstd(a);
    (void)archive_read_support_filter_compress(a);
    (void)archive_read_support_format_zip(a);
    (void)archive_read_support_format_tar(a);
    (void)archive_read_support_format_7zip(a);
    (void)archive_read_support_format_rar(a);
    (void)archive_read_support_format_rar5(a);
    return a;
}

int unpack(struct archive *a, int opened, long long packed, enum unpack_what what, FILE *out)
{
    struct unpacking *u = calloc(1, sizeof(*u));

    if (!u)
        return -1;
    u->a = a;
    u->out = out;
    u->what = what;
    u->packed = packed;
    if (opened != ARCHIVE_OK && archive_errno(a) == EILSEQ) /* none of its formats */
        (void)refuse(u, WHY_NO_ARCHIVE, NULL, NULL);
    else if (opened != ARCHIVE_OK)
        (void)refuse(u, WHY_DAMAGED, NULL, archive_error_string(a));
    else if (take_all(u))
        (void)fputs("E\n", out);
    for (size_t i = 0; i < u->names_n; i++)
        free(u->names[i]);
    free(u);
    return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}
