/* SPDX-License-Identifier: MIT */
/* Unit tests of stage/memcheck_report: valgrind's XML files and its log of open descriptors, as they
 * are, cut short, and hostile. */
#include "unit.h"

#include "stage/memcheck_report.h"

#define HEAD                                                                                       \
    "<?xml version=\"1.0\"?>\n\n<valgrindoutput>\n\n<protocolversion>4</protocolversion>\n"        \
    "<protocoltool>memcheck</protocoltool>\n\n<preamble>\n  <line>Memcheck, a memory error detector</line>\n</preamble>\n" \
    "<pid>41</pid>\n<ppid>40</ppid>\n<tool>memcheck</tool>\n"
#define TAIL "<errorcounts>\n</errorcounts>\n\n</valgrindoutput>\n"
#define FRAME(fn, dir, file, line)                                                                 \
    "    <frame>\n      <ip>0x4</ip>\n      <obj>/sub/image</obj>\n      <fn>" fn "</fn>\n"        \
    "      <dir>" dir "</dir>\n      <file>" file "</file>\n      <line>" line "</line>\n    </frame>\n"
#define LIBC_FRAME "    <frame>\n      <ip>0x5</ip>\n      <obj>/usr/lib/libc.so.6</obj>\n      <fn>malloc</fn>\n    </frame>\n"
#define STACK(frames) "  <stack>\n" frames "  </stack>\n"
#define ERROR(kind, what, rest)                                                                    \
    "<error>\n  <unique>0x0</unique>\n  <tid>1</tid>\n  <kind>" kind "</kind>\n  <what>" what "</what>\n" rest "</error>\n\n"
#define LEAK(kind, text, rest)                                                                     \
    "<error>\n  <unique>0x1</unique>\n  <tid>1</tid>\n  <kind>" kind "</kind>\n  <xwhat>\n    <text>" text \
    "</text>\n    <leakedbytes>12</leakedbytes>\n    <leakedblocks>1</leakedblocks>\n  </xwhat>\n" rest "</error>\n\n"
#define MINE(fn, line) FRAME(fn, "/sub/src", "lab05.c", line)

struct reading {
    struct memcheck_report report;
    struct memcheck_places made;
};

static void read_bytes(struct reading *g, const char *xml, size_t n)
{
    memcheck_read_xml(&g->report, xml, n, "/sub", &g->made);
}

static void read_text(struct reading *g, const char *xml)
{
    read_bytes(g, xml, strlen(xml));
}

static void release(struct reading *g)
{
    memcheck_places_release(&g->made);
    memcheck_report_release(&g->report);
}

static void is_error(const struct reading *g, size_t i, enum memcheck_class class, const char *kind, const char *place,
                     long count)
{
    cr_assert_lt(i, g->report.errors_n, "there are only %zu errors", g->report.errors_n);
    const struct memcheck_error *e = &g->report.errors[i];
    char *at = xformat("%s:%d %s", e->file, e->line, e->function);

    cr_assert_eq(e->class, class);
    SAME(kind, e->kind);
    SAME(place, at);
    cr_assert_eq(e->count, count, "%s: count %ld, not %ld", at, e->count, count);
    free(at);
}

static void finds_nothing(const char *xml)
{
    struct reading g = {0};

    read_text(&g, xml);
    cr_assert_eq(g.report.errors_n, 0, "found: %s in %s", g.report.errors_n ? g.report.errors[0].kind : "",
                 g.report.errors_n ? g.report.errors[0].file : "");
    cr_assert_eq(g.report.files, 1);
    release(&g);
}

UNIT(memcheck, a_clean_process)
{
    struct reading g = {0};

    read_text(&g, HEAD TAIL);
    cr_assert_eq(g.report.errors_n, 0);
    cr_assert_eq(g.report.files, 1);
    cr_assert_eq(g.report.cut, 0);
    release(&g);
}

