/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/interrupt.h"
#include "util/vec.h"

const struct command cmd_table[] = {
    {"run", "LAB [PATH...]", N_("grade submissions: the given folders, or the one you stand in"), cmd_run},
    {"check", "[LAB [DIR]]", N_("run the public tests on your own code"), cmd_check},
    {"repro", "RESULT|LAB TEST [DIR]", N_("run one test again and show what it does"), cmd_repro},
    {"stress", "LAB [PATH]", N_("run the tests many times on a busy machine"), cmd_stress},
    {"new", "LAB [DIR]", N_("start a lab from its template"), cmd_new},
    {"pack", "LAB [DIR]", N_("make the archive to hand in, checked"), cmd_pack},
    {"explain", "[RESULT]", N_("the arithmetic of a score, or who waits for whom among running processes"), cmd_explain},
    {"verify", "LAB", N_("prove a lab's tests: reference, template, variants and every known bug"), cmd_verify},
    {"list", "[LAB]", N_("the labs of the course, or the tests of a lab"), cmd_list},
    {"lint", "[LAB...]", N_("check labs: schema, points, tests without rubric, hints"), cmd_lint},
    {"kit", "[LAB...]", N_("compile the tests of labs now, not at the first grading"), cmd_kit},
    {"doctor", "", N_("try the box on this machine and explain what it guarantees"), cmd_doctor},
    {"version", "", N_("the version of grader and of the tools it uses"), cmd_version},
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

int cmd_guess_lab(const struct cmd_globals *g, const char *path, char **key, struct err *err)
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
    (void)err_set(err, _("'%s' holds no lab's src/labNN.c; name the lab: lab05"), path);
    return CMD_USAGE;
}

static const struct lab_test *find_test(const struct lab *lab, const char *name)
{
    const struct lab_test *t = lab_test(lab, name);

    for (unsigned i = 0; i < lab->config->tests_count && !t; i++)
        if (strcmp(lab->config->tests[i].id, name) == 0)
            t = &lab->config->tests[i];
    return t;
}

int cmd_choose_tests(const struct lab *lab, const struct strs *wanted, bool hidden_too, struct strs *tests, struct err *err)
{
    CLEANUP(free_ptr) char *hidden = lab_path(lab, "tests", "hidden.c");
    const char *name = lab->config->lab;

    for (size_t i = 0; i < wanted->n; i++) {
        const struct lab_test *t = find_test(lab, wanted->v[i]);
        if (!t || (t->visibility == LAB_HIDDEN && !hidden_too))
            (void)err_set(err, _("%s has no public test '%s'; 'grader list %s' names them"), name, wanted->v[i], name);
        else if (t->visibility == LAB_HIDDEN && access(hidden, R_OK) != 0)
            (void)err_set(err, _("'%s' is a hidden test: only who grades has it, and can run it"), t->name);
        else
            continue;
        return CMD_USAGE;
    }
    for (unsigned i = 0; i < lab->config->tests_count; i++) {
        const struct lab_test *t = &lab->config->tests[i];
        if (wanted->n ? strs_has(wanted, t->name) || strs_has(wanted, t->id) : t->visibility == LAB_PUBLIC)
            strs_add(tests, t->name);
    }
    return CMD_OK;
}

enum box_mode cmd_student_mode(void)
{
    struct box *box = NULL;

    if (box_open(&(struct box_spec){.mode = BOX_AUTO}, &box, NULL) < 0)
        return BOX_SHARED;
    box_close(box);
    return BOX_AUTO;
}

int cmd_status_of(const struct err *err)
{
    int sig = interrupt_signal();

    return err->code == EINTR && sig ? 128 + sig : CMD_NO_ISOLATION;
}

/* A doc is two texts, before and after the options. Each is a message of its own: gettext's tools
 * refuse the \v between them. */
static char *translated_doc(const char *doc)
{
    const char *v = strchr(doc, '\v');
    CLEANUP(free_ptr) char *before = v ? xstrndup(doc, (size_t)(v - doc)) : xstrdup(doc);

    if (!v)
        return xstrdup(*before ? gettext(before) : "");
    return xformat("%s\v%s", *before ? gettext(before) : "", v[1] ? gettext(v + 1) : "");
}

struct argp cmd_translated(const struct argp *argp)
{
    struct argp t = *argp;
    size_t n = 0;

    t.doc = t.doc ? translated_doc(t.doc) : NULL;
    while (t.options && (t.options[n].name || t.options[n].doc))
        n++;
    struct argp_option *options = xcalloc(n + 1, sizeof(*options));
    for (size_t i = 0; i < n; i++) {
        options[i] = t.options[i];
        options[i].doc = options[i].doc ? gettext(options[i].doc) : NULL;
    }
    t.options = options;
    return t;
}

void cmd_translated_release(struct argp *translated)
{
    free((char *)translated->doc);
    free((struct argp_option *)translated->options);
}

void cmd_parse(const struct argp *argp, int argc, char **argv, void *input)
{
    argp_err_exit_status = CMD_USAGE;
    argv[0] = xformat("grader %s", argv[0]); /* lives as long as the program: argp keeps it */
    CLEANUP(cmd_translated_release) struct argp translated = cmd_translated(argp);
    (void)argp_parse(&translated, argc, argv, 0, NULL, input);
}
