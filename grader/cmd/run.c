/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch/grade.h"
#include "cmd/cmd.h"
#include "intake/intake.h"
#include "result/json.h"
#include "util/cleanup.h"
#include "util/folder.h"
#include "util/num.h"
#include "util/text.h"

enum { KEY_COVERAGE = 256, KEY_SHOW_HIDDEN, KEY_MIN, KEY_DETERMINISTIC, KEY_MODE };

static const struct argp_option options[] = {
    {"test", 't', "NAME", 0, "run only this test (may be given again); the score then speaks of nothing else", 0},
    {"format", 'f', "FORMAT", 0, "text (default) or json, on standard output", 0},
    {"output", 'o', "DIR", 0, "also write each result as DIR/<submission>.json", 0},
    {"coverage-html", KEY_COVERAGE, "DIR", 0, "make lcov's tracefile and genhtml's pages in DIR", 0},
    {"show-hidden", KEY_SHOW_HIDDEN, NULL, 0, "tell what hidden tests saw, too: for instructors", 0},
    {"min", KEY_MIN, "POINTS", 0, "exit with status 1 if a score is below this", 0},
    {"jobs", 'j', "N", 0, "tests at a time (default: twice the processors)", 0},
    {"mode", KEY_MODE, "MODE", 0, "isolation: auto (default), full or users", 0},
    {"deterministic", KEY_DETERMINISTIC, NULL, 0, "leave out times and the environment", 0},
    {0},
};

