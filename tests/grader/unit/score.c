/* SPDX-License-Identifier: MIT */
/* Unit tests of scoring: every rule of result/score.h, on a rubric made here. */
#include "unit.h"

#include "result/score.h"

/* A lab of 100 points: tests of 40, 25 and 5, then memory 5+3+2, leftovers 4+4, coverage 6, style 4+2. */
static struct lab_test rubric[] = {
    {.id = "P1", .name = "first", .points = 40},
    {.id = "P2", .name = "second", .points = 25, .visibility = LAB_HIDDEN},
    {.id = "P3", .name = "third", .points = 5},
};
static struct lab_coverage steps[] = {{75, 6}, {60, 4}, {45, 2}};
static struct lab_config config = {
    .tests = rubric,
    .tests_count = 3,
    .quality = {.scale_at = 35,
                .memory = {5, 3, 2},
                .leftovers = {4, 4},
                .coverage = steps,
                .coverage_count = 3,
                .style = {1, 4, 2}},
};
static const struct lab lab = {.config = &config, .max_score = 100};

/* A graded result in which every test passed, every stage ran and every line was reached. */
static void perfect(struct result *r)
{
    result_init(r);
    r->status = STATUS_GRADED;
    for (size_t i = 0; i < 3; i++) {
        struct result_test *t = VEC_ADD(&r->tests, &r->tests_n);
        t->id = xstrdup(rubric[i].id);
        t->name = xstrdup(rubric[i].name);
        t->verdict = VERDICT_PASS;
    }
    for (size_t i = 0; i < STAGE_N; i++)
        r->stages[i].ran = true;
    r->lines.hit = r->lines.total = 100;
}

static struct finding *find(struct result *r, enum stage_id stage, enum charge charge)
{
    struct finding *f = result_finding(r, stage, charge, "some.kind");

    f->message = xstrdup("");
    return f;
}

static void totals(struct result *r, double expected)
{
    score_result(&lab, r);
    SAME_NUMBER(expected, r->score);
    SAME_NUMBER(100, r->max_score);
}

UNIT(score, full_marks)
{
    struct result r;

    perfect(&r);
    totals(&r, 100);
    SAME_NUMBER(70, r.stages[STAGE_BEHAVIOUR].score);
    SAME_NUMBER(70, r.stages[STAGE_BEHAVIOUR].max_score);
    SAME_NUMBER(10, r.stages[STAGE_MEMORY].score);
    SAME_NUMBER(8, r.stages[STAGE_LEFTOVERS].score);
    SAME_NUMBER(6, r.stages[STAGE_COVERAGE].score);
    SAME_NUMBER(6, r.stages[STAGE_STYLE].score);
    SAME_NUMBER(0, r.stages[STAGE_BUILD].max_score);
    SAME_NUMBER(1, r.behaviour_factor);
    result_release(&r);
}

UNIT(score, only_a_pass_earns_a_tests_points)
{
    for (int v = 0; v < VERDICT_N; v++) {
        struct result r;
        perfect(&r);
        r.tests[1].verdict = (enum verdict)v;
        score_result(&lab, &r);
        SAME_NUMBER(v == VERDICT_PASS ? 25 : 0, r.tests[1].score);
        SAME_NUMBER(25, r.tests[1].max_score);
        SAME_NUMBER(v == VERDICT_PASS ? 100 : 75, r.score);
        result_release(&r);
    }
}

UNIT(score, quality_counts_in_full_from_the_scale_on)
{
    struct result r;

    perfect(&r);
    r.tests[1].verdict = r.tests[2].verdict = VERDICT_FAIL; /* 40 of 70, at least 35 */
    totals(&r, 40 + 30);
    SAME_NUMBER(1, r.behaviour_factor);
    result_release(&r);
}

UNIT(score, quality_shrinks_with_behaviour_below_the_scale)
{
    struct result r;

    perfect(&r);
    r.tests[0].verdict = r.tests[2].verdict = VERDICT_FAIL; /* 25 of 35: a factor of 5/7 */
    score_result(&lab, &r);
    SAME_NUMBER(25.0 / 35, r.behaviour_factor);
    SAME_NUMBER(7.1, r.stages[STAGE_MEMORY].score);    /* 7.142… */
    SAME_NUMBER(5.7, r.stages[STAGE_LEFTOVERS].score); /* 5.714… */
    SAME_NUMBER(4.3, r.stages[STAGE_COVERAGE].score);  /* 4.285… */
    SAME_NUMBER(4.3, r.stages[STAGE_STYLE].score);
    SAME_NUMBER(25 + 7.1 + 5.7 + 4.3 + 4.3, r.score); /* what is shown adds up */
    result_release(&r);
}

