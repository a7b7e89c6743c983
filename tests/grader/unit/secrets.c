/* SPDX-License-Identifier: MIT */
/* Unit tests of what counts as a secret of hidden tests, and of the messages that may not tell one. */
#include "unit.h"

#include "lab/secrets.h"
#include "util/cleanup.h"

static struct lab_demand demands[] = {{.key = "R1", .en = "They arrive in order.", .pt_br = "Chegam em ordem."}};
static struct lab_hint hints[] = {{.key = "feed", .en = "Is the pigeon hungry?", .pt_br = "A pomba tem fome?"}};
static struct lab_test tests[] = {
    {.name = "arrives", .visibility = LAB_PUBLIC, .does = {"one grey pigeon", "uma pomba cinza"}},
    {.name = "returns", .visibility = LAB_HIDDEN, .does = {"two white pigeons", "duas pombas brancas"}},
};
static struct lab_config config = {.lab = "lab07-pigeons", .demands = demands, .demands_count = 1, .tests = tests, .tests_count = 2};
static struct lab_hints all_hints = {.hints = hints, .hints_count = 1};

/* The secrets of a lab with this hidden.c. */
static struct secrets secrets_of(const char *hidden)
{
    struct lab lab = {.root = (char *)unit_dir(), .config = &config, .hints = &all_hints};
    struct secrets s;
    struct err err = {0};

    unit_write("labs/lab07-pigeons/README.md", "Letters go to\n  the tower.\n");
    unit_write("templates/lab07-pigeons/include/lab07.h", "#define PIGEON_MAX 16\n");
    unit_write("tests/lab07-pigeons/public.c", "LAB_TEST(public, arrives) { run(\"coo coo\"); }\n");
    unit_write("tests/lab07-pigeons/birds.h", "static void step(struct proc *p, const char *line, const char *key, const char *what)\n"
                                              "{\n    check_str(next(p), line, key, what);\n}\n");
    unit_write("tests/lab07-pigeons/hidden.c", hidden);
    cr_assert_eq(secrets_load(&lab, &s, &err), 0, "%s", err.msg);
    return s;
}

static char *joined(const struct strs *list)
{
    struct buf b = {0};

    for (size_t i = 0; i < list->n; i++)
        buf_printf(&b, "%s|", list->v[i]);
    return buf_steal(&b);
}

/* hidden.c knows just these, each followed by a bar, and tells none. */
static void knows(const char *hidden, const char *expected)
{
    CLEANUP(secrets_release) struct secrets s = secrets_of(hidden);
    CLEANUP(free_ptr) char *all = joined(&s.texts);
    CLEANUP(free_ptr) char *told = joined(&s.told);

    SAME(expected, all);
    SAME("", told);
    unit_done();
}

/* hidden.c tells something: the problem has 'why' in it. */
static void tells(const char *hidden, const char *why)
{
    CLEANUP(secrets_release) struct secrets s = secrets_of(hidden);

    cr_assert_eq(s.told.n, 1, "%zu problems", s.told.n);
    HAS(s.told.v[0], "tests/lab07-pigeons/hidden.c:");
    HAS(s.told.v[0], why);
    unit_done();
}

UNIT(secrets, are_what_students_can_read_nowhere)
{
    knows("f(\"white feathers\");", "white feathers|");
    knows("f(\"coo coo\", \"the tower\", \"PIGEON_MAX\", \"grey pigeon\");", "");
    knows("f(\"They arrive\", \"Chegam em ordem.\", \"pigeon hungry\", \"tem fome?\");", "");
    knows("f(\"two white pigeons\");", "two white pigeons|"); /* what a hidden test does is hidden, too */
    knows("f(\"tow\", \"abc\", \"12\");", "");             /* too short to mean anything */
    knows("f(\"the towers\");", "the towers|");
    knows("f(\"twice\"); f(\"twice\");", "twice|");
}