struct run_options {
    const char *lab;
    struct strs paths, tests;
    const struct report_format *format;
    const char *output, *coverage;
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
            argp_error(state, "--format: '%s' is neither text nor json", arg);
        return 0;
    case 'o':
        o->output = arg;
        return 0;
    case 'j':
        if (num_parse(arg, 1, 64, &jobs) < 0)
            argp_error(state, "--jobs: '%s' is not a number from 1 to 64", arg);
        o->grade.jobs = (unsigned)jobs;
        return 0;
    case KEY_COVERAGE:
        o->coverage = arg;
        return 0;
    case KEY_SHOW_HIDDEN:
        o->report.show_hidden = true;
        return 0;
    case KEY_MIN:
        if (num_parse_double(arg, 0, 1000, &o->min) < 0)
            argp_error(state, "--min: '%s' is not a number of points", arg);
        return 0;
    case KEY_MODE:
        if (box_mode_parse(arg, &o->grade.mode) < 0)
            argp_error(state, "--mode: '%s' is none of auto, full and users", arg);
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
            argp_error(state, "which lab? 'grader list' names them");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Progress: one line on a terminal that is overwritten, nothing elsewhere -------------------------- */

struct progress {
    bool shown;
    const char *id;
};

static void on_progress(void *ctx, const struct stage_progress *p)
{
    const struct progress *g = ctx;

    if (!g->shown)
        return;
    char *id = text_printable(g->id, strlen(g->id));
    if (p->total)
        (void)fprintf(stderr, "\r\033[K%s  %s  %zu of %zu%s%s%s%s", id, stage_names[p->stage], p->done, p->total,
                      p->test ? "  " : "", p->test ? p->test->name : "", p->test ? " " : "",
                      p->test ? verdict_names[p->test->verdict] : "");
    else
        (void)fprintf(stderr, "\r\033[K%s  %s", id, stage_names[p->stage]);
    free(id);
}

static void progress_clear(const struct progress *g)
{
    if (g->shown)
        (void)fputs("\r\033[K", stderr);
}

/* Results ------------------------------------------------------------------------------------------ */

/* A file name of an id: no slash, no leading dot. */
static char *file_name(const char *dir, const char *id, size_t again)
{
    CLEANUP(free_ptr) char *name = xstrdup(*id ? id : "submission");

    for (char *p = name; *p; p++)
        if (*p == '/' || (unsigned char)*p < 0x20 || (p == name && *p == '.'))
            *p = '_';
    return again ? xformat("%s/%s-%zu.json", dir, name, again + 1) : xformat("%s/%s.json", dir, name);
}

/* Whole or not at all: written under another name, synced, renamed. */
static int write_json(const char *path, const struct result *r, bool deterministic, struct err *err)
{
    CLEANUP(free_ptr) char *next = xformat("%s.part", path);
    json_t *j = result_to_json(r, deterministic);
    FILE *f = fopen(next, "we");
    bool ok = f && folder_give(fileno(f), next, err) == 0 && json_dumpf(j, f, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0 && fputc('\n', f) != EOF &&
              fflush(f) == 0 && fsync(fileno(f)) == 0;

    json_decref(j);
    if (f && fclose(f) != 0)
        ok = false;
    if (ok && rename(next, path) == 0)
        return 0;
    err_errno(err, errno, "cannot write '%s'", path);
    (void)unlink(next);
    return -1;
}

static int save(const struct run_options *o, const struct result *results, size_t n, struct err *err)
{
    const struct result *r = &results[n];
    size_t again = 0;

    for (size_t i = 0; i < n; i++)
        again += strcmp(results[i].id, r->id) == 0;
    if (folder_make(o->output, err) < 0)
        return -1;
    CLEANUP(free_ptr) char *path = file_name(o->output, r->id, again);
    return write_json(path, r, o->report.deterministic, err);
}

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

static int grade_path(const struct run_options *o, const struct lab *lab, const struct kit *kit, const char *path,
                      struct result *r, struct err *err)
{
    CLEANUP(submission_release) struct submission submission = {0};
    struct progress progress = {.shown = isatty(STDERR_FILENO)};
    struct grade_options grade = o->grade;

    if (intake_read(path, lab, o->grade.mode, &submission, err) < 0)
        return err->code == ENOENT || err->code == EACCES ? CMD_USAGE : cmd_status_of(err);
    progress.id = submission.id;
    grade.only = o->tests.n ? (const char *const *)o->tests.v : NULL;
    grade.pages = o->coverage;
    grade.progress = on_progress;
    grade.progress_ctx = &progress;
    int status = grade_submission(lab, kit, &submission, &grade, r, err);
    progress_clear(&progress);
    return status < 0 ? cmd_status_of(err) : CMD_OK;
}

static int print(const struct run_options *o, const struct lab *lab, const struct result *r, const char *path,
                 struct err *err)
{
    struct report_options ro = o->report;
    const time_t now = time(NULL);
    struct tm tm;
    char today[16] = "";

    (void)strftime(today, sizeof(today), "%Y-%m-%d", localtime_r(&now, &tm));
    ro.today = today;
    ro.path = path;
    if (o->format->write(stdout, lab, r, &ro) < 0)
        return err_errno(err, errno, "cannot write to standard output");
    return 0;
}

struct results {
    struct result *v;
    size_t n;
};

static int run_path(struct run_options *o, const struct lab *lab, const struct kit *kit, const char *path,
                    struct results *all, struct err *err)
{
    struct result *r = VEC_ADD(&all->v, &all->n);
    int status;

    result_init(r);
    status = grade_path(o, lab, kit, path, r, err);
    if (status != CMD_OK) {
        result_release(r);
        all->n--;
        return status;
    }
    if ((o->output && save(o, all->v, all->n - 1, err) < 0) || print(o, lab, r, path, err) < 0)
        return CMD_INTERNAL;
    return r->status == STATUS_HELD || r->status == STATUS_REJECTED || r->score < o->min ? CMD_HELD : CMD_OK;
}

/* The paths, one after the other; what is held does not keep the others from being graded. */
static int run_paths(struct run_options *o, const struct lab *lab, const struct kit *kit, const struct strs *paths,
                     struct results *all, struct err *err)
{
    int status = CMD_OK;

    for (size_t i = 0; i < paths->n && (status == CMD_OK || status == CMD_HELD); i++) {
        int one = run_path(o, lab, kit, paths->v[i], all, err);
        if (one != CMD_OK)
            status = one;
    }
    return status;
}

static int run_lab(const struct cmd_globals *g, struct run_options *o, const char *key, const struct strs *paths,
                   struct results *all, struct err *err)
{
    CLEANUP(lab_release) struct lab lab = {0};
    CLEANUP(kit_release) struct kit kit = KIT_INIT;
    CLEANUP(strs_release) struct strs found = {0};
    int status = cmd_load_lab(g, key, &lab, &kit, err);

    if (status != CMD_OK)
        return status;
    for (size_t i = 0; i < o->tests.n; i++)
        if (!lab_test(&lab, o->tests.v[i])) {
            (void)err_set(err, "%s has no test '%s'; 'grader list %s' names them", lab.config->lab, o->tests.v[i], key);
            return CMD_USAGE;
        }
    if (!paths->n)
        default_paths(&lab, &found);
    return run_paths(o, &lab, &kit, paths->n ? paths : &found, all, err);
}

/* "grader run all PATH": every lab that has a folder of its name or number in PATH. */
static int run_all_labs(const struct cmd_globals *g, struct run_options *o, struct results *all, struct err *err)
{
    CLEANUP(strs_release) struct strs labs = {0};
    int status = CMD_OK;
    size_t graded = 0;

    if (o->paths.n > 1) {
        (void)err_set(err, "'grader run all' takes one folder, that holds a folder for each lab");
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
        int ended = run_lab(g, o, labs.v[i], &one, all, err);
        if (ended != CMD_OK)
            status = ended;
        graded++;
    }
    if (!graded && status == CMD_OK) {
        (void)err_set(err, "'%s' holds no folder that is named like a lab ('grader list' names them)", path);
        return CMD_USAGE;
    }
    return status;
}

int cmd_run(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {
        options, parse, "LAB [PATH...]",
        "Grades submissions of a lab: folders that hold src/, or the working folder.\v"
        "LAB is a lab's name or number: lab05-sockets, lab05, 5 or sockets; 'all' grades a folder that holds a "
        "folder for each lab.\n\n"
        "  grader run lab05 alice bob\n  grader run lab05 alice --test chat_two_clients\n"
        "  grader run lab05 alice --format json > alice.json",
        NULL, NULL, NULL,
    };
    struct run_options o = {.format = report_format("text"), .report = {.lang = g->lang, .colour = g->colour}};
    struct results all = {0};

    cmd_parse(&argp, argc, argv, &o);
    int status = strcmp(o.lab, "all") == 0 ? run_all_labs(g, &o, &all, err) : run_lab(g, &o, o.lab, &o.paths, &all, err);
    if (all.n > 1 && strcmp(o.format->name, "text") == 0 && report_table(stdout, all.v, all.n, &o.report) < 0)
        status = CMD_INTERNAL;
    for (size_t i = 0; i < all.n; i++)
        result_release(&all.v[i]);
    free(all.v);
    strs_release(&o.paths);
    strs_release(&o.tests);
    return status;
}
