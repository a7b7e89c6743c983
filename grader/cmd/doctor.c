/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "box/selftest.h"
#include "cmd/cmd.h"

int cmd_doctor(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {
        NULL, NULL, "",
        "Tries the box on this machine, from inside and from outside, and says what it guarantees, what is missing, "
        "and what to do about it.\vExit status 0: marks can be given here; 3: not.",
        NULL, NULL, NULL,
    };
    const char *good = g->colour ? "\033[32m" : "", *bad = g->colour ? "\033[31m" : "", *off = g->colour ? "\033[0m" : "";
    struct selftest_report r;

    (void)err;
    cmd_parse(&argp, argc, argv, NULL);
    selftest_run(BOX_AUTO, &r);
    printf("isolation: %s\n\n", *r.description ? r.description : "none");
    for (size_t i = 0; i < r.count; i++) {
        const struct selftest_check *c = &r.checks[i];
        printf("%s%-4s%s  %-14s %s\n", c->ok ? good : bad, c->ok ? "ok" : c->advice ? "note" : "FAIL", off, c->name, c->means);
        if (!c->ok)
            printf("%22sseen: %s\n", "", c->seen);
        if (!c->ok && *c->next)
            printf("%22snext: %s\n", "", c->next);
    }
    printf("\n%s\n", r.ok ? "Marks can be given on this machine." : "No marks on this machine: see FAIL above.");
    return r.ok ? CMD_OK : CMD_NO_ISOLATION;
}
