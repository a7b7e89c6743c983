/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch/prove.h"
#include "cmd/cmd.h"
#include "lab/messages.h"
#include "lab/secrets.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/i18n.h"
#include "util/num.h"

static const struct argp_option options[] = {
    {"repeat", 'r', "N", 0, N_("grade each case N times; not one verdict may differ (default: 1)"), 0},
    {"load", 'L', NULL, 0, N_("keep every processor busy meanwhile"), 0},
    {"jobs", 'j', "N", 0, N_("gradings at a time (default: the processors)"), 0},
    {"only", 'o', "NAME", 0, N_("only this case: reference, template, a variant's or a bug's name (may be given again)"), 0},
    {0},
};

struct verify_options {
    const char *lab;
    struct strs only;
    struct prove_options prove;
    bool colour;
    const struct lab *proven; /* the lab that is at it, and what its hidden tests alone know */
    struct secrets secrets;
    size_t cases, holding, idle_tests; /* of all labs so far */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct verify_options *o = state->input;
    unsigned long n;

    switch (key) {
    case 'r':
        if (num_parse(arg, 1, 1000, &n) < 0)
            argp_error(state, _("--repeat: '%s' is not a number from 1 to 1000"), arg);
        o->prove.repeat = (unsigned)n;
        return 0;
    case 'L':
        o->prove.load = true;
        return 0;
    case 'j':
        if (num_parse(arg, 1, 64, &n) < 0)
            argp_error(state, _("--jobs: '%s' is not a number from 1 to 64"), arg);
        o->prove.jobs = (unsigned)n;
        return 0;
    case 'o':
        strs_add(&o->only, arg);
        return 0;
    case ARGP_KEY_ARG:
        if (o->lab)
            return ARGP_ERR_UNKNOWN;
        o->lab = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->lab)
            argp_error(state, _("which lab? 'grader list' names them"));
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void on_run(void *ctx, const struct prove_case *c, size_t ended, size_t all)
{
    (void)ctx;
    if (!isatty(STDERR_FILENO))
        return;
    (void)fputs("\r\033[K", stderr);
    (void)fprintf(stderr, _("%zu of %zu gradings"), ended, all);
    (void)fprintf(stderr, "  %s", c->name);
}

static void on_done(void *ctx, const struct prove_case *c)
{
    const struct verify_options *o = ctx;
    const bool ok = !c->problems.n;

    if (isatty(STDERR_FILENO))
        (void)fputs("\r\033[K", stderr);
    printf("%s%-*s%s  %-14s", o->colour ? (ok ? "\033[32m" : "\033[31m") : "", (int)strlen(_("FAIL")), ok ? "ok" : _("FAIL"),
           o->colour ? "\033[0m" : "", c->name);
    if (c->kind == PROVE_BUG) {
        printf(" -%-5.4g", c->result.max_score - c->result.score);
        for (size_t i = 0; i < c->result.tests_n; i++)
            if (c->result.tests[i].verdict != VERDICT_PASS)
                printf(" %s", c->result.tests[i].id);
        for (size_t i = 0; i < c->result.findings_n; i++)
            if (c->result.findings[i].points < 0)
                printf(" %s", c->result.findings[i].kind);
    } else {
        printf(" %.4g", c->result.score);
    }
    if (c->runs > 1)
        printf(ngettext("  (%u run)", "  (%u runs)", c->runs), c->runs);
    putchar('\n');
    for (size_t i = 0; i < c->problems.n; i++)
        printf("        %s\n", c->problems.v[i]);
    (void)fflush(stdout);
}

/* What a student is shown of a case ------------------------------------------------------------------ */

static char *student_page(const struct verify_options *o, const struct prove_case *c, enum lang lang)
{
    const struct report_options ro = {.lang = lang, .path = c->name};
    char *page = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&page, &size);

    if (f) {
        (void)report_text(f, o->proven, &c->result, &ro);
        (void)fclose(f);
    }
    return page ? page : xstrdup("");
}

/* The same without what public tests saw: programs may print there what a hidden test knows, too. */
static char *hidden_page(const struct verify_options *o, struct prove_case *c)
{
    struct result *r = &c->result;
    CLEANUP(free_ptr) char **messages = xcalloc(r->tests_n + 1, sizeof(*messages));
    CLEANUP(free_ptr) json_t **explained = xcalloc(r->tests_n + 1, sizeof(json_t *));

    for (size_t i = 0; i < r->tests_n; i++) {
        messages[i] = r->tests[i].message;
        explained[i] = r->tests[i].explain;
        if (!r->tests[i].hidden) {
            r->tests[i].message = NULL;
            r->tests[i].explain = NULL;
        }
    }
    char *page = student_page(o, c, LANG_EN);
    for (size_t i = 0; i < r->tests_n; i++) {
        r->tests[i].message = messages[i];
        r->tests[i].explain = explained[i];
    }
    return page;
}

