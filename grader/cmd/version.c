/* SPDX-License-Identifier: MIT */
#include "util/version.h"

#include <stdio.h>

#include "cmd/cmd.h"
#include "util/i18n.h"

int cmd_version(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {NULL, NULL, NULL, N_("The version of grader, and the course folder it would use."), NULL, NULL, NULL};

    (void)err;
    cmd_parse(&argp, argc, argv, NULL);
    printf("grader %s\n%s %s\n", GRADER_VERSION, _("course"), g->course);
    return CMD_OK;
}
