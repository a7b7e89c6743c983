/* SPDX-License-Identifier: MIT */
/* repro: one test again, with what it does: the programs that it starts and how, and if asked what a
 * tool saw of them. The programs run in the box, with the tool; what a person can type to do the same
 * by hand is printed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch/grade.h"
#include "cmd/cmd.h"
#include "intake/intake.h"
#include "result/json.h"
#include "stage/run.h"
#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/text.h"

#define LOGS "/tests/under" /* in the box: valgrind writes there as the test's user */
#define SUPPRESSIONS "/peers/repro.supp"

enum { LOG_FILES_MAX = 200, LOG_MAX = 1 << 20 };

/* What --NAME runs programs under. */
static const struct tool {
    const char *name, *path, *package;
    const char *by_hand; /* in front of a program */
} tools[] = {
    {"gdb", "/usr/bin/gdb", "gdb", "gdb --args"},
    {"strace", "/usr/bin/strace", "strace", "strace -f -yy -o trace.txt"},
    {"valgrind", "/usr/bin/valgrind", "valgrind", "valgrind --leak-check=full --track-origins=yes --track-fds=yes"},
};

static const struct argp_option options[] = {
    {"gdb", 'g', NULL, 0, N_("tell where each process is, with its variables, when it crashes or when the test fails"), 0},
    {"strace", 's', NULL, 0, N_("show every system call"), 0},
    {"valgrind", 'v', NULL, 0, N_("run the programs under valgrind"), 0},
    {0},
};

struct repro_options {
    const char *what, *test, *path;
    const struct tool *tool; /* NULL: none */
    enum box_mode mode;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct repro_options *o = state->input;

    for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++)
        if (key == tools[i].name[0]) {
            if (o->tool && o->tool != &tools[i])
                argp_error(state, _("--%s and --%s: one tool at a time"), o->tool->name, tools[i].name);
            o->tool = &tools[i];
            return 0;
        }
    switch (key) {
    case ARGP_KEY_ARG:
        if (o->path)
            return ARGP_ERR_UNKNOWN;
        *(!o->what ? &o->what : !o->test ? &o->test : &o->path) = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->test)
            argp_error(state, _("which lab, and which test? 'grader list LAB' names them"));
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What the test did ---------------------------------------------------------------------------------- */

struct repro {
    const struct repro_options *o;
    const struct kit *kit;
    struct strs commands, by_hand; /* as shown, and as they can be typed */
    struct strs logs, log_names;
};

static bool is_plain(const char *s)
{
    return *s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./@%+=:,-") == strlen(s);
}

static void add_word(struct buf *b, const char *s)
{
    CLEANUP(free_ptr) char *shown = text_printable(s, strlen(s));

    if (b->n)
        buf_puts(b, " ");
    if (is_plain(shown)) {
        buf_puts(b, shown);
        return;
    }
    buf_puts(b, "'");
    for (const char *p = shown; *p; p++)
        buf_puts(b, *p == '\'' ? "'\\''" : (char[]){*p, '\0'});
    buf_puts(b, "'");
}

static void on_command(void *ctx, const json_t *record)
{
    struct repro *r = ctx;
    const bool student = json_is_true(json_object_get(record, "student"));
    const char *input = json_string_value(json_object_get(record, "stdin"));
    const char *file = json_string_value(json_object_get(record, "file"));
    const json_t *word;
    struct buf command = {0}, plain = {0};
    size_t i;

    json_array_foreach(json_object_get(record, "env"), i, word)
        add_word(&command, json_string_value(word));
    json_array_foreach(json_object_get(record, "argv"), i, word) {
        CLEANUP(free_ptr) char *program = i == 0 && student ? xformat("build/%s", json_string_value(word)) : NULL;
        add_word(&command, program ? program : json_string_value(word));
        add_word(&plain, program ? program : json_string_value(word));
    }
    if (student && plain.s && !strs_has(&r->by_hand, plain.s))
        strs_add(&r->by_hand, plain.s);
    if (file)
        buf_printf(&command, " <%s", file);
    if (input)
        {
        buf_puts(&command, "    # ");
        buf_printf(&command, _("reads %s, then the end"), input);
    }
    else if (json_is_true(json_object_get(record, "pipe")))
        buf_printf(&command, "    # %s", _("reads what the test writes into a pipe"));
    strs_take(&r->commands, buf_steal(&command));
    buf_release(&plain);
}