static bool costs_less(const struct prove_case *c, const char *hint, const char *than)
{
    return (hint && strcmp(hint, than) == 0) || prove_lost(c, hint) < prove_lost(c, than);
}

/* The hint of a bug is there, and if everything else costs less, then before it. */
static void judge_hint(const struct verify_options *o, struct prove_case *c, enum lang lang, char *page)
{
    const char *key = c->bug.config->hint, *in = lang == LANG_EN ? "English" : "Portuguese";
    const struct lab_hint *hint = lab_hint(o->proven, key);
    const char *text = !hint ? "" : lang == LANG_EN ? hint->en : hint->pt_br;
    const struct result *r = &c->result;
    bool costliest = true;

    if (!o->proven->hints)
        return;
    if (!hint || !text_has_words(page, text)) {
        strs_addf(&c->problems, "its hint '%s' is not shown in %s", key, in);
        for (size_t i = 0; i < r->tests_n && lang == LANG_EN; i++) {
            const struct result_test *t = &r->tests[i];
            if (t->verdict != VERDICT_PASS)
                strs_addf(&c->problems, "%s shows '%s': %s", t->name, t->hint_key ? t->hint_key : "none",
                          t->message ? t->message : "");
        }
        return;
    }
    for (size_t i = 0; i < r->tests_n; i++)
        costliest &= costs_less(c, r->tests[i].hint_key, key);
    for (size_t i = 0; i < r->findings_n; i++)
        costliest &= costs_less(c, r->findings[i].hint_key, key);
    char *second = strstr(page, "\n  2. ");
    if (second)
        *second = '\0';
    if (costliest && !text_has_words(page, text))
        strs_addf(&c->problems, "its hint '%s' costs most and is not the first one in %s", key, in);
    if (second)
        *second = '\n';
}

/* What stands between quotes in the message of a hidden test is what was put in, expected or seen. */
static void judge_quotations(const struct verify_options *o, struct prove_case *c, const char *page)
{
    for (size_t i = 0; i < c->result.tests_n; i++) {
        const struct result_test *t = &c->result.tests[i];
        const char *from = t->hidden && t->message ? strchr(t->message, '"') : NULL;
        for (const char *to; from && (to = strchr(from + 1, '"')); from = strchr(to + 1, '"')) {
            CLEANUP(free_ptr) char *quoted = xstrndup(from + 1, (size_t)(to - from - 1));
            if (secrets_is_one(&o->secrets, quoted) && text_has_words(page, quoted))
                strs_addf(&c->problems, "the report tells students '%s', which only %s knows", quoted, t->name);
        }
    }
}

static void judge_message(const struct verify_options *o, struct prove_case *c, const char *from, const char *message)
{
    CLEANUP(free_ptr) char *said = message ? messages_in(o->proven, LANG_PT_BR, message) : NULL;

    if (said && strchr(said, ' ') && strcmp(said, message) == 0)
        strs_addf(&c->problems, "%s says only in English: '%s'", from, said);
}

/* A lab that has messages in Portuguese has them all. What the compiler says is its own affair. */
static void judge_language(const struct verify_options *o, struct prove_case *c)
{
    if (!o->proven->messages)
        return;
    for (size_t i = 0; i < c->result.tests_n; i++)
        judge_message(o, c, c->result.tests[i].name, c->result.tests[i].message);
    for (size_t i = 0; i < c->result.findings_n; i++)
        if (strcmp(c->result.findings[i].kind, "style.warning") != 0)
            judge_message(o, c, c->result.findings[i].kind, c->result.findings[i].message);
}

static void judge_pages(void *ctx, struct prove_case *c)
{
    const struct verify_options *o = ctx;
    CLEANUP(free_ptr) char *hidden = hidden_page(o, c);
    const char *secret = secrets_in(&o->secrets, hidden);

    for (int lang = LANG_EN; lang <= LANG_PT_BR && c->kind == PROVE_BUG; lang++) {
        CLEANUP(free_ptr) char *page = student_page(o, c, (enum lang)lang);
        judge_hint(o, c, (enum lang)lang, page);
    }
    judge_quotations(o, c, hidden);
    judge_language(o, c);
    if (secret)
        strs_addf(&c->problems, "the report tells students '%s', which only hidden tests know", secret);
}

