/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "batch/grade.h"
#include "batch/pool.h"
#include "batch/store.h"
#include "cmd/cmd.h"
#include "intake/archive.h"
#include "intake/class.h"
#include "intake/intake.h"
#include "result/json.h"
#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/num.h"
#include "util/text.h"

enum { KEY_COVERAGE = 256, KEY_CLASS, KEY_FRESH, KEY_PARALLEL, KEY_SHOW_HIDDEN, KEY_MIN, KEY_DETERMINISTIC, KEY_MODE };

static const struct argp_option options[] = {
    {"test", 't', "NAME", 0, N_("run only this test (may be given again); the score then speaks of nothing else"), 0},
    {"format", 'f', "FORMAT", 0, N_("text (default) or json, on standard output"), 0},
    {"output", 'o', "DIR", 0, N_("also write each result as DIR/<submission>.json"), 0},
    {"class", KEY_CLASS, NULL, 0, N_("each PATH is a folder, or an archive from the LMS, that holds a submission for each student"), 0},
    {"parallel", KEY_PARALLEL, "N", 0, N_("submissions at a time (default: 1)"), 0},
    {"fresh", KEY_FRESH, NULL, 0, N_("grade again what --output has already"), 0},
    {"coverage-html", KEY_COVERAGE, "DIR", 0, N_("make lcov's tracefile and genhtml's pages in DIR"), 0},
    {"show-hidden", KEY_SHOW_HIDDEN, NULL, 0, N_("tell what hidden tests saw, too: for instructors"), 0},
    {"min", KEY_MIN, "POINTS", 0, N_("exit with status 1 if a score is below this"), 0},
    {"jobs", 'j', "N", 0, N_("tests at a time (default: twice the processors)"), 0},
    {"mode", KEY_MODE, "MODE", 0, N_("isolation: auto (default), full, users or shared"), 0},
    {"deterministic", KEY_DETERMINISTIC, NULL, 0, N_("leave out what differs from run to run: times, the environment, explanations, counts of coverage and leftovers"), 0},
    {0},
};

struct run_options {
    const char *lab;
    struct strs paths, tests;
    const struct report_format *format;
    const char *output, *coverage;
    bool class, fresh;
    unsigned parallel;
    double min;
    struct report_options report;
    struct grade_options grade;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct run_options *o = state->input;
    unsigned long jobs;

