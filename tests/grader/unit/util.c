/* SPDX-License-Identifier: MIT */
/* Unit tests of util: numbers, text that somebody else wrote, vectors, errors, folders. */
#include "unit.h"

#include <errno.h>
#include <limits.h>

#include "util/cleanup.h"
#include "util/num.h"
#include "util/text.h"

/* num */

static bool is_number(const char *s, unsigned long min, unsigned long max, unsigned long expected)
{
    unsigned long n = 77;

    return num_parse(s, min, max, &n) == 0 && n == expected;
}

static bool is_refused(const char *s, unsigned long min, unsigned long max)
{
    unsigned long n = 77;

    return num_parse(s, min, max, &n) == -1 && n == 77;
}

UNIT(num, takes_what_is_in_range)
{
    cr_assert(is_number("0", 0, 10, 0));
    cr_assert(is_number("10", 0, 10, 10));
    cr_assert(is_number("007", 1, 10, 7));
    cr_assert(is_number("18446744073709551615", 0, ULONG_MAX, ULONG_MAX));
}

UNIT(num, refuses_what_is_out_of_range)
{
    cr_assert(is_refused("0", 1, 10));
    cr_assert(is_refused("11", 1, 10));
    cr_assert(is_refused("18446744073709551616", 0, ULONG_MAX));
    cr_assert(is_refused("99999999999999999999999999", 0, ULONG_MAX));
}

UNIT(num, refuses_what_is_no_number_as_a_whole)
{
    static const char *const bad[] = {"", " ", "-1", "+1", " 1", "1 ", "1x", "x1", "0x10", "1e3", "1.0", "1\n", "\xd9\xa1"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        cr_assert(is_refused(bad[i], 0, ULONG_MAX), "'%s' was taken", bad[i]);
}

UNIT(num, takes_points)
{
    double d = 0;

    cr_assert_eq(num_parse_double("87.5", 0, 1000, &d), 0);
    SAME_NUMBER(87.5, d);
    cr_assert_eq(num_parse_double("0", 0, 1000, &d), 0);
    SAME_NUMBER(0, d);
    cr_assert_eq(num_parse_double(".5", 0, 1000, &d), 0);
    SAME_NUMBER(0.5, d);
}

UNIT(num, refuses_what_is_no_points)
{
    static const char *const bad[] = {"", ".", "1..2", "1.2.3", "-1", "+1", "1,5", "nan", "inf", "1e2", "0x1p3", " 5", "5 ", "1000.1"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        double d = 77;
        cr_assert_eq(num_parse_double(bad[i], 0, 1000, &d), -1, "'%s' was taken", bad[i]);
        SAME_NUMBER(77, d);
    }
}

/* text */

static void shows(const char *expected, const char *bytes, size_t n)
{
    CLEANUP(free_ptr) char *got = text_printable(bytes, n);

    SAME(expected, got);
}

#define SHOWS(expected, bytes) shows(expected, bytes, sizeof(bytes) - 1)

UNIT(text, leaves_ordinary_text_alone)
{
    SHOWS("", "");
    SHOWS("a line\nand\ta tab", "a line\nand\ta tab");
    SHOWS("não, 日本, \xf0\x9f\x98\x80", "não, 日本, \xf0\x9f\x98\x80");
    SHOWS("\xc2\xa0", "\xc2\xa0"); /* the first character after the C1 controls */
}

UNIT(text, shows_control_characters)
{
    SHOWS("\\x00", "\0");
    SHOWS("\\x1b[31m", "\033[31m");
    SHOWS("\\x0d\\x08\\x07\\x7f", "\r\b\a\x7f");
    SHOWS("\\xc2\\x9b", "\xc2\x9b"); /* CSI, as one character */
}

UNIT(text, shows_what_turns_text_around)
{
    SHOWS("\\xe2\\x80\\xae", "\xe2\x80\xae");
    SHOWS("\\xe2\\x81\\xa6", "\xe2\x81\xa6");
    SHOWS("\\xef\\xbb\\xbf", "\xef\xbb\xbf");
}

UNIT(text, shows_bytes_that_are_not_utf8)
{
    SHOWS("\\xff", "\xff");
    SHOWS("\\x80", "\x80");
    SHOWS("a\\xc3", "a\xc3");                     /* cut short */
    SHOWS("\\xc3z", "\xc3z");                     /* no continuation */
    SHOWS("\\xc0\\xaf", "\xc0\xaf");              /* overlong '/' */
    SHOWS("\\xed\\xa0\\x80", "\xed\xa0\x80");     /* a surrogate */
    SHOWS("\\xf4\\x90\\x80\\x80", "\xf4\x90\x80\x80"); /* beyond U+10FFFF */
    SHOWS("\\xf8\\x88\\x80\\x80\\x80", "\xf8\x88\x80\x80\x80");
}

UNIT(text, does_not_read_beyond_its_bytes)
{
    char *exact = malloc(2);

    memcpy(exact, "\xe2\x82", 2);
    shows("\\xe2\\x82", exact, 2);
    free(exact);
}

UNIT(text, is_printable_whatever_the_bytes)
{
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++) {
            const char bytes[3] = {(char)a, (char)b, 'x'};
            CLEANUP(free_ptr) char *once = text_printable(bytes, 3);
            CLEANUP(free_ptr) char *twice = text_printable(once, strlen(once));
            SAME(once, twice);
            for (const char *p = once; *p; p++)
                cr_assert((unsigned char)*p >= 0x20 || *p == '\n' || *p == '\t', "%02x %02x", a, b);
        }
}

