/* SPDX-License-Identifier: MIT */
/* Unit tests of stage/gcov_report: what gcov's JSON says of a submission's lines and branches. */
#include "unit.h"

#include "stage/gcov_report.h"

#define FILE_OF(name, lines) "{\"file\": \"" name "\", \"functions\": [], \"lines\": [" lines "]}"
#define LINE(number, count) "{\"line_number\": " #number ", \"function_name\": \"f\", \"count\": " #count ", \"unexecuted_block\": false, \"branches\": []}"
#define LIBC_LINE(number, count) "{\"line_number\": " #number ", \"function_name\": \"__bswap_16\", \"count\": " #count ", \"branches\": []}"
#define LINE_WITH(number, count, branches) "{\"line_number\": " #number ", \"count\": " #count ", \"branches\": [" branches "]}"
#define BRANCH(count) "{\"count\": " #count ", \"throw\": false, \"fallthrough\": true}"
#define DOCUMENT(files) "{\"gcc_version\": \"12.2.0\", \"format_version\": \"1\", \"data_file\": \"0.gcda\", \"current_working_directory\": \"/sub\", \"files\": [" files "]}"

static void reads(struct result *r, const char *json)
{
    static char *headers[] = {(char *)"include/lab05.h"};
    static const struct strs given = {.v = headers, .n = 1};
    struct err err = {0};

    result_init(r);
    cr_assert_eq(gcov_read_json(json, strlen(json), &given, r, NULL, &err), 0, "%s", err.msg);
}

static void counts(const struct coverage_count *c, long hit, long total)
{
    cr_assert(c->hit == hit && c->total == total, "%ld of %ld, not %ld of %ld", c->hit, c->total, hit, total);
}

UNIT(gcov, counts_lines_and_branches)
{
    struct result r;

    reads(&r, DOCUMENT(FILE_OF("src/lab05.c", LINE(1, 3) ", " LINE(2, 0) ", " LINE_WITH(3, 9, BRANCH(4) "," BRANCH(0)))) "\n");
    counts(&r.lines, 2, 3);
    counts(&r.branches, 1, 2);
    cr_assert_eq(r.files_n, 1);
    SAME("src/lab05.c", r.files[0].name);
    counts(&r.files[0].lines, 2, 3);
    result_release(&r);
}

UNIT(gcov, adds_up_several_documents_and_files)
{
    struct result r;

    reads(&r, DOCUMENT(FILE_OF("src/a.c", LINE(1, 1)) ", " FILE_OF("src/b.c", LINE(1, 0))) "\n" DOCUMENT(
              FILE_OF("src/c.c", LINE(5, 2) ", " LINE(6, 0))));
    cr_assert_eq(r.files_n, 3);
    counts(&r.lines, 2, 4);
    result_release(&r);
}

UNIT(gcov, leaves_out_what_is_not_the_students)
{
    struct result r;

    reads(&r, DOCUMENT(FILE_OF("include/lab05.h", LINE(1, 1)) ", " FILE_OF("/usr/include/bits/byteswap.h", LIBC_LINE(1, 1)) ", " FILE_OF(
              "tests/x_test.c", LINE(1, 1)) ", " FILE_OF("src/a.c", LINE(1, 1))) "\n");
    cr_assert_eq(r.files_n, 1);
    counts(&r.lines, 1, 1);
    result_release(&r);
}

UNIT(gcov, a_line_directive_moves_nothing_out_of_the_count)
{
    struct result r;

    reads(&r, DOCUMENT(FILE_OF("/usr/include/string.h", LINE(1, 0)) ", " FILE_OF("include/mine.h", LINE(1, 0)) ", " FILE_OF(
              "no such file", LINE(1, 0)) ", " FILE_OF("src/a.c", LINE(1, 1))) "\n");
    cr_assert_eq(r.files_n, 4);
    counts(&r.lines, 1, 4);
    result_release(&r);
}

UNIT(gcov, the_functions_that_are_counted)
{
    static const char json[] = "{\"files\": [{\"file\": \"tests/x_test.c\", \"functions\": [{\"name\": \"one\"}, {\"name\": \"two\"}], \"lines\": []}]}";
    struct strs functions = {0};
    struct result r;

    result_init(&r);
    cr_assert_eq(gcov_read_json(json, strlen(json), NULL, &r, &functions, NULL), 0);
    cr_assert(functions.n == 2 && strs_has(&functions, "one") && strs_has(&functions, "two"));
    strs_release(&functions);
    result_release(&r);
}

UNIT(gcov, a_line_of_several_functions_counts_once)
{
    struct result r;

    reads(&r, DOCUMENT(FILE_OF("src/a.c", LINE(7, 0) ", " LINE(7, 2) ", " LINE(7, 0) ", " LINE(8, 1) ", " LINE(8, 1) ", " LINE(9, 0))) "\n");
    counts(&r.lines, 2, 3);
    result_release(&r);
}

UNIT(gcov, huge_counts_are_hits)
{
    struct result r;

    reads(&r, DOCUMENT(FILE_OF("src/a.c", LINE(7, 9223372036854775807))) "\n");
    counts(&r.lines, 1, 1);
    result_release(&r);
}

UNIT(gcov, nothing_is_nothing)
{
    struct result r;

    reads(&r, "");
    counts(&r.lines, 0, 0);
    result_release(&r);
    reads(&r, "\n\n");
    result_release(&r);
    reads(&r, "{}\n[]\n" DOCUMENT("") "\n");
    cr_assert_eq(r.files_n, 0);
    result_release(&r);
}

UNIT(gcov, a_document_that_is_cut_is_an_error_and_changes_nothing)
{
    static const char whole[] = DOCUMENT(FILE_OF("src/a.c", LINE(7, 1)));

    for (size_t cut = 1; cut < sizeof(whole) - 1; cut++) {
        struct result r;
        struct err err = {0};
        char *text = xformat("%s\n%.*s", whole, (int)cut, whole); /* after a good one */
        result_init(&r);
        cr_assert_eq(gcov_read_json(text, strlen(text), NULL, &r, NULL, &err), -1, "cut at %zu", cut);
        HAS(err.msg, "gcov");
        cr_assert_eq(r.files_n, 0);
        counts(&r.lines, 0, 0);
        result_release(&r);
        free(text);
    }
}

UNIT(gcov, odd_documents_do_no_harm)
{
    static const char *const odd[] = {
        "{\"files\": 3}", "{\"files\": [3, null, [], {}]}", "{\"files\": [{\"file\": 7, \"lines\": []}]}",
        "{\"files\": [{\"file\": \"src/a.c\"}]}", "{\"files\": [{\"file\": \"src/a.c\", \"lines\": [3, null, {}]}]}",
        "{\"files\": [{\"file\": \"src/a.c\", \"lines\": [{\"line_number\": \"x\", \"count\": \"y\", \"branches\": 3}]}]}",
    };

    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
        struct result r;
        reads(&r, odd[i]);
        cr_assert(r.lines.hit == 0);
        result_release(&r);
    }
}
