/* SPDX-License-Identifier: MIT */
/* Unit tests of the result document: written, read back and written again it is the same, and
 * nothing that a student wrote can break it. */
#include "unit.h"

#include "result/json.h"
#include "util/cleanup.h"

/* A result with something in every field; 'text' stands wherever a student's bytes may. */
static void fill(struct result *r, const char *text)
{
    result_init(r);
    r->lab = xstrdup("lab05-sockets");
    r->id = xstrdup(text);
    r->digest = xstrdup("sha256:00ff");
    r->status = STATUS_GRADED;
    r->message = xstrdup(text);
    r->score = 87.5;
    r->max_score = 100;
    r->behaviour_factor = 25.0 / 35;
    for (size_t i = 0; i < STAGE_N; i++) {
        r->stages[i] = (struct result_stage){.ran = i % 2 == 0, .score = (double)i / 10, .max_score = (double)i,
                                             .wall_ms = 7, .cpu_ms = 3};
        r->stages[i].outcome = i ? xstrdup(text) : NULL;
    }
    for (int v = 0; v < VERDICT_N; v++) {
        struct result_test *t = VEC_ADD(&r->tests, &r->tests_n);
        t->id = xformat("P%d", v);
        t->name = xformat("test_%d", v);
        t->hidden = v % 2;
        t->memcheck = v % 3 == 0;
        t->memcheck_verdict = VERDICT_FAIL;
        t->memcheck_message = v % 3 == 0 ? xstrdup("the wrong line") : NULL;
        t->verdict = (enum verdict)v;
        t->score = v;
        t->max_score = v + 0.5;
        t->duration_ms = 12;
        strs_add(&t->demands, "R1");
        if (v > 1) { /* the others have no text at all */
            t->kind = xstrdup("hang");
            t->signature = xstrdup(text);
            t->message = xstrdup(text);
            t->explain = json_pack("[{s:s, s:i, s:s}, {s:s, s:i, s:s}]", "process", "sort", "pid", 13, "state", "asleep", "process",
                                   "uniq", "pid", 14, "state", "zombie");
            t->hint_key = xstrdup("a-hint");
            t->cause = xstrdup("own-write-end");
            t->culprit = xstrdup("a child of sort");
        }
    }
    for (int s = 0; s < STAGE_N; s++) {
        struct finding *f = result_finding(r, (enum stage_id)s, CHARGE_NONE, "memory.leak");
        f->message = xstrdup(text);
        f->points = -s;
        f->count = s + 1;
        if (s % 2) {
            f->file = xstrdup(text);
            f->line = 42;
            f->function = xstrdup(text);
            f->test = xstrdup("test_1");
            f->hint_key = xstrdup("a-hint");
        }
    }
    r->lines = (struct coverage_count){180, 204};
    r->branches = (struct coverage_count){88, 120};
    struct covered_file *c = VEC_ADD(&r->files, &r->files_n);
    c->name = xstrdup(text);
    c->lines = r->lines;
    c->branches = r->branches;
    r->environment.grader = xstrdup("0.1.0");
    r->environment.isolation = xstrdup("full");
    r->environment.cc = xstrdup("gcc 12");
    r->environment.valgrind = xstrdup("3.19.0");
    r->environment.kernel = xstrdup("Linux");
    r->wall_ms = 1234;
    r->first_verdict_ms = 99;
}

static char *dump(const struct result *r, bool deterministic)
{
    json_t *j = result_to_json(r, deterministic);
    char *s = json_dumps(j, JSON_INDENT(2) | JSON_REAL_PRECISION(6));

    cr_assert(s, "it is no JSON document");
    json_decref(j);
    return s;
}

/* The document, after a way through a parser and struct result. */
static char *again(const char *text, bool deterministic)
{
    struct result r;
    struct err err = {0};
    json_error_t why;
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, &why);

    cr_assert(j, "%s", why.text);
    result_init(&r);
    cr_assert_eq(result_from_json(j, &r, &err), 0, "%s", err.msg);
    char *s = dump(&r, deterministic);
    result_release(&r);
    json_decref(j);
    return s;
}

static void round_trip(const char *text)
{
    for (int deterministic = 0; deterministic < 2; deterministic++) {
        struct result r;
        fill(&r, text);
        CLEANUP(free_ptr) char *first = dump(&r, deterministic);
        CLEANUP(free_ptr) char *second = again(first, deterministic);
        SAME(first, second);
        result_release(&r);
    }
}

UNIT(json, a_full_result_comes_back_the_same)
{
    round_trip("an ordinary sentence");
}

UNIT(json, an_empty_result_comes_back_the_same)
{
    struct result r;

    result_init(&r);
    CLEANUP(free_ptr) char *first = dump(&r, false);
    CLEANUP(free_ptr) char *second = again(first, false);
    SAME(first, second);
    result_release(&r);
}

UNIT(json, text_with_quotes_and_newlines_comes_back_the_same)
{
    round_trip("\"quoted\", back\\slash\nsecond line\tafter a tab, </script>, ${x}, não");
}

UNIT(json, control_characters_and_broken_utf8_are_shown)
{
    struct result r;

    fill(&r, "\033[2J\r\x01\xff\xc3");
    CLEANUP(free_ptr) char *s = dump(&r, false);
    HAS(s, "\"message\": \"\\\\x1b[2J\\\\x0d\\\\x01\\\\xff\\\\xc3\"");
    for (const char *p = s; *p; p++)
        cr_assert((unsigned char)*p >= 0x20 || *p == '\n');
    CLEANUP(free_ptr) char *second = again(s, false);
    SAME(s, second);
    result_release(&r);
}