/* vec */

UNIT(vec, grows_and_zeroes)
{
    struct pair { int a; char *b; } *v = NULL;
    size_t n = 0;

    for (int i = 0; i < 1000; i++) {
        struct pair *p = VEC_ADD(&v, &n);
        cr_assert(p->a == 0 && p->b == NULL);
        p->a = i;
    }
    cr_assert_eq(n, 1000);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(v[i].a, i);
    free(v);
}

UNIT(vec, lists_of_strings_end_with_null)
{
    CLEANUP(strs_release) struct strs s = {0};

    strs_add(&s, "one");
    strs_addf(&s, "%d", 2);
    strs_take(&s, xstrdup("three"));
    cr_assert_eq(s.n, 3);
    SAME("one", s.v[0]);
    SAME("2", s.v[1]);
    SAME("three", s.v[2]);
    cr_assert_null(s.v[3]);
    cr_assert(strs_has(&s, "2"));
    cr_assert_not(strs_has(&s, "tw"));
}

UNIT(vec, buffers_of_every_size)
{
    for (size_t step = 1; step < 200; step++) {
        CLEANUP(buf_release) struct buf b = {0};
        char block[200];
        memset(block, 'x', sizeof(block));
        for (size_t total = 0; total < 2000;) {
            buf_add(&b, block, step);
            total += step;
            cr_assert_eq(b.n, total);
            cr_assert_eq(strlen(b.s), total);
        }
    }
}

UNIT(vec, buffers_are_handed_over)
{
    struct buf b = {0};

    CLEANUP(free_ptr) char *empty = buf_steal(&b);
    SAME("", empty);
    buf_puts(&b, "a");
    buf_printf(&b, "%s%d", "b", 3);
    CLEANUP(free_ptr) char *s = buf_steal(&b);
    SAME("ab3", s);
    cr_assert(b.s == NULL && b.n == 0);
}

UNIT(vec, null_strings_stay_null)
{
    cr_assert_null(xstrdup(NULL));
}

/* err */

UNIT(err, grows_from_the_inside_out)
{
    struct err err = {0};

    cr_assert_eq(err_errno(&err, ENOENT, "cannot open '%s'", "f"), -1);
    cr_assert_eq(err_wrap(&err, "lab %d", 5), -1);
    SAME("lab 5: cannot open 'f': No such file or directory", err.msg);
    cr_assert_eq(err.code, ENOENT);
    cr_assert_eq(err_set(&err, "new"), -1);
    SAME("new", err.msg);
    cr_assert_eq(err.code, 0);
}

UNIT(err, is_cut_not_overrun)
{
    struct err err = {0};
    char much[4000];

    memset(much, 'm', sizeof(much) - 1);
    much[sizeof(much) - 1] = '\0';
    (void)err_errno(&err, EIO, "%s", much);
    cr_assert_eq(strlen(err.msg), sizeof(err.msg) - 1);
    (void)err_wrap(&err, "front %s", "x");
    cr_assert_eq(strlen(err.msg), sizeof(err.msg) - 1);
    HAS(err.msg, "front x: mmm");
}

UNIT(err, may_be_nobody)
{
    cr_assert_eq(err_set(NULL, "x"), -1);
    cr_assert_eq(err_errno(NULL, EIO, "x"), -1);
    cr_assert_eq(err_wrap(NULL, "x"), -1);
}

/* folder */

UNIT(folder, copies_files_and_folders_and_no_links)
{
    struct err err = {0};
    CLEANUP(free_ptr) char *from = unit_path("from");
    CLEANUP(free_ptr) char *to = unit_path("to");
    CLEANUP(free_ptr) char *link_path = unit_path("from/link.c");
    CLEANUP(free_ptr) char *copy = unit_path("to/sub/a.c");
    CLEANUP(free_ptr) char *copied_link = unit_path("to/link.c");
    struct stat st;

    unit_write("from/sub/a.c", "int a;\n");
    cr_assert_eq(symlink("/etc/passwd", link_path), 0);
    cr_assert_eq(folder_copy(from, to, &err), 0, "%s", err.msg);
    cr_assert(stat(copy, &st) == 0 && st.st_size == 7);
    cr_assert(lstat(copied_link, &st) < 0 && errno == ENOENT);
    cr_assert_eq(folder_copy("/absent/folder", to, &err), -1);
    HAS(err.msg, "/absent/folder");
    unit_done();
}

UNIT(folder, removes_a_link_and_not_what_it_leads_to)
{
    struct err err = {0};
    CLEANUP(free_ptr) char *dir = unit_path("dir");
    CLEANUP(free_ptr) char *link_path = unit_path("dir/link");
    CLEANUP(free_ptr) char *kept = unit_path("kept/file");
    CLEANUP(free_ptr) char *target = unit_path("kept");

    unit_write("kept/file", "x");
    cr_assert(symlink(target, link_path) == 0);
    cr_assert_eq(folder_remove(dir, &err), 0, "%s", err.msg);
    cr_assert(access(kept, F_OK) == 0);
    cr_assert(access(dir, F_OK) < 0);
    unit_done();
}
