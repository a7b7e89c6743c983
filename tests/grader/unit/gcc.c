/* SPDX-License-Identifier: MIT */
/* Unit tests of stage/gcc_report: gcc's diagnostics, whatever stands in them. */
#include "unit.h"

#include "stage/gcc_report.h"
#include "util/cleanup.h"

#define ONE(message) "{\"kind\": \"warning\", \"locations\": [{\"caret\": {\"line\": 3, \"file\": \"src/a.c\"}}], \"message\": \"" message "\"}"

/* The messages that are found, each followed by "|". */
static void finds(const char *expected, const char *text)
{
    json_t *all = gcc_read_diagnostics(text), *one;
    struct buf b = {0};
    size_t i;

    cr_assert_eq(all != NULL, expected != NULL, "%s", text);
    json_array_foreach(all, i, one)
        buf_printf(&b, "%s|", json_string_value(json_object_get(one, "message")));
    CLEANUP(free_ptr) char *got = buf_steal(&b);
    if (expected)
        SAME(expected, got);
    json_decref(all);
}

UNIT(gcc, one_array)
{
    finds("", "[]\n");
    finds("", "[]");
    finds("a|", "[" ONE("a") "]\n");
    finds("a|b|", "[" ONE("a") ", " ONE("b") "]\n");
}

UNIT(gcc, the_arrays_of_several_processes)
{
    finds("a|b|", "[" ONE("a") "]\n[" ONE("b") "]\n");
    finds("a|", "[" ONE("a") "]\n[]\n");
}

UNIT(gcc, lines_of_the_assembler_between)
{
    finds("a|", "{standard input}: Assembler messages:\n{standard input}:7: Warning: x [y]\n[" ONE("a") "]\nmore\n");
}

UNIT(gcc, nothing_at_all)
{
    finds(NULL, "");
    finds(NULL, "gcc: fatal error: Killed signal terminated program cc1\n");
    finds(NULL, "\n\n");
}

UNIT(gcc, control_characters_and_broken_utf8_hide_nothing)
{
    finds("\\x1b[2J\\x07|b|", "[" ONE("\033[2J\a") ", " ONE("b") "]\n");
    finds("\\xff\\xc3|b|", "[" ONE("\xff\xc3") ", " ONE("b") "]\n");
    finds("a tab|", "[" ONE("a\ttab") "]\n");
}

UNIT(gcc, escapes_stay_what_they_are)
{
    finds("say \"hi\"\n|", "[" ONE("say \\\"hi\\\"\\n") "]\n");
    finds("\\x41|", "[" ONE("\\\\x41") "]\n"); /* a backslash of the source itself */
    finds("\\|", "[" ONE("\\\\") "]\n");
    finds("‘x’|", "[" ONE("‘x’") "]\n");
}

UNIT(gcc, brackets_in_messages_are_no_brackets)
{
    finds("]}[{|b|", "[" ONE("]}[{") ", " ONE("b") "]\n");
    finds("\"]|b|", "[" ONE("\\\"]") ", " ONE("b") "]\n");
}

UNIT(gcc, an_array_that_is_cut_gives_what_is_whole)
{
    static const char text[] = "[" ONE("a") ", " ONE("b]\\\"}") ", " ONE("c") "]";
    const size_t a = 1 + strlen(ONE("a")), b = a + 2 + strlen(ONE("b]\\\"}")), c = b + 2 + strlen(ONE("c"));

    for (size_t cut = 1; cut < sizeof(text); cut++) {
        char *part = xstrndup(text, cut);
        finds(cut < a ? "" : cut < b ? "a|" : cut < c ? "a|b]\"}|" : "a|b]\"}|c|", part);
        free(part);
    }
}