UNIT(score, nothing_works_nothing_counts)
{
    struct result r;

    perfect(&r);
    for (size_t i = 0; i < 3; i++)
        r.tests[i].verdict = VERDICT_FAIL;
    totals(&r, 0);
    SAME_NUMBER(0, r.behaviour_factor);
    result_release(&r);
}

UNIT(score, each_class_costs_what_the_rubric_says)
{
    static const struct { enum stage_id stage; enum charge charge; double cost; } classes[] = {
        {STAGE_MEMORY, CHARGE_MEMORY_ERROR, 5},       {STAGE_MEMORY, CHARGE_MEMORY_LEAK, 3},
        {STAGE_MEMORY, CHARGE_MEMORY_DESCRIPTOR, 2},  {STAGE_LEFTOVERS, CHARGE_LEFTOVER_NAME, 4},
        {STAGE_LEFTOVERS, CHARGE_LEFTOVER_PROCESS, 4}, {STAGE_STYLE, CHARGE_WARNING, 1},
        {STAGE_STYLE, CHARGE_FORBIDDEN, 2},
    };

    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
        struct result r;
        perfect(&r);
        (void)find(&r, classes[i].stage, classes[i].charge);
        totals(&r, 100 - classes[i].cost);
        SAME_NUMBER(-classes[i].cost, r.findings[0].points);
        result_release(&r);
    }
}

UNIT(score, a_class_is_charged_once)
{
    struct result r;

    perfect(&r);
    for (int i = 0; i < 3; i++)
        (void)find(&r, STAGE_MEMORY, CHARGE_MEMORY_LEAK);
    totals(&r, 97);
    SAME_NUMBER(-3, r.findings[0].points);
    SAME_NUMBER(0, r.findings[1].points);
    SAME_NUMBER(0, r.findings[2].points);
    result_release(&r);
}

UNIT(score, warnings_are_charged_one_by_one_up_to_their_cap)
{
    for (int n = 1; n <= 7; n++) {
        struct result r;
        perfect(&r);
        for (int i = 0; i < n; i++)
            (void)find(&r, STAGE_STYLE, CHARGE_WARNING);
        totals(&r, 100 - (n < 4 ? n : 4));
        SAME_NUMBER(n > 4 ? 0 : -1, r.findings[n - 1].points);
        result_release(&r);
    }
}

UNIT(score, warnings_and_forbidden_calls_add_up)
{
    struct result r;

    perfect(&r);
    for (int i = 0; i < 6; i++)
        (void)find(&r, STAGE_STYLE, CHARGE_WARNING);
    (void)find(&r, STAGE_STYLE, CHARGE_FORBIDDEN);
    totals(&r, 94);
    SAME_NUMBER(0, r.stages[STAGE_STYLE].score);
    result_release(&r);
}

UNIT(score, findings_without_a_charge_cost_nothing)
{
    struct result r;

    perfect(&r);
    (void)find(&r, STAGE_MEMORY, CHARGE_NONE);
    (void)find(&r, STAGE_BUILD, CHARGE_NONE);
    totals(&r, 100);
    SAME_NUMBER(0, r.findings[0].points);
    result_release(&r);
}

UNIT(score, what_cannot_be_believed_costs_the_whole_stage_and_no_more)
{
    struct result r;

    perfect(&r);
    (void)find(&r, STAGE_MEMORY, CHARGE_MEMORY_LEAK);
    (void)find(&r, STAGE_MEMORY, CHARGE_STAGE);
    (void)find(&r, STAGE_COVERAGE, CHARGE_STAGE);
    totals(&r, 84);
    SAME_NUMBER(-3, r.findings[0].points);
    SAME_NUMBER(-7, r.findings[1].points);
    SAME_NUMBER(-6, r.findings[2].points);
    result_release(&r);
}

UNIT(score, a_stage_that_did_not_run_has_no_points)
{
    static const enum stage_id quality[] = {STAGE_MEMORY, STAGE_COVERAGE, STAGE_LEFTOVERS, STAGE_STYLE};
    static const double worth[] = {10, 6, 8, 6};

    for (size_t i = 0; i < 4; i++) {
        struct result r;
        perfect(&r);
        r.stages[quality[i]].ran = false;
        totals(&r, 100 - worth[i]);
        SAME_NUMBER(worth[i], r.stages[quality[i]].max_score);
        result_release(&r);
    }
}

UNIT(score, coverage_goes_in_steps)
{
    static const struct { long hit, total; double points; } cases[] = {
        {100, 100, 6}, {75, 100, 6},  {749, 1000, 4}, {60, 100, 4}, {599, 1000, 2},
        {45, 100, 2},  {449, 1000, 0}, {0, 100, 0},    {0, 0, 0},    {3, 4, 6},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct result r;
        perfect(&r);
        r.lines.hit = cases[i].hit;
        r.lines.total = cases[i].total;
        totals(&r, 94 + cases[i].points);
        result_release(&r);
    }
}

