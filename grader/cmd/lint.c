/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "lab/causes.h"
#include "lab/handout.h"
#include "lab/messages.h"
#include "lab/secrets.h"
#include "util/cleanup.h"
#include "util/i18n.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct strs *labs = state->input;

    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    strs_add(labs, arg);
    return 0;
}

static char *read_text(const char *path)
{
    CLEANUP(fclose_file) FILE *f = fopen(path, "re");
    struct buf b = {0};
    char block[4096];

    for (size_t n; f && (n = fread(block, 1, sizeof(block), f)) > 0;)
        buf_add(&b, block, n);
    return buf_steal(&b);
}

/* Every test of lab.yaml stands in public.c or hidden.c, as its visibility says, and no other. */
static void check_sources(const struct lab *lab, struct strs *problems)
{
    static const char *const suites[] = {[LAB_PUBLIC] = "public", [LAB_HIDDEN] = "hidden"};

    for (size_t v = 0; v < 2; v++) {
        CLEANUP(free_ptr) char *file = xformat("%s.c", suites[v]);
        CLEANUP(free_ptr) char *path = lab_path(lab, "tests", file);
        CLEANUP(free_ptr) char *text = read_text(path);
        CLEANUP(free_ptr) char *start = xformat("LAB_TEST(%s, ", suites[v]);
        for (unsigned i = 0; i < lab->config->tests_count; i++) {
            const struct lab_test *t = &lab->config->tests[i];
            CLEANUP(free_ptr) char *head = xformat("%s%s)", start, t->name);
            if (t->visibility == (enum lab_visibility)v && !strstr(text, head))
                strs_addf(problems, "%s: there is no test '%s', which lab.yaml lists", path, t->name);
        }
        for (const char *p = text; (p = strstr(p, start));) {
            p += strlen(start);
            CLEANUP(free_ptr) char *name = xstrndup(p, strcspn(p, ")"));
            const struct lab_test *t = lab_test(lab, name);
            if (!t || t->visibility != (enum lab_visibility)v)
                strs_addf(problems, "%s: the test '%s' is not in lab.yaml as %s", path, name, suites[v]);
        }
    }
}

static void check_files(const struct lab *lab, struct strs *problems)
{
    const struct lab_config *c = lab->config;

    for (enum lang lang = LANG_EN; lang <= LANG_PT_BR; lang++) {
        CLEANUP(free_ptr) char *path = handout_path(lab, lang);
        if (access(path, R_OK) != 0)
            strs_addf(problems, "%s: the handout is missing", path);
        else
            for (unsigned d = 0; d < c->demands_count; d++)
                if (!handout_line(lab, lang, c->demands[d].key))
                    strs_addf(problems, "%s: no line begins with demand '%s'", path, c->demands[d].key);
    }
    for (unsigned i = 0; i < c->headers_count; i++) {
        CLEANUP(free_ptr) char *path = lab_path(lab, "templates", c->headers[i]);
        if (access(path, R_OK) != 0)
            strs_addf(problems, "%s: the given header is missing", path);
    }
    static const char *const whole[] = {"templates", "reference"};
    for (size_t w = 0; w < 2; w++)
        for (unsigned i = 0; i < c->programs_count; i++) {
            CLEANUP(free_ptr) char *file = xformat("src/%s.c", c->programs[i]);
            CLEANUP(free_ptr) char *path = lab_path(lab, whole[w], file);
            if (access(path, R_OK) != 0)
                strs_addf(problems, "%s: the program's source is missing", path);
        }
}

/* Students read how a hidden test failed, not what it puts in and expects; and in their language. */
static void check_messages(const struct lab *lab, struct strs *problems)
{
    CLEANUP(secrets_release) struct secrets secrets = {0};
    struct err why = {0};

    if (secrets_load(lab, &secrets, &why) < 0)
        strs_add(problems, why.msg);
    for (size_t i = 0; i < secrets.told.n; i++)
        strs_add(problems, secrets.told.v[i]);
    messages_check(lab, problems);
    messages_check_said(lab, &secrets.messages, problems);
}

int cmd_lint(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {NULL, parse, "[LAB...]",
                                     N_("Checks labs: what the schema says, and that points, tests, demands, hints, "
                                        "handouts and files fit together."), NULL, NULL, NULL};
    CLEANUP(strs_release) struct strs keys = {0};
    CLEANUP(strs_release) struct strs problems = {0};

    cmd_parse(&argp, argc, argv, &keys);
    if (!keys.n && lab_list(g->course, &keys, err) < 0)
        return CMD_USAGE;
    causes_check(&problems);
    messages_check(NULL, &problems);
    for (size_t i = 0; i < keys.n; i++) {
        CLEANUP(lab_release) struct lab lab = {0};
        struct err why = {0};
        if (lab_load(g->course, keys.v[i], &lab, &why) < 0) {
            strs_add(&problems, why.msg);
            continue;
        }
        lab_check(&lab, &problems);
        check_sources(&lab, &problems);
        check_files(&lab, &problems);
        check_messages(&lab, &problems);
    }
    for (size_t i = 0; i < problems.n; i++)
        printf("%s\n", problems.v[i]);
    if (!problems.n) {
        printf(ngettext("%zu lab: nothing to complain about", "%zu labs: nothing to complain about", keys.n), keys.n);
        putchar('\n');
    }
    return problems.n ? CMD_USAGE : CMD_OK;
}