UNIT(secrets, are_pieces_of_literals)
{
    knows("f(\"left %d right\\nbelow\");", "left|right|below|");
    knows("f(\"left \" /* and */\n   \"right\");", "left right|");
    knows("f(\"left\\tright\", \"say \\\"hello\\\"\");", "left right|say \"hello\"|");
    knows("f(\"left\\001right\\xffdown\");", "left|right|"); /* as C reads it, the d belongs to the number */
    knows("f(\"half-%03lu done%%\");", "half-|done|");
}

UNIT(secrets, are_not_in_comments_characters_and_includes)
{
    knows("#include \"white.h\"\n/* \"feathers\" */ // \"feathers\"\nf('\"', 'x', \"real one\");", "real one|");
}

UNIT(secrets, messages_and_clues_are_no_data)
{
    knows("check(a == \"data1\", \"clue1\", \"message: %s\", \"data2\");", "data1|data2|");
    knows("check_int(f(\"data1\"), 5, \"clue1\", \"message\");", "data1|");
    knows("check_str(g, \"data1\", NULL, \"message\");", "data1|");
    knows("(check_str)((next_line)(p), \"data1\", \"clue1\", \"message\");", "data1|");
    knows("lab_fail(KIND_STATE, \"data1\", \"clue1\", \"message %s\", \"data2\");", "data1|data2|");
    knows("check_bytes(g, 1, \"data1\", 2, \"clue1\", \"message\");", "data1|");
    knows("fail(KIND_ORDER, \"clue1\", \"message %d\", 1); clue(\"clue2\"); await_line(p, \"data1\");", "data1|");
    knows("check(has((int[]){1, 2}, \"data1\"), \"clue1\", \"message\");", "data1|");
}

UNIT(secrets, helpers_hand_messages_on)
{
    knows("step(p, \"data1\", \"clue1\", \"message\");", "data1|");
    knows("static void own(const char *what, const char *line) { }\nvoid g(void) { own(\"message\", \"data1\"); }", "data1|");
    tells("step(p, \"data1\", \"clue1\", \"no data1 came\");", "tells students 'data1'");
}

UNIT(secrets, must_not_be_told)
{
    tells("f(\"white feathers\");\ncheck(a, NULL, \"no white feathers came\");", "hidden.c:2: the message tells students 'white feathers'");
    tells("check_int(g, 5, NULL, \"bytes of a letter of 5\");", "a number");
    tells("check(a, NULL, \"%s of 12 letters\", s);", "a number");
    knows("check(a, NULL, \"%5d of %d letters in lab07 by L7-01\", s, 3);", "");
    knows("f(\"feather\"); check(a, NULL, \"the feathers\");", "feather|"); /* another word */
}

UNIT(secrets, are_found_on_pages_as_whole_words)
{
    CLEANUP(secrets_release) struct secrets s = secrets_of("f(\"white feathers\");");

    SAME("white feathers", secrets_in(&s, "no more\n   white\n   feathers, please"));
    SAME(NULL, secrets_in(&s, "offwhite feathers"));
    SAME(NULL, secrets_in(&s, "white feathersome"));
    SAME(NULL, secrets_in(&s, ""));
    cr_assert(secrets_is_one(&s, "anything else"));
    cr_assert(!secrets_is_one(&s, "the tower"));
    unit_done();
}

UNIT(secrets, a_missing_file_is_an_error)
{
    struct lab lab = {.root = (char *)unit_dir(), .config = &config, .hints = &all_hints};
    CLEANUP(secrets_release) struct secrets s = {0};
    struct err err = {0};

    cr_assert_eq(secrets_load(&lab, &s, &err), -1);
    HAS(err.msg, "hidden.c");
    unit_done();
}

UNIT(secrets, odd_sources_end)
{
    knows("\"open", "open|");
    knows("\"back\\", "back\\|");
    knows("/* open", "");
    knows(")))) ]} f(", "");
    knows("((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((\"deep one\"", "deep one|");
    knows("", "");
}
