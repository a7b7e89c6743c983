/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdlib.h>

#include "util/interrupt.h"
#include "util/vec.h"

const struct command cmd_table[] = {
    {"run", "LAB [PATH...]", "grade submissions: the given folders, or the one you stand in", cmd_run},
    {"check", "[LAB [DIR]]", "run the public tests on your own code", cmd_check},
    {"new", "LAB [DIR]", "start a lab from its template", cmd_new},
    {"pack", "LAB [DIR]", "make the archive to hand in, checked", cmd_pack},
    {"explain", "[RESULT]", "the arithmetic of a score, or who waits for whom among running processes", cmd_explain},
    {"verify", "LAB", "prove a lab's tests: reference, template, variants and every known bug", cmd_verify},
    {"list", "[LAB]", "the labs of the course, or the tests of a lab", cmd_list},
    {"lint", "[LAB...]", "check labs: schema, points, tests without rubric, hints", cmd_lint},
    {"kit", "[LAB...]", "compile the tests of labs now, not at the first grading", cmd_kit},
    {"doctor", "", "try the box on this machine and explain what it guarantees", cmd_doctor},
    {"version", "", "the version of grader and of the tools it uses", cmd_version},
    {NULL, NULL, NULL, NULL},
};

int cmd_load_lab(const struct cmd_globals *g, const char *key, struct lab *lab, struct kit *kit, struct err *err)
{
    if (lab_load(g->course, key, lab, err) < 0)
        return CMD_USAGE;
    if (kit && kit_prepare(lab, kit, err) < 0) {
        lab_release(lab);
        return err->code == EINTR ? cmd_status_of(err) : CMD_INTERNAL;
    }
    return CMD_OK;
}

int cmd_status_of(const struct err *err)
{
    int sig = interrupt_signal();

    return err->code == EINTR && sig ? 128 + sig : CMD_NO_ISOLATION;
}

void cmd_parse(const struct argp *argp, int argc, char **argv, void *input)
{
    argp_err_exit_status = CMD_USAGE;
    argv[0] = xformat("grader %s", argv[0]); /* lives as long as the program: argp keeps it */
    (void)argp_parse(argp, argc, argv, 0, NULL, input);
}