/* Bugs in rows, tests in columns: x where the test failed, X where it had to. */
static void print_matrix(const struct lab *lab, const struct proof *p)
{
    size_t bugs = 0;

    for (size_t i = 0; i < p->cases_n; i++)
        bugs += p->cases[i].kind == PROVE_BUG;
    if (!bugs)
        return;
    printf("\n%-8s", "");
    for (unsigned t = 0; t < lab->config->tests_count; t++)
        printf(" %3s", lab->config->tests[t].id);
    putchar('\n');
    for (size_t i = 0; i < p->cases_n; i++) {
        const struct prove_case *c = &p->cases[i];
        if (c->kind != PROVE_BUG)
            continue;
        printf("%-8s", c->name);
        for (unsigned t = 0; t < lab->config->tests_count; t++) {
            const char *name = lab->config->tests[t].name;
            bool named = false;
            for (unsigned k = 0; k < c->bug.config->caught_by_count; k++)
                named |= strcmp(c->bug.config->caught_by[k], name) == 0;
            printf(" %3s", prove_caught(c, name) ? (named ? "X" : "x") : (named ? "?" : "."));
        }
        putchar('\n');
    }
}

/* One lab, whole. An exit status. */
static int verify_lab(const struct cmd_globals *g, struct verify_options *o, const char *key, struct err *err)
{
    CLEANUP(lab_release) struct lab lab = {0};
    CLEANUP(kit_release) struct kit kit = KIT_INIT;
    CLEANUP(proof_release) struct proof proof = {0};
    const long start = clock_ms();
    size_t bad = 0;
    int status = cmd_load_lab(g, key, &lab, &kit, err);

    if (status != CMD_OK)
        return status;
    kit_release(&kit); /* it is there; each grading holds it for itself */
    if (secrets_load(&lab, &o->secrets, err) < 0)
        return CMD_USAGE;
    o->proven = &lab;
    printf("%s\n", lab.config->lab);
    if (prove_lab(&lab, &o->prove, &proof, err) < 0)
        return cmd_status_of(err) == CMD_NO_ISOLATION ? CMD_INTERNAL : cmd_status_of(err);
    print_matrix(&lab, &proof);
    for (size_t i = 0; i < proof.problems.n; i++)
        printf("%s  %s\n", _("FAIL"), proof.problems.v[i]);
    for (size_t i = 0; i < proof.cases_n; i++)
        bad += proof.cases[i].problems.n > 0;
    o->cases += proof.cases_n;
    o->holding += proof.cases_n - bad;
    o->idle_tests += proof.problems.n;
    putchar('\n');
    printf(_("%zu of %zu cases hold"), proof.cases_n - bad, proof.cases_n);
    printf(ngettext(", %u run each", ", %u runs each", o->prove.repeat), o->prove.repeat);
    printf(", %.1f s%s\n", (double)(clock_ms() - start) / 1000, o->prove.load ? _(", under load") : "");
    return bad || proof.problems.n ? CMD_HELD : CMD_OK;
}

int cmd_verify(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {
        options, parse, "LAB",
        N_("Proves a lab's tests: the reference and every variant get full marks, the template its floor, every known "
           "bug is caught by what it names, costs about what it says and shows its hint, and no test catches nothing. "
           "LAB may be all.") "\v"
        N_("Exit status 0: all of it holds; 1: not."),
        NULL, NULL, NULL,
    };
    struct verify_options o = {.prove = {.repeat = 1}, .colour = g->colour};
    CLEANUP(strs_release) struct strs labs = {0};
    const long start = clock_ms();
    int status = CMD_OK;

    cmd_parse(&argp, argc, argv, &o);
    o.prove.program = g->program;
    o.prove.only = o.only.n ? (const char *const *)o.only.v : NULL;
    o.prove.judge = judge_pages;
    o.prove.run = on_run;
    o.prove.done = on_done;
    o.prove.ctx = &o;
    if (strcmp(o.lab, "all") != 0)
        strs_add(&labs, o.lab);
    else if (lab_list(g->course, &labs, err) < 0)
        return CMD_USAGE;
    for (size_t i = 0; i < labs.n && (status == CMD_OK || status == CMD_HELD); i++) {
        int one = verify_lab(g, &o, labs.v[i], err);
        secrets_release(&o.secrets);
        if (one != CMD_OK)
            status = one;
        if (i + 1 < labs.n)
            putchar('\n');
    }
    if (labs.n > 1 && (status == CMD_OK || status == CMD_HELD)) {
        putchar('\n');
        printf(_("%zu labs: "), labs.n);
        printf(_("%zu of %zu cases hold"), o.holding, o.cases);
        if (!o.prove.only)
            printf(_(", %zu tests catch nothing"), o.idle_tests);
        printf(", %.1f s\n", (double)(clock_ms() - start) / 1000);
    }
    strs_release(&o.only);
    return status;
}