    switch (key) {
    case 't':
        strs_add(&o->tests, arg);
        return 0;
    case 'f':
        o->format = report_format(arg);
        if (!o->format)
            argp_error(state, _("--format: '%s' is neither text nor json"), arg);
        return 0;
    case 'o':
        o->output = arg;
        return 0;
    case 'j':
        if (num_parse(arg, 1, 64, &jobs) < 0)
            argp_error(state, _("--jobs: '%s' is not a number from 1 to 64"), arg);
        o->grade.jobs = (unsigned)jobs;
        return 0;
    case KEY_CLASS:
        o->class = true;
        return 0;
    case KEY_FRESH:
        o->fresh = true;
        return 0;
    case KEY_PARALLEL:
        if (num_parse(arg, 1, 64, &jobs) < 0)
            argp_error(state, _("--parallel: '%s' is not a number from 1 to 64"), arg);
        o->parallel = (unsigned)jobs;
        return 0;
    case KEY_COVERAGE:
        o->coverage = arg;
        return 0;
    case KEY_SHOW_HIDDEN:
        o->report.show_hidden = true;
        return 0;
    case KEY_MIN:
        if (num_parse_double(arg, 0, 1000, &o->min) < 0)
            argp_error(state, _("--min: '%s' is not a number of points"), arg);
        return 0;
    case KEY_MODE:
        if (box_mode_parse(arg, &o->grade.mode) < 0)
            argp_error(state, _("--mode: '%s' is none of auto, full, users and shared"), arg);
        return 0;
    case KEY_DETERMINISTIC:
        o->report.deterministic = true;
        return 0;
    case ARGP_KEY_ARG:
        if (!o->lab)
            o->lab = arg;
        else
            strs_add(&o->paths, arg);
        return 0;
    case ARGP_KEY_END:
        if (!o->lab)
            argp_error(state, _("which lab? 'grader list' names them"));
        if (o->class && !o->paths.n)
            argp_error(state, _("--class: which folder or archive?"));
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The run of one lab ----------------------------------------------------------------------------- */

struct results {
    struct result *v;
    size_t n;
};

/* What every submission of a lab is graded with. */
struct run {
    const struct run_options *o;
    const struct lab *lab;
    const struct kit *kit;
    struct store store;        /* closed without --output */
    char *fingerprint;         /* NULL without --output */
    struct class_list list;
    struct strs names;         /* of their files in the store, one for each of the list */
    struct results *all;
    size_t kept, resumed;
    int status;                /* exit status so far */
};

static void run_free(struct run *r)
{
    store_release(&r->store);
    class_release(&r->list);
    strs_release(&r->names);
    free(r->fingerprint);
}

/* Progress: one line on a terminal that is overwritten, nothing elsewhere; and the journal -------- */

struct progress {
    bool shown;
    const char *id;
    size_t number, of;
    struct journal journal;
};

static void on_progress(void *ctx, const struct stage_progress *p)
{
    const struct progress *g = ctx;

    if (p->test)
        journal_test(&g->journal, p->test);
    if (!g->shown)
        return;
    char *id = text_printable(g->id, strlen(g->id));
    (void)fputs("\r\033[K", stderr);
    if (g->of > 1)
        (void)fprintf(stderr, "[%zu/%zu] ", g->number, g->of);
    (void)fprintf(stderr, "%s  %s", id, _(report_stage(p->stage)));
    if (p->total) {
        (void)fputs("  ", stderr);
        (void)fprintf(stderr, _("%zu of %zu"), p->done, p->total);
    }
    if (p->total && p->test)
        (void)fprintf(stderr, "  %s %s", p->test->name, _(report_verdict(p->test->verdict)));
    free(id);
}

static void progress_clear(const struct progress *g)
{
    if (g->shown)
        (void)fputs("\r\033[K", stderr);
}

/* One submission ----------------------------------------------------------------------------------- */

enum outcome { FRESH, RESUMED, KEPT };

static int grade_and_keep(struct run *run, size_t i, const struct submission *submission, struct result *r,
                          enum outcome *outcome, struct err *err)
{
    const struct run_options *o = run->o;
    struct progress progress = {.shown = o->parallel <= 1 && isatty(STDERR_FILENO), .id = submission->id, .number = i + 1,
                                .of = run->list.n, .journal = JOURNAL_INIT};
    struct grade_options grade = o->grade;

    if (run->fingerprint &&
        journal_begin(&run->store, run->names.v[i], run->lab, submission, run->fingerprint, &progress.journal, err) < 0)
        return CMD_INTERNAL;
    *outcome = progress.journal.resumed ? RESUMED : FRESH;
    grade.only = o->tests.n ? (const char *const *)o->tests.v : NULL;
    grade.pages = o->coverage;
    grade.progress = on_progress;
    grade.progress_ctx = &progress;
    r->environment.fingerprint = xstrdup(run->fingerprint);
    int status = grade_submission(run->lab, run->kit, submission, &grade, r, err);
    progress_clear(&progress);
    journal_release(&progress.journal);
    if (status < 0)
        return cmd_status_of(err);
    if (o->coverage && !r->stages[STAGE_COVERAGE].ran)
        (void)fprintf(stderr, _("grader: no pages in '%s': coverage was not measured\n"), o->coverage);
    if (run->fingerprint && store_publish(&run->store, run->names.v[i], r, o->report.deterministic, err) < 0)
        return CMD_INTERNAL;
    return CMD_OK;
}

static int grade_one(struct run *run, size_t i, struct result *r, enum outcome *outcome, struct err *err)
{
    CLEANUP(submission_release) struct submission submission = {0};
    const struct class_entry *entry = &run->list.v[i];

    if (entry->refused.why != WHY_NONE)
        (void)intake_reject(&submission, entry->refused.why, entry->refused.entry, entry->refused.detail);
    else if (intake_read(entry->path, run->lab, run->o->grade.mode, &submission, err) < 0)
        return err->code == ENOENT || err->code == ENOTDIR ? CMD_USAGE : cmd_status_of(err);
    free(submission.id);
    submission.id = xstrdup(entry->id);
    if (run->fingerprint && !run->o->fresh && !run->o->coverage && submission.digest &&
        store_kept(&run->store, run->names.v[i], submission.digest, run->fingerprint, r)) {
        *outcome = KEPT;
        return CMD_OK;
    }
    return grade_and_keep(run, i, &submission, r, outcome, err);
}

/* Prints a result that is there, and adds it to the table. */
static int tell(struct run *run, size_t i, enum outcome outcome, const struct result *r, struct err *err)
{
    struct report_options ro = run->o->report;
    const time_t now = time(NULL);
    struct tm tm;
    char today[16] = "";

    (void)strftime(today, sizeof(today), "%Y-%m-%d", localtime_r(&now, &tm));
    ro.today = today;
    run->kept += outcome == KEPT;
    run->resumed += outcome == RESUMED;
    ro.path = class_is_temporary(&run->list, run->list.v[i].path) ? NULL : run->list.v[i].path;
    if (run->o->format->write(stdout, run->lab, r, &ro) < 0)
        return err_errno(err, errno, _("cannot write to standard output"));
    if (r->rejection.why == WHY_AMBIGUOUS && !run->o->class) {
        CLEANUP(free_ptr) char *id = text_printable(run->list.v[i].id, strlen(run->list.v[i].id));
        (void)fprintf(stderr, _("grader: is '%s' a class, with a submission for each student? Then put --class before it\n"), id);
    }
    if (r->status == STATUS_HELD || r->status == STATUS_REJECTED || r->score < run->o->min)
        run->status = CMD_HELD;
    return 0;
}

/* One after the other; what is held does not keep the others from being graded. */
static int run_each(struct run *run, struct err *err)
{
    for (size_t i = 0; i < run->list.n; i++) {
        struct result *r = VEC_ADD(&run->all->v, &run->all->n);
        enum outcome outcome = FRESH;
        result_init(r);
        int status = grade_one(run, i, r, &outcome, err);
        if (status == CMD_OK && tell(run, i, outcome, r, err) < 0)
            status = CMD_INTERNAL;
        if (status != CMD_OK) {
            result_release(r);
            run->all->n--;
            return status;
        }
    }
    return run->status;
}

/* Several at a time: a process for each, that hands its result over as JSON ------------------------ */

static int work(void *ctx, size_t i, int out)
{
    struct run *run = ctx;
    enum outcome outcome = FRESH;
    struct err err = {0};
    struct result r;

    result_init(&r);
    store_unlock(&run->store);
    int status = grade_one(run, i, &r, &outcome, &err);
    json_t *j = status == CMD_OK ? json_pack("{s:i,s:o}", "outcome", (int)outcome, "result", result_to_json(&r, false))
                                 : json_pack("{s:o,s:i}", "error", json_text(err.msg), "code", err.code);
    if (json_dumpfd(j, out, JSON_REAL_PRECISION(6)) < 0)
        status = CMD_INTERNAL;
    json_decref(j);
    result_release(&r);
    return status;
}

/* A process that broke off, or said nothing that can be read, is a fault of ours: held. */
static void hold(const struct run *run, size_t i, int status, struct result *r)
{
    r->lab = xstrdup(run->lab->config->lab);
    r->id = xstrdup(run->list.v[i].id);
    r->max_score = run->lab->max_score;
    r->status = STATUS_HELD;
    r->message = xformat("the grader broke off with %s %d", WIFSIGNALED(status) ? "signal" : "status",
                         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static int done(void *ctx, size_t i, int status, int out, struct err *err)
{
    struct run *run = ctx;
    struct result *r = VEC_ADD(&run->all->v, &run->all->n);
    json_error_t why;
    json_t *j = lseek(out, 0, SEEK_SET) == 0 ? json_loadfd(out, 0, &why) : NULL;
    const char *error = json_string_value(json_object_get(j, "error"));
    enum outcome outcome = (enum outcome)json_integer_value(json_object_get(j, "outcome"));

    result_init(r);
    if (error) {
        result_release(r);
        run->all->n--;
        run->status = WIFEXITED(status) ? WEXITSTATUS(status) : CMD_INTERNAL;
        (void)err_set(err, "%s", error);
        err->code = (int)json_integer_value(json_object_get(j, "code"));
        json_decref(j);
        return -1;
    }
    if (result_from_json(json_object_get(j, "result"), r, NULL) < 0) {
        result_release(r);
        result_init(r);
        hold(run, i, status, r);
        outcome = FRESH;
    }
    json_decref(j);
    if (tell(run, i, outcome, r, err) == 0)
        return 0;
    run->status = CMD_INTERNAL;
    return -1;
}

static int run_parallel(struct run *run, struct err *err)
{
    const struct pool pool = {.n = run->list.n, .at_once = run->o->parallel, .work = work, .done = done, .ctx = run};

    run->status = CMD_OK;
    if (pool_run(&pool, err) == 0)
        return run->status;
    return run->status != CMD_OK && run->status != CMD_HELD ? run->status : cmd_status_of(err);
}

/* Which submissions ---------------------------------------------------------------------------------- */

/* "grader run lab05" alone: submissions/lab05* of the working folder where there is such a thing,
 * else the working folder itself. */
static void default_paths(const struct lab *lab, struct strs *paths)
{
    const char *name = lab->config->lab;
    CLEANUP(free_ptr) char *pattern = xformat("submissions/%.*s*/", (int)strcspn(name, "-"), name);
    glob_t g = {0};

    if (glob(pattern, 0, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc; i++)
            strs_add(paths, g.gl_pathv[i]);
    globfree(&g);
    if (!paths->n)
        strs_add(paths, ".");
}

static int list_paths(struct run *run, const struct strs *paths, struct err *err)
{
    for (size_t i = 0; i < paths->n; i++) {
        if (run->o->class) {
            const int status = class_read(paths->v[i], run->o->grade.mode, &run->list, err);
            if (status != 0)
                return status > 0 ? CMD_USAGE : cmd_status_of(err);
            continue;
        }
        CLEANUP(free_ptr) char *id = intake_id(paths->v[i]);
        class_add(&run->list, paths->v[i], id);
    }
    for (size_t i = 0; i < run->list.passed.n; i++) {
        CLEANUP(free_ptr) char *shown = text_printable(run->list.passed.v[i], strlen(run->list.passed.v[i]));
        (void)fprintf(stderr, _("grader: passed over, no folder, archive or C file: '%s'\n"), shown);
    }
    if (!run->list.n) {
        (void)err_set(err, _("there is no submission in '%s'"), paths->v[0]);
        return CMD_USAGE;
    }
    return CMD_OK;
}

/* The folder of --output, the files in it, and what their results depend on. */
static int open_store(struct run *run, struct strs *taken, struct err *err)
{
    struct buf words = {0};

    for (size_t i = 0; i < run->list.n; i++)
        strs_take(&run->names, store_name(run->list.v[i].id, taken));
    if (!run->o->output)
        return 0;
    buf_printf(&words, "mode %s", box_mode_name(run->o->grade.mode));
    for (size_t i = 0; i < run->o->tests.n; i++)
        buf_printf(&words, " test %s", run->o->tests.v[i]);
    if (store_open(run->o->output, &run->store, err) == 0)
        run->fingerprint = store_fingerprint(run->lab, run->kit, words.s, err);
    buf_release(&words);
    return run->fingerprint ? 0 : -1;
}

static int run_paths(struct run *run, const struct strs *paths, struct strs *taken, struct err *err)
{
    int status = list_paths(run, paths, err);

    if (status != CMD_OK)
        return status;
    if (open_store(run, taken, err) < 0)
        return CMD_INTERNAL;
    status = run->o->parallel > 1 && run->list.n > 1 ? run_parallel(run, err) : run_each(run, err);
    if (run->kept || run->resumed)
        (void)fprintf(stderr, _("grader: in '%s' %zu of %zu were finished and kept, %zu interrupted and graded again\n"),
                      run->o->output, run->kept, run->list.n, run->resumed);
    return status;
}

static int run_lab(const struct cmd_globals *g, struct run_options *o, const char *key, const struct strs *paths,
                   struct results *all, struct strs *taken, struct err *err)
{
    CLEANUP(lab_release) struct lab lab = {0};
    CLEANUP(kit_release) struct kit kit = KIT_INIT;
    CLEANUP(strs_release) struct strs found = {0};
    int status = cmd_load_lab(g, key, &lab, &kit, err);

    if (status != CMD_OK)
        return status;
    for (size_t i = 0; i < o->tests.n; i++)
        if (!lab_test(&lab, o->tests.v[i])) {
            (void)err_set(err, _("%s has no test '%s'; 'grader list %s' names them"), lab.config->lab, o->tests.v[i], key);
            return CMD_USAGE;
        }
    if (!paths->n)
        default_paths(&lab, &found);
    CLEANUP(run_free) struct run run = {.o = o, .lab = &lab, .kit = &kit, .store = STORE_INIT, .all = all};
    return run_paths(&run, paths->n ? paths : &found, taken, err);
}

/* "grader run all PATH": every lab that has a folder of its name or number in PATH. */
static int run_all_labs(const struct cmd_globals *g, struct run_options *o, struct results *all, struct strs *taken,
                        struct err *err)
{
    CLEANUP(strs_release) struct strs labs = {0};
    int status = CMD_OK;
    size_t graded = 0;

    if (o->paths.n > 1) {
        (void)err_set(err, _("'grader run all' takes one folder, that holds a folder for each lab"));
        return CMD_USAGE;
    }
    const char *path = o->paths.n ? o->paths.v[0] : ".";
    if (lab_list(g->course, &labs, err) < 0)
        return CMD_USAGE;
    for (size_t i = 0; i < labs.n && (status == CMD_OK || status == CMD_HELD); i++) {
        CLEANUP(strs_release) struct strs one = {0};
        const char *dash = strchr(labs.v[i], '-');
        char *names[] = {
            xformat("%s/%s", path, labs.v[i]),
            xformat("%s/%.*s", path, (int)(dash ? dash - labs.v[i] : (long)strlen(labs.v[i])), labs.v[i]),
            xformat("%s/%s", path, dash ? dash + 1 : labs.v[i]),
        };
        for (size_t k = 0; k < 3 && !one.n; k++)
            if (access(names[k], F_OK) == 0)
                strs_add(&one, names[k]);
        for (size_t k = 0; k < 3; k++)
            free(names[k]);
        if (!one.n)
            continue;
        int ended = run_lab(g, o, labs.v[i], &one, all, taken, err);
        if (ended != CMD_OK)
            status = ended;
        graded++;
    }
    if (!graded && status == CMD_OK) {
        (void)err_set(err, _("'%s' holds no folder that is named like a lab ('grader list' names them)"), path);
        return CMD_USAGE;
    }
    return status;
}

int cmd_run(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {
        options, parse, "LAB [PATH...]",
        N_("Grades submissions of a lab: folders that hold src/, or the working folder.") "\v"
        N_("LAB is a lab's name or number: lab05-sockets, lab05, 5 or sockets; 'all' grades a folder that holds a "
           "folder for each lab.\n\n"
           "  grader run lab05 alice bob\n  grader run lab05 alice --test chat_two_clients\n"
           "  grader run lab05 alice --format json > alice.json"),
        NULL, NULL, NULL,
    };
    struct run_options o = {.format = report_format("text"), .report = {.lang = g->lang, .colour = g->colour}};
    struct results all = {0};
    struct strs taken = {0}; /* names in --output: over all labs */

    cmd_parse(&argp, argc, argv, &o);
    int status = strcmp(o.lab, "all") == 0 ? run_all_labs(g, &o, &all, &taken, err)
                                           : run_lab(g, &o, o.lab, &o.paths, &all, &taken, err);
    if (all.n > 1 && strcmp(o.format->name, "text") == 0 && report_table(stdout, all.v, all.n, &o.report) < 0)
        status = CMD_INTERNAL;
    for (size_t i = 0; i < all.n; i++)
        result_release(&all.v[i]);
    free(all.v);
    strs_release(&o.paths);
    strs_release(&o.tests);
    strs_release(&taken);
    return status;
}
