/* SPDX-License-Identifier: MIT */
/* Unit tests of labs/<lab>/lab.yaml, hints.yaml and bugs: what the schema takes, what it refuses and
 * with which words, and what lab_check finds besides. */
#include "unit.h"

#include "lab/bug.h"
#include "lab/handout.h"
#include "lab/lab.h"
#include "report/report.h"
#include "util/cleanup.h"

static const char good_yaml[] =
    "# a lab of 100 points\n"
    "lab: lab07-pigeons\n"
    "title: {en: Pigeons, pt_BR: Pombos}\n"
    "cflags: [-std=c11, -Wall]\n"
    "programs: [send, receive]\n"
    "library: [src/lab07.c]\n"
    "headers: [include/lab07.h]\n"
    "forbidden: [sleep]\n"
    "parts:\n"
    "  - {key: A, needs: [write]}\n"
    "  - {key: B}\n"
    "demands:\n"
    "  - {key: R1, en: They arrive., pt_BR: Eles chegam.}\n"
    "  - {key: R2, en: They return., pt_BR: Eles voltam.}\n"
    "tests:\n"
    "  - id: P1\n"
    "    name: arrives\n"
    "    visibility: public\n"
    "    part: A\n"
    "    points: 40\n"
    "    demands: [R1]\n"
    "    memcheck: true\n"
    "    does: {en: one pigeon, pt_BR: um pombo}\n"
    "  - id: H1\n"
    "    name: returns\n"
    "    visibility: hidden\n"
    "    part: B\n"
    "    points: 30\n"
    "    demands: [R1, R2]\n"
    "    memcheck: false\n"
    "    does: {en: two pigeons, pt_BR: dois pombos}\n"
    "quality:\n"
    "  scale_at: 35\n"
    "  memory: {errors: 5, leaks: 3, descriptors: 2}\n"
    "  leftovers: {names: 4, processes: 4}\n"
    "  coverage:\n"
    "    - {percent: 75, points: 6}\n"
    "    - {percent: 60, points: 4}\n"
    "  style: {per_warning: 1, warnings_max: 4, forbidden: 2}\n";

static const char good_hints[] =
    "hints:\n"
    "  - {key: feed, en: Feed it., pt_BR: Alimente-o.}\n"
    "  - {key: rest, bugs: [L7-01], en: Let it rest., pt_BR: Deixe descansar., look: {en: the roof, pt_BR: o telhado}}\n"
    "rules:\n"
    "  - {when: {test: arrives, signature: '^hang'}, hint: feed}\n"
    "  - {when: {signature: died}, hint: rest}\n"
    "  - {when: {finding: memory.leak, signature: nest}, hint: rest}\n"
    "  - {when: {finding: memory.leak}, hint: feed}\n";

static int load_text(const char *yaml, const char *hints, struct lab *lab, struct err *err)
{
    unit_write("labs/lab07-pigeons/lab.yaml", yaml);
    if (hints)
        unit_write("labs/lab07-pigeons/hints.yaml", hints);
    return lab_load(unit_dir(), "lab07", lab, err);
}

static void load_good(struct lab *lab)
{
    struct err err = {0};

    cr_assert_eq(load_text(good_yaml, good_hints, lab, &err), 0, "%s", err.msg);
}

/* The lab with 'from' replaced by 'to' is refused; the message names the file and says 'why'. */
static void refuses(const char *from, const char *to, const char *why)
{
    struct lab lab = {0};
    struct err err = {0};
    CLEANUP(free_ptr) char *yaml = unit_replace(good_yaml, from, to);

    cr_assert_eq(load_text(yaml, NULL, &lab, &err), -1, "'%s' was taken", to);
    HAS(err.msg, "labs/lab07-pigeons/lab.yaml");
    HAS(err.msg, why);
    cr_assert_null(lab.config);
    unit_done();
}

static void refuses_hints(const char *from, const char *to, const char *why)
{
    struct lab lab = {0};
    struct err err = {0};
    CLEANUP(free_ptr) char *hints = unit_replace(good_hints, from, to);

    cr_assert_eq(load_text(good_yaml, hints, &lab, &err), -1, "'%s' was taken", to);
    HAS(err.msg, "labs/lab07-pigeons/hints.yaml");
    HAS(err.msg, why);
    unit_done();
}