UNIT(memcheck, an_error_is_where_the_students_code_is_first)
{
    struct reading g = {0};

    read_text(&g, HEAD ERROR("InvalidWrite", "Invalid write of size 1",
                             STACK(LIBC_FRAME FRAME("strcpy", "/build/glibc", "strcpy.S", "7") MINE("inner", "81")
                                       MINE("outer", "99"))) TAIL);
    is_error(&g, 0, MEMCHECK_ERROR, "InvalidWrite", "src/lab05.c:81 inner", 1);
    SAME("Invalid write of size 1", g.report.errors[0].what);
    cr_assert_eq(g.report.errors_n, 1);
    release(&g);
}

UNIT(memcheck, a_leak_has_its_sentence)
{
    struct reading g = {0};

    read_text(&g, HEAD LEAK("Leak_DefinitelyLost", "12 bytes in 1 blocks are definitely lost", STACK(LIBC_FRAME MINE("feed", "139")))
                       TAIL);
    is_error(&g, 0, MEMCHECK_LEAK, "Leak_DefinitelyLost", "src/lab05.c:139 feed", 1);
    SAME("12 bytes in 1 blocks are definitely lost", g.report.errors[0].what);
    release(&g);
}

UNIT(memcheck, other_leaks_are_no_fault)
{
    finds_nothing(HEAD LEAK("Leak_StillReachable", "x", STACK(MINE("f", "1"))) TAIL);
    finds_nothing(HEAD LEAK("Leak_PossiblyLost", "x", STACK(MINE("f", "1"))) TAIL);
    finds_nothing(HEAD LEAK("Leak_IndirectlyLost", "x", STACK(MINE("f", "1"))) TAIL);
}

UNIT(memcheck, what_is_not_in_the_students_code_is_left_out)
{
    finds_nothing(HEAD ERROR("InvalidRead", "x", STACK(LIBC_FRAME)) TAIL);
    finds_nothing(HEAD ERROR("InvalidRead", "x", STACK(FRAME("main", "/judge", "probe.c", "3"))) TAIL);
    finds_nothing(HEAD ERROR("InvalidRead", "x", STACK(FRAME("f", "/subway/src", "lab05.c", "3"))) TAIL);
    finds_nothing(HEAD ERROR("InvalidRead", "x", "") TAIL);
    finds_nothing(HEAD ERROR("InvalidRead", "x", STACK("")) TAIL);
}

UNIT(memcheck, only_the_first_stack_tells_the_place)
{
    /* The second one tells where the block was allocated: a fault of somebody else's. */
    finds_nothing(HEAD ERROR("InvalidRead", "x",
                             STACK(LIBC_FRAME) "  <auxwhat>Address 0x5 is 0 bytes after a block of size 3 alloc'd</auxwhat>\n" STACK(
                                 LIBC_FRAME MINE("make", "5"))) TAIL);
}

UNIT(memcheck, several_processes_that_tell_the_same_are_one_error)
{
    struct reading g = {0};

    for (int i = 0; i < 3; i++)
        read_text(&g, HEAD ERROR("UninitCondition", "x", STACK(MINE("serve", "153")))
                           LEAK("Leak_DefinitelyLost", "y", STACK(MINE("feed", "139"))) TAIL);
    cr_assert_eq(g.report.errors_n, 2);
    cr_assert_eq(g.report.files, 3);
    is_error(&g, 0, MEMCHECK_ERROR, "UninitCondition", "src/lab05.c:153 serve", 3);
    is_error(&g, 1, MEMCHECK_LEAK, "Leak_DefinitelyLost", "src/lab05.c:139 feed", 3);
    release(&g);
}

UNIT(memcheck, another_line_kind_function_or_file_is_another_error)
{
    struct reading g = {0};

    read_text(&g, HEAD ERROR("InvalidRead", "x", STACK(MINE("f", "1"))) ERROR("InvalidRead", "x", STACK(MINE("f", "2")))
                       ERROR("InvalidWrite", "x", STACK(MINE("f", "1"))) ERROR("InvalidRead", "x", STACK(MINE("g", "1")))
                           ERROR("InvalidRead", "x", STACK(FRAME("f", "/sub/src/deep", "lab05.c", "1"))) TAIL);
    cr_assert_eq(g.report.errors_n, 5);
    is_error(&g, 4, MEMCHECK_ERROR, "InvalidRead", "src/deep/lab05.c:1 f", 1);
    release(&g);
}

