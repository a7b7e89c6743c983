/* SPDX-License-Identifier: MIT */
/* explain: the arithmetic of a score; or, for processes that hang on somebody's desk, what a test
 * would say of them at its deadline. Ends nothing. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "explain/explain.h"
#include "result/json.h"
#include "util/cleanup.h"
#include "util/i18n.h"

static const struct argp_option options[] = {
    {"live", 'l', "PID", 0, N_("explain this running process and all its descendants"), 0},
    {0},
};

struct explain_options {
    pid_t live;
    const char *path;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct explain_options *o = state->input;
    char *end;
    long pid;

    switch (key) {
    case 'l':
        errno = 0;
        pid = strtol(arg, &end, 10);
        if (errno || *end || end == arg || pid < 1 || pid > INT_MAX)
            argp_error(state, _("--live: '%s' is not a process number"), arg);
        o->live = (pid_t)pid;
        return 0;
    case ARGP_KEY_ARG:
        if (o->path)
            return ARGP_ERR_UNKNOWN;
        o->path = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->live == !o->path)
            argp_error(state, _("name a result, or a process with --live"));
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int explain_live(const struct cmd_globals *g, pid_t pid, struct err *err)
{
    const struct report_options o = {.lang = g->lang, .colour = g->colour};
    struct explain_person *people;
    const size_t n = explain_tree(pid, &people);
    int status = CMD_OK;

    if (n == 0) {
        err_set(err, _("there is no process %d that you may look into"), (int)pid);
        return CMD_USAGE;
    }
    json_t *records = explain_look(&(struct explain_scene){.access = &explain_direct, .people = people, .count = n});
    if (report_processes(stdout, records, &o) < 0)
        status = CMD_INTERNAL;
    json_decref(records);
    for (size_t i = 0; i < n; i++)
        free((char *)people[i].name);
    free(people);
    return status;
}

static int explain_result(const struct cmd_globals *g, const char *path, struct err *err)
{
    const struct report_options o = {.lang = g->lang, .colour = g->colour};
    CLEANUP(lab_release) struct lab lab = {0};
    CLEANUP(result_release) struct result r;
    json_error_t why;
    json_t *j;
    int status;

    result_init(&r);
    j = json_load_file(path, 0, &why);
    if (!j) {
        err_set(err, "%s:%d: %s", path, why.line, why.text);
        return CMD_USAGE;
    }
    status = result_from_json(j, &r, err) < 0 ? CMD_USAGE : cmd_load_lab(g, r.lab, &lab, NULL, err);
    json_decref(j);
    if (status == CMD_OK && report_arithmetic(stdout, &lab, &r, &o) < 0)
        status = CMD_INTERNAL;
    return status;
}

int cmd_explain(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {
        options, parse, "[RESULT]",
        N_("Explains a score, from the result that 'grader run --output' wrote: every point of it. Or, with --live, what running "
           "processes of yours wait for, who has the other end, and what that looks like; nothing is ended."),
        NULL, NULL, NULL,
    };
    struct explain_options o = {0};

    cmd_parse(&argp, argc, argv, &o);
    return o.live ? explain_live(g, o.live, err) : explain_result(g, o.path, err);
}