/* It loads, and lab_check has exactly one thing to say, which has 'why' in it; NULL: nothing. */
static void checks_texts(const char *yaml, const char *hints, const char *why)
{
    struct lab lab = {0};
    struct err err = {0};
    struct strs problems = {0};

    cr_assert_eq(load_text(yaml, hints, &lab, &err), 0, "%s", err.msg);
    lab_check(&lab, &problems);
    cr_assert_eq(problems.n, why ? 1 : 0, "%zu problems: %s", problems.n, problems.n ? problems.v[problems.n - 1] : "");
    if (why) {
        HAS(problems.v[0], why);
        HAS(problems.v[0], ".yaml: ");
    }
    strs_release(&problems);
    lab_release(&lab);
    unit_done();
}

static void checks(const char *from, const char *to, const char *why)
{
    CLEANUP(free_ptr) char *yaml = unit_replace(good_yaml, from, to);

    checks_texts(yaml, good_hints, why);
}

static void checks_hints(const char *from, const char *to, const char *why)
{
    CLEANUP(free_ptr) char *hints = unit_replace(good_hints, from, to);

    checks_texts(good_yaml, hints, why);
}

UNIT(lab, says_what_its_file_says)
{
    struct lab lab = {0};

    load_good(&lab);
    SAME("Pombos", lab.config->title.pt_br);
    cr_assert_eq(lab.config->programs_count, 2);
    SAME("receive", lab.config->programs[1]);
    cr_assert_eq(lab.config->tests_count, 2);
    SAME("returns", lab.config->tests[1].name);
    cr_assert_eq(lab.config->tests[1].visibility, LAB_HIDDEN);
    cr_assert_not(lab.config->tests[1].memcheck);
    SAME("R2", lab.config->tests[1].demands[1]);
    SAME("write", lab.config->parts[0].needs[0]);
    cr_assert_eq(lab.config->parts[1].needs_count, 0);
    cr_assert_eq(lab.config->libs_count, 0);
    cr_assert_eq(lab.config->wrap_count, 0);
    SAME_NUMBER(3, lab.config->quality.memory.leaks);
    SAME_NUMBER(60, lab.config->quality.coverage[1].percent);
    SAME_NUMBER(100, lab.max_score);
    lab_release(&lab);
    unit_done();
}

UNIT(lab, is_known_by_its_names)
{
    static const char *const keys[] = {"lab07-pigeons", "lab07", "7", "07", "007", "pigeons"};
    static const char *const others[] = {"lab7x", "lab0", "8", "70", "", "pig", "lab", "-", "..", "labs", "lab07-", "7 "};
    struct lab lab = {0};
    struct err err = {0};

    load_good(&lab);
    lab_release(&lab);
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        cr_assert_eq(lab_load(unit_dir(), keys[i], &lab, &err), 0, "'%s': %s", keys[i], err.msg);
        lab_release(&lab);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        cr_assert_eq(lab_load(unit_dir(), others[i], &lab, &err), -1, "'%s' is found", others[i]);
        HAS(err.msg, "lab07-pigeons"); /* it says which there are */
    }
    unit_done();
}

UNIT(lab, needs_a_course)
{
    struct lab lab = {0};
    struct strs names = {0};
    struct err err = {0};

    cr_assert_eq(lab_load("/absent/course", "lab07", &lab, &err), -1);
    HAS(err.msg, "/absent/course");
    cr_assert_eq(lab_list("/absent/course", &names, &err), -1);
    strs_release(&names);
}

UNIT(lab, labs_are_listed_in_order)
{
    struct strs names = {0};
    struct err err = {0};

    unit_write("labs/lab10-owls/lab.yaml", "");
    unit_write("labs/lab02-doves/lab.yaml", "");
    unit_write("labs/notes.txt", "");
    cr_assert_eq(lab_list(unit_dir(), &names, &err), 0, "%s", err.msg);
    cr_assert_eq(names.n, 2);
    SAME("lab02-doves", names.v[0]);
    SAME("lab10-owls", names.v[1]);
    strs_release(&names);
    unit_done();
}

UNIT(lab, refuses_an_unknown_key_and_names_it_and_its_line)
{
    refuses("forbidden: [sleep]\n", "forbidden: [sleep]\ntiemout: 5\n", "tiemout");
    refuses("forbidden: [sleep]\n", "forbidden: [sleep]\ntiemout: 5\n", "line: ");
    refuses("    part: B\n", "    part: B\n    pionts: 3\n", "pionts");
    refuses("    part: B\n", "    part: B\n    pionts: 3\n", "line: ");
    refuses("errors: 5", "errors: 5, warnings: 3", "warnings");
}