UNIT(json, every_status_comes_back_the_same)
{
    for (int status = 0; status < STATUS_N; status++) {
        struct result r;
        fill(&r, "x");
        r.status = (enum result_status)status;
        CLEANUP(free_ptr) char *first = dump(&r, true);
        CLEANUP(free_ptr) char *second = again(first, true);
        SAME(first, second);
        result_release(&r);
    }
}

UNIT(json, no_score_where_nothing_was_judged)
{
    static const bool has_score[STATUS_N] = {[STATUS_GRADED] = true, [STATUS_COMPILE_ERROR] = true};

    for (int status = 0; status < STATUS_N; status++) {
        struct result r;
        fill(&r, "x");
        r.status = (enum result_status)status;
        json_t *j = result_to_json(&r, false);
        const json_t *score = json_object_get(j, "score");
        cr_assert(has_score[status] ? json_is_number(score) : json_is_null(score), "%s", status_names[status]);
        json_decref(j);
        result_release(&r);
    }
}

UNIT(json, deterministic_leaves_out_what_differs)
{
    struct result r;

    fill(&r, "x");
    free(r.stages[STAGE_COVERAGE].outcome);
    r.stages[STAGE_COVERAGE].outcome = xstrdup("nine of ten lines");
    CLEANUP(free_ptr) char *s = dump(&r, true);
    static const char *const differs[] = {"_ms\"", "environment", "kernel", "lines", "branches", "explain"};
    for (size_t i = 0; i < sizeof differs / sizeof *differs; i++)
        cr_assert_not(strstr(s, differs[i]), "'%s' is there", differs[i]);
    result_release(&r);
}

UNIT(json, how_many_are_left_may_depend_on_a_race)
{
    struct result r;

    fill(&r, "x");
    struct finding *f = result_finding(&r, STAGE_LEFTOVERS, CHARGE_LEFTOVER_PROCESS, "leftover.zombie");
    f->test = xstrdup("x");
    f->message = xstrdup("a left the zombie 'b'");
    f->count = 77;
    free(r.stages[STAGE_LEFTOVERS].outcome);
    r.stages[STAGE_LEFTOVERS].outcome = xstrdup("77 processes");
    CLEANUP(free_ptr) char *all = dump(&r, false);
    CLEANUP(free_ptr) char *s = dump(&r, true);
    HAS(all, "\"count\": 77");
    HAS(s, "leftover.zombie");
    cr_assert_not(strstr(s, "77"), "the number is there");
    result_release(&r);
}

UNIT(json, whole_points_are_whole_numbers)
{
    struct result r;

    fill(&r, "x");
    r.score = 100;
    CLEANUP(free_ptr) char *s = dump(&r, true);
    HAS(s, "\"score\": 100,");
    HAS(s, "\"max_score\": 100,");
    r.score = 33.3 + 9.5;
    CLEANUP(free_ptr) char *tenths = dump(&r, true);
    HAS(tenths, "\"score\": 42.8,");
    result_release(&r);
}

static void refuses(const char *document, const char *because)
{
    struct result r;
    struct err err = {0};
    json_error_t why;
    json_t *j = json_loads(document, JSON_DECODE_ANY, &why);

    cr_assert(j, "%s", why.text);
    result_init(&r);
    cr_assert_eq(result_from_json(j, &r, &err), -1, "it takes %s", document);
    HAS(err.msg, because);
    result_release(&r);
    json_decref(j);
}

#define HEAD "{\"schema\": \"grader-result/1\", \"lab\": \"l\", \"submission\": {\"id\": \"a\"}, \"status\": \"graded\""

UNIT(json, refuses_what_is_no_result)
{
    refuses("[]", "schema");
    refuses("null", "schema");
    refuses("{}", "schema");
    refuses("{\"schema\": \"grader-result/2\"}", "grader-result/2");
    refuses("{\"schema\": 1}", "schema");
    refuses("{\"schema\": \"grader-result/1\", \"lab\": \"l\", \"submission\": {\"id\": \"a\"}, \"status\": \"fine\"}", "status");
    refuses("{\"schema\": \"grader-result/1\", \"lab\": \"l\", \"status\": \"graded\"}", "submission");
    refuses("{\"schema\": \"grader-result/1\", \"submission\": {\"id\": \"a\"}, \"status\": \"graded\"}", "lab");
    refuses(HEAD ", \"stages\": [{\"name\": \"cooking\"}]}", "stage 1");
    refuses(HEAD ", \"tests\": [{\"id\": \"P1\", \"name\": \"x\", \"verdict\": \"perhaps\"}]}", "test 1");
    refuses(HEAD ", \"tests\": [{\"id\": \"P1\", \"verdict\": \"pass\"}]}", "test 1");
    refuses(HEAD ", \"findings\": [{\"kind\": \"k\", \"message\": \"m\"}]}", "finding 1");
    refuses(HEAD ", \"findings\": [3]}", "finding 1");
}

UNIT(json, text_may_be_missing_but_is_never_wrong)
{
    json_t *null = json_text(NULL), *bad = json_text("\xff");

    cr_assert(json_is_null(null));
    SAME("\\xff", json_string_value(bad));
    json_decref(null);
    json_decref(bad);
}
