/* SPDX-License-Identifier: MIT */
#include "batch/grade.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "result/score.h"
#include "stage/pages.h"
#include "stage/run.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/version.h"

static const struct {
    enum stage_id id;
    stage_fn *run;
} stages[] = {
    {STAGE_BUILD, stage_build},         {STAGE_BEHAVIOUR, stage_behaviour},
    {STAGE_COVERAGE, stage_coverage},   {STAGE_MEMORY, stage_memory},
    {STAGE_LEFTOVERS, stage_leftovers}, {STAGE_STYLE, stage_style},
};

static bool is_chosen(const char *const only[], const char *name)
{
    for (size_t i = 0; only && only[i]; i++)
        if (strcmp(only[i], name) == 0)
            return true;
    return !only;
}

static void plan_tests(const struct lab *lab, const char *const only[], struct result *r)
{
    for (unsigned i = 0; i < lab->config->tests_count; i++) {
        const struct lab_test *t = &lab->config->tests[i];
        struct result_test *rt = VEC_ADD(&r->tests, &r->tests_n);
        rt->id = xstrdup(t->id);
        rt->name = xstrdup(t->name);
        rt->hidden = t->visibility == LAB_HIDDEN;
        rt->memcheck = t->memcheck;
        rt->skipped = !is_chosen(only, t->name);
        rt->max_score = t->points;
        for (unsigned k = 0; k < t->demands_count; k++)
            strs_add(&rt->demands, t->demands[k]);
    }
}

static char *first_line(struct run *r)
{
    char *text = run_ok(r) ? run_text(r->out_fd, 256) : xstrdup("");

    text[strcspn(text, "\n")] = '\0';
    return text;
}

static void describe_machine(struct stage *s)
{
    struct result *r = s->result;
    struct utsname u;

    r->environment.grader = xstrdup(GRADER_VERSION);
    r->environment.isolation = xstrdup(box_mode_name(box_mode(s->box)));
    r->environment.kernel = uname(&u) == 0 ? xformat("%s %s", u.sysname, u.release) : xstrdup("unknown");
}

/* The tools that judge, as they are inside the box. They are asked at the end: somebody waits for the first verdict. */
static int describe_tools(struct stage *s, struct err *err)
{
    struct result *r = s->result;
    struct run tools[2] = {RUN_INIT, RUN_INIT};
    int status;

    for (size_t i = 0; i < 2; i++)
        tools[i].uid = BOX_BUILDER;
    strs_add(&tools[0].argv, "gcc");
    strs_add(&tools[0].argv, "-dumpfullversion");
    strs_add(&tools[1].argv, "valgrind");
    strs_add(&tools[1].argv, "--version");
    status = run_all(s, tools, 2, 2, err);
    if (status == 0) {
        CLEANUP(free_ptr) char *gcc = first_line(&tools[0]);
        CLEANUP(free_ptr) char *valgrind = first_line(&tools[1]);
        const char *dash = strchr(valgrind, '-');
        r->environment.cc = xformat("gcc %s", *gcc ? gcc : "missing");
        r->environment.valgrind = xstrdup(dash ? dash + 1 : "missing");
        if (!*gcc || !dash)
            status = err_set(err, "%s is missing in the box; 'make deps' installs it", *gcc ? "valgrind" : "gcc");
    }
    for (size_t i = 0; i < 2; i++)
        run_release(&tools[i]);
    return status;
}

static int run_stages(struct stage *s, const struct grade_options *o, struct err *err)
{
    for (size_t i = 0; i < sizeof(stages) / sizeof(*stages); i++) {
        struct result_stage *rs = &s->result->stages[stages[i].id];
        const long start = clock_ms();
        if (o->verdicts_only && stages[i].id > STAGE_BEHAVIOUR)
            continue;
        if (o->progress)
            o->progress(o->progress_ctx, &(struct stage_progress){.stage = stages[i].id});
        s->cpu_ms = 0;
        int status = stages[i].run(s, err);
        rs->wall_ms = clock_ms() - start;
        rs->cpu_ms = s->cpu_ms;
        if (status < 0)
            return err_wrap(err, "%s", stage_names[stages[i].id]);
        if (s->result->status == STATUS_COMPILE_ERROR)
            return 0;
    }
    return o->pages ? pages_make(s, o->pages, err) : 0;
}

/* What intake has seen and what costs nothing. */
static void take_notes(const struct submission *submission, struct result *r)
{
    for (size_t i = 0; i < submission->notes_n; i++) {
        const struct submission_note *n = &submission->notes[i];
        struct finding *f = result_finding(r, STAGE_BUILD, CHARGE_NONE, n->kind);
        f->file = xstrdup(n->file);
        f->message = xstrdup(n->message);
    }
}

int grade_submission(const struct lab *lab, const struct kit *kit, const struct submission *submission,
                     const struct grade_options *o, struct result *r, struct err *err)
{
    const long start = clock_ms();
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct box *box = NULL;

    r->lab = xstrdup(lab->config->lab);
    r->id = xstrdup(submission->id);
    r->digest = xstrdup(submission->digest);
    r->max_score = lab->max_score;
    r->partial = o->only != NULL;
    plan_tests(lab, o->only, r);
    if (submission->rejected) {
        const struct rejection *why = &submission->why;
        r->status = STATUS_REJECTED;
        r->message = xstrdup(submission->rejected);
        r->rejection = (struct rejection){.why = why->why, .entry = xstrdup(why->entry), .detail = xstrdup(why->detail)};
        score_result(lab, r);
        return 0;
    }
    const struct box_spec spec = {.mode = o->mode, .show_debug = o->show_debug,
                                  .memory_bytes = (size_t)lab->config->limits.memory_mib << 20};
    if (box_open(&spec, &box, err) < 0)
        return -1;
    take_notes(submission, r);
    struct stage s = {
        .lab = lab, .kit = kit, .submission = submission, .box = box, .result = r,
        /* Tests mostly wait for each other's processes: more of them than processors keep those busy. */
        .jobs = o->jobs ? o->jobs : (unsigned)(processors > 0 ? processors * 2 : 2),
        .started_ms = start, .progress = o->progress, .progress_ctx = o->progress_ctx,
        .env = o->env, .command = o->command, .command_ctx = o->ctx,
    };
    struct err why = {.plain = true}; /* it is in the result */
    int status = o->opened ? o->opened(o->ctx, box, &why) : 0;
    describe_machine(&s);
    if (status == 0)
        status = run_stages(&s, o, &why);
    if (status == 0)
        status = describe_tools(&s, &why);
    if (status == 0 && o->closing)
        status = o->closing(o->ctx, box, &why);
    box_close(box);
    r->wall_ms = clock_ms() - start;
    if (status < 0 && why.code == EINTR) {
        *err = why;
        err->plain = false;
        return -1;
    }
    if (status < 0) {
        r->status = STATUS_HELD;
        free(r->message);
        r->message = xformat("the grader could not finish: %s", why.msg);
    } else if (r->status == STATUS_HELD && !r->message) {
        r->status = STATUS_GRADED;
    }
    score_result(lab, r);
    return 0;
}