static int on_opened(void *ctx, struct box *box, struct err *err)
{
    const struct repro *r = ctx;
    CLEANUP(free_ptr) char *suppressions = xformat("%s/valgrind.supp", r->kit->dir);

    if (!r->o->tool)
        return 0;
    return box_mkdir(box, LOGS, 01777, BOX_JUDGE, err) < 0 ? -1
           : put_file(box, suppressions, SUPPRESSIONS, 0644, BOX_JUDGE, err);
}

/* What comes before the program's own beginning is the harness's (tests/harness/under.c). */
static const char *after_start(const struct tool *tool, const char *log)
{
    const bool strace = strcmp(tool->name, "strace") == 0;
    const char *start = strstr(log, strace ? "execve(" : "\n== ");

    while (strace && start && start > log && start[-1] != '\n')
        start--;
    return !start ? log : strace ? start : start + 1;
}

static int on_closing(void *ctx, struct box *box, struct err *err)
{
    CLEANUP(box_names_release) struct box_names names = {0};
    struct repro *r = ctx;

    if (!r->o->tool)
        return 0;
    if (box_list(box, LOGS, LOG_FILES_MAX, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        CLEANUP(free_ptr) char *path = xformat(LOGS "/%s", names.names[i]);
        CLEANUP(close_fd) int fd = -1;
        struct stat st;
        if (box_get(box, path, LOG_MAX, &fd, NULL) < 0 || fstat(fd, &st) < 0 || st.st_size == 0)
            continue; /* what is no file of a fair size was put there by a student's program */
        CLEANUP(free_ptr) char *text = run_text(fd, (size_t)st.st_size);
        const char *from = after_start(r->o->tool, text);
        strs_take(&r->logs, text_printable(from, strlen(from)));
        strs_add(&r->log_names, strrchr(names.names[i], '-') + 1);
    }
    return 0;
}

/* Telling -------------------------------------------------------------------------------------------- */

static void tell_commands(const struct cmd_globals *g, const struct lab *lab, const struct repro *r, const char *test)
{
    CLEANUP(free_ptr) char *course = realpath(g->course, NULL);
    const struct tool *tool = r->o->tool;

    if (r->commands.n)
        printf("%s\n\n", _("What the test started, in this order, in a folder of its own:"));
    for (size_t i = 0; i < r->commands.n; i++)
        printf("  $ %s\n", r->commands.v[i]);
    printf("\n%s\n\n", _("By hand, in your own folder and without the box:"));
    printf("  $ make\n");
    for (size_t i = 0; i < r->by_hand.n; i++)
        if (strncmp(r->by_hand.v[i], "build/probe", 11) != 0)
            printf("  $ %s%s%s\n", tool ? tool->by_hand : "", tool ? " " : "", r->by_hand.v[i]);
    printf("  $ make test COURSE=%s ONLY='*/%s'\n", course ? course : g->course, test);
    (void)lab;
}

static void tell_logs(const struct cmd_globals *g, const struct repro *r)
{
    for (size_t i = 0; i < r->logs.n; i++)
        printf("\n%s%s: %s%s\n%s%s", g->colour ? "\033[1m" : "", r->o->tool->name, r->log_names.v[i], g->colour ? "\033[0m" : "",
               r->logs.v[i], r->logs.v[i][strlen(r->logs.v[i]) - 1] == '\n' ? "" : "\n");
    if (r->o->tool && !r->logs.n) {
        putchar('\n');
        printf(_("%s had nothing to say: the test started none of your programs"), r->o->tool->name);
        putchar('\n');
    }
}

/* The first argument as a result that --output or --format json wrote: its lab, which the caller frees.
 * CMD_OK with *key NULL: it is no file, and so names a lab. */
static int lab_of_result(const char *what, char **key, char **digest, struct err *err)
{
    struct stat st;
    struct result r;
    struct err why = {0};
    json_error_t bad;

    if (stat(what, &st) < 0 || !S_ISREG(st.st_mode))
        return CMD_OK;
    json_t *j = json_load_file(what, 0, &bad);
    result_init(&r);
    if (!j || result_from_json(j, &r, &why) < 0) {
        (void)err_set(err, _("'%s' is no result: %s"), what, j ? why.msg : bad.text);
    } else {
        *key = xstrdup(r.lab);
        *digest = xstrdup(r.digest);
    }
    json_decref(j);
    result_release(&r);
    return *key ? CMD_OK : CMD_USAGE;
}

static int repro(const struct cmd_globals *g, const struct repro_options *o, const struct lab *lab, const struct kit *kit,
                 const struct submission *submission, const struct strs *tests, struct err *err)
{
    struct repro r = {.o = o, .kit = kit};
    CLEANUP(strs_release) struct strs env = {0};
    struct grade_options grade = {
        .only = (const char *const *)tests->v, .verdicts_only = true, .mode = o->mode, .env = &env, .command = on_command,
        .opened = on_opened, .closing = on_closing, .show_debug = o->tool && strcmp(o->tool->name, "valgrind") == 0, .ctx = &r,
    };
    const bool hidden = lab_test(lab, tests->v[0])->visibility == LAB_HIDDEN;
    const struct report_options ro = {.lang = g->lang, .colour = g->colour, .path = o->path, .show_hidden = true,
                                      .command = hidden ? "run" : "check"};
    struct result result;
    int status = CMD_OK;

    strs_add(&env, "LAB_COMMANDS=1");
    if (o->tool) {
        strs_addf(&env, "LAB_UNDER=%s", o->tool->name);
        strs_add(&env, "LAB_UNDER_LOGS=" LOGS);
        strs_add(&env, "LAB_TIME_FACTOR=5");
        strs_add(&env, "LAB_SUPPRESSIONS=" SUPPRESSIONS);
        printf(_("running %s in the box, your programs under %s"), tests->v[0], o->tool->name);
        printf("\n\n");
        (void)fflush(stdout);
    }
    result_init(&result);
    if (grade_submission(lab, kit, submission, &grade, &result, err) < 0) {
        status = cmd_status_of(err);
    } else {
        const struct result_test *t = result_test(&result, tests->v[0]);
        if (report_text(stdout, lab, &result, &ro) < 0)
            status = CMD_INTERNAL;
        else if (!t || t->verdict != VERDICT_PASS)
            status = CMD_HELD;
        if (result.status == STATUS_GRADED) {
            putchar('\n');
            tell_commands(g, lab, &r, tests->v[0]);
            tell_logs(g, &r);
        }
    }
    result_release(&result);
    strs_release(&r.commands);
    strs_release(&r.by_hand);
    strs_release(&r.logs);
    strs_release(&r.log_names);
    return status;
}

int cmd_repro(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {
        options, parse, "RESULT|LAB TEST [DIR]",
        N_("Runs one test again on the code in DIR, or the folder you stand in, and shows which programs it starts and what "
           "they read. The lab may be named by a result, as 'grader run --output' writes them. With a tool the programs run "
           "under it, in the box.") "\v" N_("Exit status 0: the test passed; 1: not."),
        NULL, NULL, NULL,
    };
    CLEANUP(lab_release) struct lab lab = {0};
    CLEANUP(kit_release) struct kit kit = KIT_INIT;
    CLEANUP(submission_release) struct submission submission = {0};
    CLEANUP(strs_release) struct strs wanted = {0};
    CLEANUP(strs_release) struct strs tests = {0};
    CLEANUP(free_ptr) char *key = NULL;
    CLEANUP(free_ptr) char *digest = NULL;
    struct repro_options o = {0};

    cmd_parse(&argp, argc, argv, &o);
    if (!o.path)
        o.path = ".";
    if (o.tool && access(o.tool->path, X_OK) != 0) {
        (void)err_set(err, _("%s is not installed: apt install %s"), o.tool->name, o.tool->package);
        return CMD_USAGE;
    }
    o.mode = cmd_student_mode();
    strs_add(&wanted, o.test);
    int status = lab_of_result(o.what, &key, &digest, err);
    if (status == CMD_OK)
        status = cmd_load_lab(g, key ? key : o.what, &lab, NULL, err);
    if (status == CMD_OK)
        status = cmd_choose_tests(&lab, &wanted, true, &tests, err);
    if (status == CMD_OK && kit_prepare(&lab, &kit, err) < 0)
        status = err->code == EINTR ? cmd_status_of(err) : CMD_INTERNAL;
    if (status == CMD_OK && intake_read(o.path, &lab, o.mode, &submission, err) < 0)
        status = CMD_USAGE;
    if (status != CMD_OK)
        return status;
    if (digest && submission.digest && strcmp(digest, submission.digest) != 0)
        printf("%s\n\n", _("note: these are not the files that the result speaks of"));
    return repro(g, &o, &lab, &kit, &submission, &tests, err);
}
