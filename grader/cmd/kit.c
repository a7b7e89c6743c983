/* SPDX-License-Identifier: MIT */
/* kit: what is compiled once for a lab, now instead of before the first grading: for images, and for
 * machines that share a course. */
#include <stdio.h>

#include "cmd/cmd.h"
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

int cmd_kit(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {
        NULL, parse, "[LAB...]",
        N_("Compiles the tests and helpers of labs, all of them without an argument. Grading does it where it is needed; this "
           "does it beforehand."),
        NULL, NULL, NULL,
    };
    CLEANUP(strs_release) struct strs labs = {0};

    cmd_parse(&argp, argc, argv, &labs);
    if (!labs.n && lab_list(g->course, &labs, err) < 0)
        return CMD_USAGE;
    for (size_t i = 0; i < labs.n; i++) {
        CLEANUP(lab_release) struct lab lab = {0};
        CLEANUP(kit_release) struct kit kit = KIT_INIT;
        int status = cmd_load_lab(g, labs.v[i], &lab, &kit, err);

        if (status != CMD_OK)
            return status;
        printf("%-16s  %s\n", lab.config->lab, kit.dir);
    }
    return CMD_OK;
}