UNIT(memcheck, a_place_of_one_error_is_not_taken_over_by_the_next)
{
    struct reading g = {0};

    read_text(&g, HEAD ERROR("InvalidRead", "x", STACK(MINE("f", "1"))) ERROR("InvalidRead", "x", STACK(LIBC_FRAME)) TAIL);
    cr_assert_eq(g.report.errors_n, 1);
    is_error(&g, 0, MEMCHECK_ERROR, "InvalidRead", "src/lab05.c:1 f", 1);
    release(&g);
}

UNIT(memcheck, a_frame_without_a_line_or_a_function)
{
    struct reading g = {0};

    read_text(&g, HEAD ERROR("InvalidRead", "x",
                             STACK("<frame><ip>0x1</ip><dir>/sub/src</dir><file>lab05.c</file></frame>")) TAIL);
    is_error(&g, 0, MEMCHECK_ERROR, "InvalidRead", "src/lab05.c:0 ?", 1);
    release(&g);
}

UNIT(memcheck, what_valgrind_did_not_write_is_told_from_what_is_cut)
{
    static const char *const forged[] = {"\1\1\1\1" TAIL, HEAD "</valgrindoutput>\n<!--" TAIL, HEAD TAIL TAIL, "\n" HEAD TAIL, "PASS\n"};

    for (size_t i = 0; i < sizeof(forged) / sizeof(*forged); i++) {
        struct reading g = {0};
        read_text(&g, forged[i]);
        cr_assert(g.report.broken == 1 || (i == 1 && g.report.cut == 1), "%zu", i);
        release(&g);
    }
}

UNIT(memcheck, a_file_cut_at_any_byte_gives_what_it_holds)
{
    static const char whole[] = HEAD ERROR("InvalidRead", "x", STACK(LIBC_FRAME MINE("f", "1")))
        LEAK("Leak_DefinitelyLost", "y", STACK(MINE("g", "2"))) TAIL;
    const size_t n = sizeof(whole) - 1, first = (size_t)(strstr(whole, "</error>") - whole) + strlen("</error>");

    for (size_t cut = 0; cut <= n; cut++) {
        struct reading g = {0};
        char *exact = malloc(cut ? cut : 1); /* so that a byte too many is seen */
        memcpy(exact, whole, cut);
        read_bytes(&g, exact, cut);
        free(exact);
        const bool complete = cut >= n - 1; /* its last byte is a newline */
        cr_assert_eq(g.report.cut, complete ? 0 : 1, "cut at %zu", cut);
        cr_assert_eq(g.report.broken, 0, "cut at %zu", cut);
        if (cut < first)
            cr_assert_eq(g.report.errors_n, 0, "cut at %zu", cut);
        else
            is_error(&g, 0, MEMCHECK_ERROR, "InvalidRead", "src/lab05.c:1 f", 1);
        release(&g);
    }
}

UNIT(memcheck, hostile_bytes_do_no_harm)
{
    static const char *const hostile[] = {
        "", "\n", "<", "<error>", "</error></stack></frame>", "<a><stack><frame></a>", "\xff\xfe\x00",
        HEAD "<error><kind>InvalidRead</kind><stack><stack><stack></stack></stack></stack></error>" TAIL,
        HEAD "<error><error><error><kind>k</kind></error></error></error>" TAIL,
        HEAD "<frame><dir>/sub</dir><file>f</file></frame><line>3</line><fn>f</fn>" TAIL,
        HEAD "<error><stack><frame><dir>/sub</dir><file>f.c</file><line>-5</line></frame></stack></error>" TAIL,
        HEAD "<error><kind>&undefined;</kind></error>" TAIL,
        HEAD "<error><kind>\xff\xff</kind></error>" TAIL,
    };

    for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
        struct reading g = {0};
        read_text(&g, hostile[i]);
        cr_assert_eq(g.report.files, 1);
        release(&g);
    }
}

