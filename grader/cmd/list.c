/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "util/cleanup.h"
#include "util/i18n.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
    const char **lab = state->input;

    if (key != ARGP_KEY_ARG || *lab)
        return ARGP_ERR_UNKNOWN;
    *lab = arg;
    return 0;
}

static int list_tests(const struct cmd_globals *g, const char *key, struct err *err)
{
    CLEANUP(lab_release) struct lab lab = {0};
    int status = cmd_load_lab(g, key, &lab, NULL, err);

    if (status != CMD_OK)
        return status;
    for (unsigned i = 0; i < lab.config->tests_count; i++) {
        const struct lab_test *t = &lab.config->tests[i];
        printf("%-4s %-24s %-7s %4g  %s\n", t->id, t->name, t->visibility == LAB_HIDDEN ? _("hidden") : _("public"), t->points,
               g->lang == LANG_PT_BR ? t->does.pt_br : t->does.en);
    }
    return CMD_OK;
}

int cmd_list(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {NULL, parse, "[LAB]", N_("The labs of the course, or the tests of one lab."), NULL, NULL, NULL};
    CLEANUP(strs_release) struct strs names = {0};
    const char *key = NULL;
    int status = CMD_OK;

    cmd_parse(&argp, argc, argv, &key);
    if (key)
        return list_tests(g, key, err);
    if (lab_list(g->course, &names, err) < 0)
        return CMD_USAGE;
    for (size_t i = 0; i < names.n; i++) {
        CLEANUP(lab_release) struct lab lab = {0};
        struct err why = {0};
        if (lab_load(g->course, names.v[i], &lab, &why) < 0) {
            printf("%-16s  %s\n", names.v[i], why.msg);
            status = CMD_USAGE;
            continue;
        }
        printf("%-16s  %s, ", names.v[i], g->lang == LANG_PT_BR ? lab.config->title.pt_br : lab.config->title.en);
        printf(ngettext("%u test", "%u tests", lab.config->tests_count), lab.config->tests_count);
        putchar('\n');
    }
    return status;
}