UNIT(lab, refuses_a_missing_key_and_names_it)
{
    refuses("    points: 40\n", "", "points");
    refuses("quality:\n  scale_at: 35\n", "quality:\n", "scale_at");
    refuses("forbidden: [sleep]\n", "", "forbidden");
    refuses("leaks: 3, ", "", "leaks");
}

UNIT(lab, refuses_a_wrong_type_and_says_where)
{
    refuses("points: 40", "points: many", "points");
    refuses("points: 40", "points: [40]", "points");
    refuses("programs: [send, receive]", "programs: send", "programs");
    refuses("memcheck: false", "memcheck: perhaps", "memcheck");
    refuses("visibility: hidden", "visibility: secret", "visibility");
    refuses("title: {en: Pigeons, pt_BR: Pombos}", "title: Pigeons", "title");
    refuses("points: 40", "points: many", "line: 20");
}

UNIT(lab, refuses_what_is_no_yaml)
{
    struct lab lab = {0};
    struct err err = {0};

    cr_assert_eq(load_text("lab: [\n", NULL, &lab, &err), -1);
    HAS(err.msg, "lab.yaml");
    cr_assert_eq(load_text("", NULL, &lab, &err), -1);
    HAS(err.msg, "lab.yaml");
    cr_assert_eq(load_text("\x01\xff\xfe", NULL, &lab, &err), -1);
    HAS(err.msg, "lab.yaml");
    unit_done();
}

UNIT(lab, refuses_the_name_of_another_lab)
{
    refuses("lab: lab07-pigeons", "lab: lab08-owls", "lab08-owls");
}

UNIT(lab, a_good_lab_has_no_problem)
{
    checks_texts(good_yaml, good_hints, NULL);
}

UNIT(lab, check_points_that_do_not_add_up)
{
    checks("points: 40", "points: 39.5", "add up to 99.5");
    checks("points: 6}", "points: 8}", "add up to 102");
}

UNIT(lab, check_names_and_ids_that_are_there_twice)
{
    checks("name: returns", "name: arrives", "twice");
    checks("id: H1", "id: P1", "twice");
}