UNIT(memcheck, a_line_number_that_is_none)
{
    struct reading g = {0};

    read_text(&g, HEAD ERROR("InvalidRead", "x", STACK(MINE("f", "-5"))) ERROR("InvalidRead", "x", STACK(MINE("g", "99999999999999999999")))
                       ERROR("InvalidRead", "x", STACK(MINE("h", "seven"))) TAIL);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(g.report.errors[i].line, 0);
    release(&g);
}

UNIT(memcheck, entities_that_grow_without_end_are_refused)
{
    struct buf b = {0};
    struct reading g = {0};

    buf_puts(&b, "<?xml version=\"1.0\"?>\n<!DOCTYPE v [\n<!ENTITY e0 \"0123456789\">\n");
    for (int i = 1; i < 12; i++)
        buf_printf(&b, "<!ENTITY e%d \"&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;\">\n", i, i - 1, i - 1, i - 1, i - 1,
                   i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    buf_puts(&b, "]>\n<valgrindoutput><error><kind>&e11;</kind></error></valgrindoutput>\n");
    read_text(&g, b.s); /* 10^12 bytes, if it were read */
    cr_assert_eq(g.report.cut, 1);
    cr_assert_eq(g.report.errors_n, 0);
    release(&g);
    buf_release(&b);
}

UNIT(memcheck, no_file_of_the_host_is_read)
{
    struct reading g = {0};

    unit_write("secret", "canary");
    char *path = unit_path("secret");
    char *xml = xformat("<?xml version=\"1.0\"?>\n<!DOCTYPE v [<!ENTITY x SYSTEM \"file://%s\">]>\n<valgrindoutput><error>"
                        "<kind>InvalidRead</kind><what>&x;</what>%s</error></valgrindoutput>",
                        path, STACK(MINE("f", "1")));
    read_text(&g, xml);
    for (size_t i = 0; i < g.report.errors_n; i++)
        cr_assert_not(strstr(g.report.errors[i].what, "canary"));
    release(&g);
    free(xml);
    free(path);
    unit_done();
}

UNIT(memcheck, endless_text_and_depth_are_bounded)
{
    struct buf b = {0};
    struct reading g = {0};

    buf_puts(&b, HEAD "<error><kind>InvalidRead</kind><what>");
    for (int i = 0; i < 100000; i++)
        buf_puts(&b, "0123456789");
    buf_puts(&b, "</what>" STACK(MINE("f", "1")) "</error>" TAIL);
    read_text(&g, b.s);
    is_error(&g, 0, MEMCHECK_ERROR, "InvalidRead", "src/lab05.c:1 f", 1);
    cr_assert_leq(strlen(g.report.errors[0].what), 65536);
    release(&g);
    buf_release(&b);

    for (int i = 0; i < 100000; i++)
        buf_puts(&b, "<a>");
    read_text(&g, b.s);
    cr_assert_eq(g.report.cut, 1);
    release(&g);
    buf_release(&b);
}

/* Descriptors */

#define MADE STACK(LIBC_FRAME MINE("listen_on", "30"))

static void read_log(struct reading *g, const char *log)
{
    memcheck_read_descriptors(&g->report, log, strlen(log), 41, &g->made);
}

UNIT(descriptors, a_stack_that_belongs_to_no_error_tells_where_one_was_made)
{
    struct reading g = {0};

    read_text(&g, HEAD MADE STACK(LIBC_FRAME) TAIL);
    cr_assert_eq(g.report.errors_n, 0);
    cr_assert_eq(g.made.n, 2);
    SAME("src/lab05.c", g.made.v[0].file);
    cr_assert_eq(g.made.v[0].line, 30);
    SAME(NULL, g.made.v[1].file);
    release(&g);
}

UNIT(descriptors, an_open_one_is_found)
{
    struct reading g = {0};

    read_text(&g, HEAD MADE TAIL);
    read_log(&g, "==41== \n==41== FILE DESCRIPTORS: 4 open (3 std) at exit.\n==41== Open AF_UNIX socket 5: /tmp/s\n==41== \n");
    cr_assert_eq(g.report.errors_n, 1);
    is_error(&g, 0, MEMCHECK_DESCRIPTOR, "OpenDescriptor", "src/lab05.c:30 listen_on", 1);
    SAME("Open AF_UNIX socket 5", g.report.errors[0].what);
    release(&g);
}

UNIT(descriptors, inherited_ones_and_the_standard_three_are_not_counted)
{
    struct reading g = {0};

    read_text(&g, HEAD STACK(MINE("stdout_again", "1")) TAIL);
    read_log(&g, "==41== Open file descriptor 9: /dev/null\n==41==    <inherited from parent>\n==41== \n"
                 "==41== Open file descriptor 2:\n==41== \n");
    cr_assert_eq(g.report.errors_n, 0);
    release(&g);
}

UNIT(descriptors, what_mq_notify_opens_for_its_thread_is_nobodys_fault)
{
    struct reading g = {0};

    read_text(&g, HEAD STACK(LIBC_FRAME MINE("listen_again", "401")) MADE TAIL);
    read_log(&g, "==41== Open pf-16 socket 6\n==41== \n==41== Open file descriptor 5: /q\n==41== \n");
    cr_assert_eq(g.report.errors_n, 1);
    is_error(&g, 0, MEMCHECK_DESCRIPTOR, "OpenDescriptor", "src/lab05.c:30 listen_on", 1);
    release(&g);
}

UNIT(descriptors, of_this_process_alone_although_lines_of_others_come_between)
{
    struct reading g = {0};

    read_text(&g, HEAD STACK(MINE("a", "1")) STACK(MINE("b", "2")) TAIL);
    read_log(&g, "==40== Open file descriptor 7: /x\n"
                 "==41== Open file descriptor 8: /y\n"
                 "==40==    <inherited from parent>\n"
                 "==411== Open file descriptor 9: /z\n"
                 "==41== \n"
                 "==41== Open pipe 10\n"
                 "==411==    <inherited from parent>\n"
                 "==41==    <inherited from parent>\n"
                 "==41== Open pipe 11\n");
    cr_assert_eq(g.report.errors_n, 2);
    is_error(&g, 0, MEMCHECK_DESCRIPTOR, "OpenDescriptor", "src/lab05.c:1 a", 1);
    is_error(&g, 1, MEMCHECK_DESCRIPTOR, "OpenDescriptor", "src/lab05.c:2 b", 1);
    release(&g);
}

UNIT(descriptors, made_elsewhere_is_left_out_and_keeps_the_order)
{
    struct reading g = {0};

    read_text(&g, HEAD STACK(LIBC_FRAME) STACK(MINE("b", "2")) TAIL);
    read_log(&g, "==41== Open pipe 10\n==41== Open pipe 11\n");
    cr_assert_eq(g.report.errors_n, 1);
    SAME("Open pipe 11", g.report.errors[0].what);
    release(&g);
}

UNIT(descriptors, a_log_that_says_more_or_less_than_the_stacks)
{
    struct reading g = {0};

    read_text(&g, HEAD STACK(MINE("a", "1")) TAIL);
    read_log(&g, "");
    read_log(&g, "==41== Open \n==41== Open pipe 11\n==41== Open pipe 12\n==41== Open pipe 13");
    cr_assert_leq(g.report.errors_n, 1);
    release(&g);
}

UNIT(descriptors, a_hostile_log_does_no_harm)
{
    static const char *const logs[] = {"==", "==41", "==41==", "==41== Open", "==41== Open ", "==99999999999999999999== Open x 4",
                                       "==41== Open : 99999999999999999999999", "\xff\xff\n==41== Open \xff 7: \n", "\n\n\n"};

    for (size_t i = 0; i < sizeof(logs) / sizeof(*logs); i++) {
        struct reading g = {0};
        read_text(&g, HEAD MADE MADE TAIL);
        read_log(&g, logs[i]);
        release(&g);
    }
}