UNIT(score, a_lab_without_coverage_steps)
{
    struct lab_config none = config;
    const struct lab other = {.config = &none, .max_score = 94};
    struct result r;

    none.quality.coverage_count = 0;
    perfect(&r);
    score_result(&other, &r);
    SAME_NUMBER(94, r.score);
    SAME_NUMBER(0, r.stages[STAGE_COVERAGE].max_score);
    result_release(&r);
}

UNIT(score, what_is_not_graded_has_no_points)
{
    static const enum result_status not_graded[] = {STATUS_HELD, STATUS_COMPILE_ERROR, STATUS_REJECTED};

    for (size_t i = 0; i < 3; i++) {
        struct result r;
        perfect(&r);
        r.status = not_graded[i];
        totals(&r, 0);
        for (size_t k = 0; k < 3; k++)
            SAME_NUMBER(0, r.tests[k].score);
        for (size_t k = 0; k < STAGE_N; k++)
            SAME_NUMBER(0, r.stages[k].score);
        result_release(&r);
    }
}

UNIT(score, the_total_is_the_sum_of_what_is_shown_whatever_fails)
{
    for (unsigned mask = 0; mask < 8; mask++)
        for (unsigned charges = 0; charges < 1U << (CHARGE_N - 1); charges++) {
            static const enum stage_id stage_of[CHARGE_N] = {
                [CHARGE_MEMORY_ERROR] = STAGE_MEMORY,        [CHARGE_MEMORY_LEAK] = STAGE_MEMORY,
                [CHARGE_MEMORY_DESCRIPTOR] = STAGE_MEMORY,   [CHARGE_LEFTOVER_NAME] = STAGE_LEFTOVERS,
                [CHARGE_LEFTOVER_PROCESS] = STAGE_LEFTOVERS, [CHARGE_WARNING] = STAGE_STYLE,
                [CHARGE_FORBIDDEN] = STAGE_STYLE,            [CHARGE_STAGE] = STAGE_MEMORY,
            };
            struct result r;
            double sum = 0;
            perfect(&r);
            for (unsigned i = 0; i < 3; i++)
                r.tests[i].verdict = mask >> i & 1 ? VERDICT_PASS : VERDICT_TIMEOUT;
            for (unsigned c = 1; c < CHARGE_N; c++)
                if (charges >> (c - 1) & 1)
                    (void)find(&r, stage_of[c], (enum charge)c);
            score_result(&lab, &r);
            for (size_t i = 0; i < STAGE_N; i++) {
                cr_assert(r.stages[i].score >= 0 && r.stages[i].score <= r.stages[i].max_score + 1e-9);
                sum += r.stages[i].score;
            }
            SAME_NUMBER(sum, r.score);
            cr_assert(r.score >= 0 && r.score <= 100);
            result_release(&r);
        }
}

UNIT(score, points_in_tenths)
{
    struct lab_test odd[] = {{.id = "P1", .name = "first", .points = 33.3}, {.id = "P2", .name = "second", .points = 36.7}};
    struct lab_config other_config = config;
    const struct lab other = {.config = &other_config, .max_score = 100};
    struct result r;

    other_config.tests = odd;
    other_config.tests_count = 2;
    perfect(&r);
    r.tests_n = 2;
    score_result(&other, &r);
    SAME_NUMBER(100, r.score);
    r.tests[1].verdict = VERDICT_FAIL;
    score_result(&other, &r);
    SAME_NUMBER(33.3 / 35, r.behaviour_factor);
    SAME_NUMBER(33.3 + 9.5 + 7.6 + 5.7 + 5.7, r.score);
    r.tests_n = 3;
    result_release(&r);
}

UNIT(score, scoring_twice_changes_nothing)
{
    struct result r;

    perfect(&r);
    r.tests[0].verdict = VERDICT_CRASH;
    (void)find(&r, STAGE_STYLE, CHARGE_WARNING);
    (void)find(&r, STAGE_MEMORY, CHARGE_MEMORY_ERROR);
    score_result(&lab, &r);
    const double once = r.score, points = r.findings[0].points;
    score_result(&lab, &r);
    SAME_NUMBER(once, r.score);
    SAME_NUMBER(points, r.findings[0].points);
    result_release(&r);
}

UNIT(score, a_test_that_the_rubric_does_not_know_is_worth_nothing)
{
    struct result r;

    perfect(&r);
    free(r.tests[2].name);
    r.tests[2].name = xstrdup("unheard_of");
    totals(&r, 95);
    SAME_NUMBER(0, r.tests[2].max_score);
    result_release(&r);
}
