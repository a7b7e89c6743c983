/* SPDX-License-Identifier: MIT */
/* check: the student's own run. Public tests only, each verdict as it comes, no score. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch/grade.h"
#include "cmd/cmd.h"
#include "intake/intake.h"
#include "util/cleanup.h"
#include "util/i18n.h"

static const struct argp_option options[] = {
    {"test", 't', "NAME", 0, "run only this public test (may be given again)", 0},
    {0},
};

struct check_options {
    const char *lab, *path;
    struct strs tests;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct check_options *o = state->input;

    switch (key) {
    case 't':
        strs_add(&o->tests, arg);
        return 0;
    case ARGP_KEY_ARG:
        if (o->path)
            return ARGP_ERR_UNKNOWN;
        *(o->lab ? &o->path : &o->lab) = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The lab whose library lies in the folder; CMD_USAGE: none. */
static int guess_lab(const struct cmd_globals *g, const char *path, char **key, struct err *err)
{
    CLEANUP(strs_release) struct strs labs = {0};

    if (lab_list(g->course, &labs, err) < 0)
        return CMD_USAGE;
    for (size_t i = 0; i < labs.n; i++) {
        CLEANUP(lab_release) struct lab lab = {0};
        if (lab_load(g->course, labs.v[i], &lab, NULL) < 0)
            continue;
        CLEANUP(free_ptr) char *library = xformat("%s/%s", path, lab.config->library[0]);
        if (access(library, F_OK) == 0) {
            *key = xstrdup(labs.v[i]);
            return CMD_OK;
        }
    }
    (void)err_set(err, "'%s' holds no lab's src/labNN.c; name the lab: grader check lab05", path);
    return CMD_USAGE;
}

static int choose_tests(const struct lab *lab, const struct strs *wanted, struct strs *tests, struct err *err)
{
    for (size_t i = 0; i < wanted->n; i++) {
        const struct lab_test *t = lab_test(lab, wanted->v[i]);
        if (!t || t->visibility != LAB_PUBLIC) {
            (void)err_set(err, "%s has no public test '%s'; 'grader list %s' names them", lab->config->lab, wanted->v[i],
                          lab->config->lab);
            return CMD_USAGE;
        }
    }
    for (unsigned i = 0; i < lab->config->tests_count; i++) {
        const struct lab_test *t = &lab->config->tests[i];
        if (t->visibility == LAB_PUBLIC && (!wanted->n || strs_has(wanted, t->name)))
            strs_add(tests, t->name);
    }
    return CMD_OK;
}

static void on_progress(void *ctx, const struct stage_progress *p)
{
    const struct cmd_globals *g = ctx;

    if (!p->test)
        return;
    const bool ok = p->test->verdict == VERDICT_PASS;
    printf("%s%-5s%s %s %s\n", !g->colour ? "" : ok ? "\033[32m" : "\033[31m", ok ? "ok" : "FAIL", g->colour ? "\033[0m" : "",
           p->test->id, p->test->name);
    (void)fflush(stdout);
}

int cmd_check(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {
        options, parse, "[LAB [DIR]]",
        "Runs the public tests on your code, in DIR or the folder you stand in, and tells each verdict as it comes. Gives no "
        "score: hidden tests are run by who grades.\vExit status 0: all passed; 1: not.",
        NULL, NULL, NULL,
    };
    CLEANUP(lab_release) struct lab lab = {0};
    CLEANUP(kit_release) struct kit kit = KIT_INIT;
    CLEANUP(submission_release) struct submission submission = {0};
    CLEANUP(strs_release) struct strs tests = {0};
    CLEANUP(free_ptr) char *guessed = NULL;
    struct check_options o = {0};
    struct result r;
    int status = CMD_OK;

    result_init(&r);
    cmd_parse(&argp, argc, argv, &o);
    if (!o.path)
        o.path = ".";
    if (!o.lab)
        status = guess_lab(g, o.path, &guessed, err);
    if (status == CMD_OK)
        status = cmd_load_lab(g, o.lab ? o.lab : guessed, &lab, &kit, err);
    if (status == CMD_OK)
        status = choose_tests(&lab, &o.tests, &tests, err);
    strs_release(&o.tests);
    if (status != CMD_OK)
        return status;
    if (intake_read(o.path, &lab, BOX_AUTO, &submission, err) < 0)
        return CMD_USAGE;
    const struct grade_options grade = {
        .only = (const char *const *)tests.v, .progress = on_progress, .progress_ctx = (void *)g,
    };
    if (grade_submission(&lab, &kit, &submission, &grade, &r, err) < 0)
        return cmd_status_of(err);
    const struct report_options ro = {.lang = g->lang, .colour = g->colour, .path = o.path, .command = "check"};
    if (report_text(stdout, &lab, &r, &ro) < 0)
        status = CMD_INTERNAL;
    for (size_t i = 0; i < r.tests_n && status == CMD_OK; i++)
        if (strs_has(&tests, r.tests[i].name) && r.tests[i].verdict != VERDICT_PASS)
            status = CMD_HELD;
    if (r.status != STATUS_GRADED && status == CMD_OK)
        status = CMD_HELD;
    result_release(&r);
    return status;
}
