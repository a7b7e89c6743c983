/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "box/selftest.h"
#include "cmd/cmd.h"
#include "util/i18n.h"

enum { KEY_MODE = 256 };

static const struct argp_option options[] = {
    {"mode", KEY_MODE, "MODE", 0, N_("try this one only: full, users or shared (default: the best that opens)"), 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    enum box_mode *mode = state->input;

    switch (key) {
    case KEY_MODE:
        if (box_mode_parse(arg, mode) < 0)
            argp_error(state, _("--mode: '%s' is none of auto, full, users and shared"), arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_check(const struct cmd_globals *g, const struct selftest_check *c)
{
    const char *good = g->colour ? "\033[32m" : "", *bad = g->colour ? "\033[31m" : "", *off = g->colour ? "\033[0m" : "";

    printf("%s%-*s%s  %-14s %s\n", c->ok ? good : bad, (int)strlen(_("FAIL")), c->ok ? "ok" : c->advice ? _("note") : _("FAIL"), off,
           c->name, _(c->means));
    if (!c->ok)
        printf("%22s%s: %s\n", "", _("seen"), c->seen);
    if (!c->ok && *c->next)
        printf("%22s%s: %s\n", "", _("next"), _(c->next));
}

static const char *const promises[BOX_MODES] = {
    [BOX_FULL] = N_("namespaces of its own and two identities: all that docs/box.md promises"),
    [BOX_USERS] = N_("two identities, no namespaces: marks can be given; names, network and disk are the container's"),
    [BOX_SHARED] = N_("namespaces, but one identity: students' code could read the tests and forge results; not for marks"),
};

/* True: a box of this mode opened, and *report tells how it was. */
static bool try_mode(const struct cmd_globals *g, enum box_mode mode, struct selftest_report *report)
{
    selftest_run(mode, report);
    if (report->mode == BOX_AUTO) {
        printf("%-6s  %s: %s\n", box_mode_name(mode), _("not here"), report->checks[0].seen);
        return false;
    }
    printf("%-6s  %s\n\n%s: %s\n\n", box_mode_name(mode), _(promises[mode]), _("isolation"), report->description);
    for (size_t i = 0; i < report->count; i++)
        print_check(g, &report->checks[i]);
    return true;
}

int cmd_doctor(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const enum box_mode best_first[] = {BOX_FULL, BOX_USERS, BOX_SHARED};
    static const struct argp argp = {
        options, parse, NULL,
        N_("Tries the box on this machine, from inside and from outside, and says what it guarantees, what is missing, "
           "and what to do about it.") "\v" N_("Exit status 0: marks can be given here; 3: not."),
        NULL, NULL, NULL,
    };
    enum box_mode mode = BOX_AUTO;
    struct selftest_report r = {.ok = false};
    bool found = false;

    (void)err;
    cmd_parse(&argp, argc, argv, &mode);
    for (size_t i = 0; i < sizeof(best_first) / sizeof(best_first[0]) && !found; i++)
        if (mode == BOX_AUTO || mode == best_first[i])
            found = try_mode(g, best_first[i], &r);
    const bool good = found && r.ok && r.mode != BOX_SHARED;
    printf("\n%s\n", good     ? _("Marks can be given on this machine.")
                     : !found ? _("No marks on this machine: no box opens. 'not here' above says what to do.")
                     : r.ok   ? _("No marks on this machine: see the line of mode full above.")
                              : _("No marks on this machine: see FAIL above."));
    return good ? CMD_OK : CMD_NO_ISOLATION;
}