UNIT(lab, tells_what_it_says_it_tells)
{
    static const struct { const char *extra; const char *today; enum lab_tells want; } cases[] = {
        {"", NULL, LAB_TELLS_HINT},
        {"    tells: all\n", NULL, LAB_TELLS_ALL},
        {"    tells: nothing\n", "2026-12-24", LAB_TELLS_NOTHING},
        {"    tells: nothing\n    tells_all_from: \"2026-12-24\"\n", NULL, LAB_TELLS_NOTHING},
        {"    tells: nothing\n    tells_all_from: \"2026-12-24\"\n", "2026-12-23", LAB_TELLS_NOTHING},
        {"    tells_all_from: \"2026-12-24\"\n", "2026-12-23", LAB_TELLS_HINT},
        {"    tells_all_from: \"2026-12-24\"\n", "2026-12-24", LAB_TELLS_ALL},
        {"    tells_all_from: \"2026-12-24\"\n", "2027-01-01", LAB_TELLS_ALL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        CLEANUP(free_ptr) char *to = xformat("    visibility: hidden\n%s", cases[i].extra);
        CLEANUP(free_ptr) char *text = unit_replace(good_yaml, "    visibility: hidden\n", to);
        struct lab lab = {0};
        struct err err = {0};
        cr_assert_eq(load_text(text, NULL, &lab, &err), 0, "%s", err.msg);
        cr_assert_eq(lab_tells(lab_test(&lab, "returns"), cases[i].today), cases[i].want, "case %zu", i);
        cr_assert_eq(lab_tells(lab_test(&lab, "arrives"), cases[i].today), LAB_TELLS_ALL);
        lab_release(&lab);
    }
    unit_done();
}

UNIT(lab, check_what_is_told)
{
    checks("visibility: public\n", "visibility: public\n    tells: hint\n", "it is public");
    checks("visibility: hidden\n", "visibility: hidden\n    tells_all_from: \"24/12/2026\"\n", "is not a day");
    checks("visibility: hidden\n", "visibility: hidden\n    tells_all_from: \"2026-13-24\"\n", "is not a day");
    refuses("visibility: hidden\n", "visibility: hidden\n    tells: some\n", "tells");
}

/* What of a hidden test's failure reaches a student. */
static char *report_of(const char *extra, const char *today, bool instructor)
{
    CLEANUP(free_ptr) char *to = xformat("    visibility: hidden\n%s", extra);
    CLEANUP(free_ptr) char *yaml = unit_replace(good_yaml, "    visibility: hidden\n", to);
    const struct report_options o = {.today = today, .show_hidden = instructor};
    struct lab lab = {0};
    struct err err = {0};
    struct result r;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    cr_assert_eq(load_text(yaml, good_hints, &lab, &err), 0, "%s", err.msg);
    result_init(&r);
    r.status = STATUS_GRADED;
    r.lab = xstrdup("lab07-pigeons");
    r.id = xstrdup("alice");
    for (int i = 0; i < 2; i++) {
        struct result_test *t = VEC_ADD(&r.tests, &r.tests_n);
        t->id = xstrdup(i ? "H1" : "P1");
        t->name = xstrdup(i ? "returns" : "arrives");
        t->hidden = i == 1;
        t->verdict = VERDICT_FAIL;
        t->max_score = 30;
        t->signature = xstrdup(i ? "the-way" : "another-way");
        t->message = xstrdup(i ? "the-input" : "public-input");
        t->hint_key = xstrdup(i ? "rest" : "feed");
        strs_add(&t->demands, "R2");
    }
    cr_assert_eq(report_text(out, &lab, &r, &o), 0);
    (void)fclose(out);
    result_release(&r);
    lab_release(&lab);
    unit_done();
    return text;
}

UNIT(lab, a_report_tells_of_hidden_tests_what_the_lab_says)
{
    static const char later[] = "    tells: nothing\n    tells_all_from: \"2026-12-24\"\n";
    static const struct { const char *extra, *today; bool instructor, name, way, hint, input; } cases[] = {
        {"", NULL, false, true, true, true, false},
        {"", NULL, true, true, false, true, true},
        {"    tells: all\n", NULL, false, true, false, true, true},
        {"    tells: nothing\n", NULL, false, false, false, false, false},
        {"    tells: nothing\n", NULL, true, true, false, true, true},
        {later, "2026-12-23", false, false, false, false, false},
        {later, "2026-12-24", false, true, false, true, true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        CLEANUP(free_ptr) char *text = report_of(cases[i].extra, cases[i].today, cases[i].instructor);
        HAS(text, "H1");
        HAS(text, "public-input");
        cr_assert_eq(!!strstr(text, "returns"), cases[i].name, "case %zu: %s", i, text);
        cr_assert_eq(!!strstr(text, "the-way"), cases[i].way, "case %zu: %s", i, text);
        cr_assert_eq(!!strstr(text, "Let it rest."), cases[i].hint, "case %zu: %s", i, text);
        cr_assert_eq(!!strstr(text, "the-input"), cases[i].input, "case %zu: %s", i, text);
    }
}

UNIT(lab, check_demands)
{
    checks("demands: [R1, R2]", "demands: [R1, R2, R9]", "no demand 'R9'");
    checks("demands: [R1, R2]", "demands: [R1]", "'R2': no test checks it");
    checks("demands: [R1]\n", "demands: []\n", "names no demand");
}

UNIT(lab, knows_where_its_handout_states_a_demand)
{
    struct lab lab;

    load_good(&lab);
    cr_assert_eq(handout_line(&lab, LANG_EN, "R1"), 0, "there is no handout");
    unit_write("labs/lab07-pigeons/README.md", "# Pigeons\nSee R1, R10 and R2.\n**R10. They eat.**\n- *R1*: they arrive\n| R2 | return |");
    unit_write("labs/lab07-pigeons/README.pt-BR.md", "# Pombos\n\n\n**R1.** Eles chegam.\n");
    cr_assert_eq(handout_line(&lab, LANG_EN, "R1"), 4);
    cr_assert_eq(handout_line(&lab, LANG_EN, "R10"), 3);
    cr_assert_eq(handout_line(&lab, LANG_EN, "R2"), 5);
    cr_assert_eq(handout_line(&lab, LANG_PT_BR, "R1"), 4);
    cr_assert_eq(handout_line(&lab, LANG_PT_BR, "R2"), 0);
    CLEANUP(free_ptr) char *path = handout_path(&lab, LANG_PT_BR);
    HAS(path, "/labs/lab07-pigeons/README.pt-BR.md");
    lab_release(&lab);
    unit_done();
}

UNIT(lab, check_parts)
{
    checks("part: B", "part: C", "no part 'C'");
}

UNIT(lab, check_quality)
{
    checks("scale_at: 35", "scale_at: 0", "scale_at");
    checks("percent: 60", "percent: 75", "coverage must fall");
    checks("percent: 60, points: 4", "percent: 60, points: 6", "coverage must fall");
}

UNIT(lab, check_hints)
{
    checks_hints("hint: feed}\n  - {when: {signature: died}", "hint: sing}\n  - {when: {signature: died}", "no hint 'sing'");
    checks_hints("test: arrives", "test: leaves", "no test 'leaves'");
    checks_hints("rules:\n", "  - {key: feed, en: a, pt_BR: b}\nrules:\n", "'feed' is there twice");
}

UNIT(lab, refuses_bad_hints)
{
    refuses_hints("signature: '^hang'", "signature: '(['", "rule 1");
    refuses_hints("signature: died", "signature: '['", "rule 2");
    refuses_hints("{key: feed,", "{key: feed, fr: Nourrir.,", "fr");
    refuses_hints("pt_BR: Alimente-o.", "", "pt_BR");
}

UNIT(lab, hints_for_tests)
{
    struct lab lab = {0};

    load_good(&lab);
    SAME("rest", lab_hint_for_test(&lab, "arrives", "rest", "hang in read")); /* the clue decides */
    SAME("feed", lab_hint_for_test(&lab, "arrives", "no-such-clue", "hang in read"));
    SAME("feed", lab_hint_for_test(&lab, "arrives", NULL, "hang in read"));
    SAME(NULL, lab_hint_for_test(&lab, "returns", NULL, "hang in read"));
    SAME("rest", lab_hint_for_test(&lab, "returns", NULL, "it died of a signal"));
    SAME(NULL, lab_hint_for_test(&lab, "arrives", NULL, NULL));
    SAME("the roof", lab_hint(&lab, "rest")->look->en);
    cr_assert_null(lab_hint(&lab, NULL));
    lab_release(&lab);
    unit_done();
}

UNIT(lab, hints_for_findings)
{
    struct lab lab = {0};

    load_good(&lab);
    SAME("rest", lab_hint_for_finding(&lab, "memory.leak", "12 bytes of the nest"));
    SAME("feed", lab_hint_for_finding(&lab, "memory.leak", "12 bytes"));
    SAME(NULL, lab_hint_for_finding(&lab, "memory.error", "the nest died"));
    lab_release(&lab);
    unit_done();
}

UNIT(lab, works_without_hints)
{
    struct lab lab = {0};
    struct err err = {0};

    cr_assert_eq(load_text(good_yaml, NULL, &lab, &err), 0, "%s", err.msg);
    SAME(NULL, lab_hint_for_test(&lab, "arrives", "feed", "hang"));
    SAME(NULL, lab_hint_for_finding(&lab, "memory.leak", "x"));
    lab_release(&lab);
    unit_done();
}

/* Bugs */

/* Limits ----------------------------------------------------------------------------------------- */

UNIT(lab, limits_are_told_to_the_tests_by_scope)
{
    CLEANUP(free_ptr) char *yaml = unit_replace(
        good_yaml, "quality:\n",
        "limits: {cpu_s: 20, memory_mib: 256}\n"
        "program_limits:\n"
        "  - {program: send, limits: {descriptors: 16, file_mib: 1}}\n"
        "quality:\n");
    CLEANUP(free_ptr) char *all = unit_replace(yaml, "does: {en: two", "limits: {processes: 12, queue_kib: 40}\n    does: {en: two");
    CLEANUP(strs_release) struct strs problems = {0};
    struct lab lab = {0};
    struct err err = {0};

    cr_assert_eq(load_text(all, good_hints, &lab, &err), 0, "%s", err.msg);
    CLEANUP(free_ptr) char *limits = lab_limits(&lab);
    cr_assert_str_eq(limits, "lab:cpu_s=20 program/send:descriptors=16 program/send:file_mib=1 "
                             "test/returns:processes=12 test/returns:queue_kib=40");
    cr_assert_eq(lab.config->limits.memory_mib, 256);
    lab_check(&lab, &problems);
    cr_assert_eq(problems.n, 0, "%s", problems.n ? problems.v[0] : "");
    lab_release(&lab);
    load_good(&lab);
    CLEANUP(free_ptr) char *none = lab_limits(&lab);
    cr_assert_str_eq(none, "");
    lab_release(&lab);
    unit_done();
}

UNIT(lab, limits_that_make_no_sense_are_found)
{
    checks("quality:\n", "limits: {processes: 1}\nquality:\n", "processes is 1, but 2 to 1000");
    checks("quality:\n", "limits: {memory_mib: 1}\nquality:\n", "memory_mib is 1");
    checks("quality:\n", "program_limits:\n  - {program: fly, limits: {cpu_s: 2}}\nquality:\n", "'fly' is no program");
    checks("does: {en: one", "limits: {cpu_s: 601}\n    does: {en: one", "limits of arrives: cpu_s is 601");
    refuses("quality:\n", "limits: {cpu: 1}\nquality:\n", "cpu");
    refuses("quality:\n", "limits: {cpu_s: -1}\nquality:\n", "cpu_s");
    refuses("does: {en: one", "limits: {memory_mib: 99}\n    does: {en: one", "memory_mib");
}

/* Who meets a limit gets a hint in both languages, in every lab; the check's own clue is better. */
UNIT(lab, limits_have_hints)
{
    static const struct { const char *signature, *hint; } table[] = {
        {"limit: processor time", "limit.cpu"},        {"bad: SIGXCPU", "limit.cpu"},
        {"limit: processes", "limit.processes"},       {"limit: output of send", "limit.output"},
        {"send: SIGXFSZ", "limit.file"},               {"send: SIGKILL, for using too much memory", "limit.memory"},
    };
    struct lab lab = {0};

    load_good(&lab);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char *key = lab_hint_for_test(&lab, "returns", NULL, table[i].signature);
        const struct lab_hint *hint = lab_hint(&lab, key);

        cr_assert_str_eq(key, table[i].hint);
        cr_assert(hint && *hint->en && *hint->pt_br && strcmp(hint->en, hint->pt_br) != 0);
    }
    cr_assert_str_eq(lab_hint_for_test(&lab, "returns", "feed", "limit: processes"), "feed");
    lab_release(&lab);
    unit_done();
}

static const char good_bug[] =
    "SPDX-License-Identifier: MIT\n"
    "bug: L7-01\n"
    "title: the wrong roof\n"
    "caught_by: [arrives, returns]\n"
    "quality: [M-leak]\n"
    "loss: 8\n"
    "hint: rest\n"
    "---\n"
    "--- a/src/lab07.c\n"
    "+++ b/src/lab07.c\n"
    "@@ -1 +1 @@\n"
    "-x\n"
    "+y: [this is no yaml\n";

static int load_bug(const char *text, struct bug *bug, struct err *err)
{
    CLEANUP(free_ptr) char *path = unit_path("bugs/one.patch");

    unit_write("bugs/one.patch", text);
    return bug_load(path, bug, err);
}

static void refuses_bug(const char *from, const char *to, const char *why)
{
    struct bug bug = {0};
    struct err err = {0};
    CLEANUP(free_ptr) char *text = unit_replace(good_bug, from, to);

    cr_assert_eq(load_bug(text, &bug, &err), -1, "'%s' was taken", to);
    HAS(err.msg, "one.patch");
    HAS(err.msg, why);
    unit_done();
}

UNIT(bug, says_what_its_front_matter_says)
{
    struct bug bug = {0};
    struct err err = {0};

    cr_assert_eq(load_bug(good_bug, &bug, &err), 0, "%s", err.msg);
    SAME("L7-01", bug.config->bug);
    SAME("the wrong roof", bug.config->title);
    cr_assert_eq(bug.config->caught_by_count, 2);
    SAME("returns", bug.config->caught_by[1]);
    SAME("M-leak", bug.config->quality[0]);
    SAME_NUMBER(8, bug.config->loss);
    SAME("rest", bug.config->hint);
    bug_release(&bug);
    unit_done();
}

UNIT(bug, refuses_a_wrong_front_matter)
{
    refuses_bug("loss: 8\n", "loss: 8\ncost: 9\n", "cost");
    refuses_bug("loss: 8\n", "loss: 8\ncost: 9\n", "line: ");
    refuses_bug("loss: 8\n", "", "loss");
    refuses_bug("loss: 8", "loss: much", "loss");
    refuses_bug("[M-leak]", "[M-lake]", "M-lake");
    refuses_bug("caught_by: [arrives, returns]", "caught_by: arrives", "caught_by");
    refuses_bug("---\n--- a", "--- a", "---"); /* never ended */
}

UNIT(bug, needs_its_file)
{
    struct bug bug = {0};
    struct err err = {0};

    cr_assert_eq(bug_load("/absent/one.patch", &bug, &err), -1);
    HAS(err.msg, "/absent/one.patch");
}
