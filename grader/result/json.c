/* SPDX-License-Identifier: MIT */
#include "result/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/i18n.h"
#include "util/text.h"

json_t *json_text(const char *s)
{
    if (!s)
        return json_null();
    char *shown = text_printable(s, strlen(s));
    json_t *j = json_string(shown);
    free(shown);
    return j;
}

/* Points have one decimal at most: a whole number where it is one, so that 100 reads as 100. */
static json_t *json_points(double points)
{
    return points == floor(points) ? json_integer((json_int_t)points) : json_real(points);
}

static json_t *json_strs(const struct strs *s)
{
    json_t *a = json_array();

    for (size_t i = 0; i < s->n; i++)
        json_array_append_new(a, json_text(s->v[i]));
    return a;
}

static void set(json_t *o, const char *key, json_t *value)
{
    (void)json_object_set_new(o, key, value);
}

static void set_if(json_t *o, const char *key, const char *value)
{
    if (value)
        set(o, key, json_text(value));
}

static json_t *rejection_json(const struct rejection *r)
{
    json_t *o = json_object();

    set(o, "reason", json_string(rejection_names[r->why]));
    set_if(o, "entry", r->entry);
    set_if(o, "detail", r->detail);
    return o;
}

static json_t *test_json(const struct result_test *t, bool deterministic)
{
    json_t *o = json_object();

    set(o, "id", json_text(t->id));
    set(o, "name", json_text(t->name));
    set(o, "visibility", json_string(t->hidden ? "hidden" : "public"));
    set(o, "demands", json_strs(&t->demands));
    if (t->skipped)
        set(o, "skipped", json_true());
    set(o, "verdict", json_string(verdict_names[t->verdict]));
    set(o, "score", json_points(t->score));
    set(o, "max_score", json_points(t->max_score));
    set_if(o, "kind", t->kind);
    set_if(o, "signature", t->signature);
    set_if(o, "message", t->message);
    if (json_array_size(t->explain) && !deterministic)
        set(o, "explain", json_incref(t->explain));
    set_if(o, "hint", t->hint_key);
    set_if(o, "cause", t->cause);
    set_if(o, "culprit", t->culprit);
    if (t->memcheck)
        set(o, "memcheck", json_string(verdict_names[t->memcheck_verdict]));
    set_if(o, "memcheck_message", t->memcheck_message);
    if (!deterministic)
        set(o, "duration_ms", json_integer(t->duration_ms));
    return o;
}

static json_t *finding_json(const struct finding *f, bool deterministic)
{
    json_t *o = json_object();

    set(o, "kind", json_text(f->kind));
    set(o, "stage", json_string(stage_names[f->stage]));
    set_if(o, "file", f->file);
    if (f->line > 0)
        set(o, "line", json_integer(f->line));
    set_if(o, "function", f->function);
    set_if(o, "test", f->test);
    set(o, "message", json_text(f->message ? f->message : ""));
    set_if(o, "hint", f->hint_key);
    if (!deterministic || f->stage != STAGE_LEFTOVERS) /* a race may decide how many zombies there are */
        set(o, "count", json_integer(f->count > 0 ? f->count : 1));
    set(o, "points", json_points(f->points));
    return o;
}

static json_t *count_json(const struct coverage_count *c)
{
    return json_pack("{s:I,s:I}", "hit", (json_int_t)c->hit, "total", (json_int_t)c->total);
}

static json_t *coverage_json(const struct result *r)
{
    json_t *o = json_object(), *files = json_array();

    set(o, "lines", count_json(&r->lines));
    set(o, "branches", count_json(&r->branches));
    for (size_t i = 0; i < r->files_n; i++) {
        json_t *f = json_object();
        set(f, "file", json_text(r->files[i].name));
        set(f, "lines", count_json(&r->files[i].lines));
        set(f, "branches", count_json(&r->files[i].branches));
        json_array_append_new(files, f);
    }
    set(o, "files", files);
    return o;
}

static json_t *stages_json(const struct result *r, bool deterministic)
{
    json_t *a = json_array();

    for (size_t i = 0; i < STAGE_N; i++) {
        const struct result_stage *s = &r->stages[i];
        json_t *o = json_object();
        set(o, "name", json_string(stage_names[i]));
        set(o, "ran", json_boolean(s->ran));
        set(o, "score", json_points(s->score));
        set(o, "max_score", json_points(s->max_score));
        if (!deterministic || (i != STAGE_COVERAGE && i != STAGE_LEFTOVERS)) /* which tell the counts */
            set_if(o, "outcome", s->outcome);
        if (!deterministic) {
            set(o, "wall_ms", json_integer(s->wall_ms));
            set(o, "cpu_ms", json_integer(s->cpu_ms));
        }
        json_array_append_new(a, o);
    }
    return a;
}

json_t *result_to_json(const struct result *r, bool deterministic)
{
    json_t *o = json_object(), *submission = json_object(), *tests = json_array(), *findings = json_array();

    set(o, "schema", json_string(RESULT_SCHEMA));
    set(o, "lab", json_text(r->lab ? r->lab : ""));
    set(submission, "id", json_text(r->id ? r->id : ""));
    set_if(submission, "digest", r->digest);
    set(o, "submission", submission);
    set(o, "status", json_string(status_names[r->status]));
    set_if(o, "message", r->message);
    if (r->rejection.why != WHY_NONE)
        set(o, "rejection", rejection_json(&r->rejection));
    if (r->partial)
        set(o, "partial", json_true());
    set(o, "score", r->status == STATUS_HELD || r->status == STATUS_REJECTED ? json_null() : json_points(r->score));
    set(o, "max_score", json_points(r->max_score));
    set(o, "quality_factor", json_real(round(r->behaviour_factor * 1000) / 1000));
    set(o, "stages", stages_json(r, deterministic));
    for (size_t i = 0; i < r->tests_n; i++)
        json_array_append_new(tests, test_json(&r->tests[i], deterministic));
    set(o, "tests", tests);
    for (size_t i = 0; i < r->findings_n; i++)
        json_array_append_new(findings, finding_json(&r->findings[i], deterministic));
    set(o, "findings", findings);
    if (!deterministic) {
        set(o, "coverage", coverage_json(r));
        json_t *e = json_object();
        set(e, "grader", json_text(r->environment.grader));
        set(e, "isolation", json_text(r->environment.isolation));
        set(e, "cc", json_text(r->environment.cc));
        set(e, "valgrind", json_text(r->environment.valgrind));
        set(e, "kernel", json_text(r->environment.kernel));
        set_if(e, "fingerprint", r->environment.fingerprint);
        set(o, "environment", e);
        set(o, "wall_ms", json_integer(r->wall_ms));
        if (r->first_verdict_ms >= 0)
            set(o, "first_verdict_ms", json_integer(r->first_verdict_ms));
    }
    return o;
}

/* Reading ------------------------------------------------------------------------------------------ */

static char *text_of(const json_t *o, const char *key)
{
    return xstrdup(json_string_value(json_object_get(o, key)));
}

static double number_of(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static int name_of(const json_t *o, const char *key, const char *const names[], int n)
{
    const char *s = json_string_value(json_object_get(o, key));

    for (int i = 0; s && i < n; i++)
        if (strcmp(names[i], s) == 0)
            return i;
    return -1;
}

static void strs_of(const json_t *o, const char *key, struct strs *out)
{
    json_t *one;
    size_t i;

    json_array_foreach(json_object_get(o, key), i, one)
        strs_add(out, json_string_value(one) ? json_string_value(one) : "");
}

static void rejection_of(const json_t *o, struct rejection *r)
{
    int why = name_of(o, "reason", rejection_names, WHY_N);

    if (why <= WHY_NONE)
        return;
    r->why = (enum rejection_why)why;
    r->entry = text_of(o, "entry");
    r->detail = text_of(o, "detail");
}

static int test_of(const json_t *o, struct result_test *t)
{
    const char *visibility = json_string_value(json_object_get(o, "visibility"));
    int verdict = name_of(o, "verdict", verdict_names, VERDICT_N);
    int memcheck = name_of(o, "memcheck", verdict_names, VERDICT_N);

    t->id = text_of(o, "id");
    t->name = text_of(o, "name");
    t->hidden = visibility && strcmp(visibility, "hidden") == 0;
    strs_of(o, "demands", &t->demands);
    t->score = number_of(o, "score");
    t->max_score = number_of(o, "max_score");
    t->kind = text_of(o, "kind");
    t->signature = text_of(o, "signature");
    t->message = text_of(o, "message");
    t->explain = json_incref(json_object_get(o, "explain"));
    t->hint_key = text_of(o, "hint");
    t->cause = text_of(o, "cause");
    t->culprit = text_of(o, "culprit");
    t->skipped = json_is_true(json_object_get(o, "skipped"));
    t->memcheck = memcheck >= 0;
    t->memcheck_verdict = memcheck >= 0 ? (enum verdict)memcheck : VERDICT_NOT_RUN;
    t->memcheck_message = text_of(o, "memcheck_message");
    t->duration_ms = (long)number_of(o, "duration_ms");
    t->verdict = verdict >= 0 ? (enum verdict)verdict : VERDICT_INCONCLUSIVE;
    return verdict >= 0 && t->id && t->name ? 0 : -1;
}

static int finding_of(const json_t *o, struct finding *f)
{
    int stage = name_of(o, "stage", stage_names, STAGE_N);

    f->stage = stage >= 0 ? (enum stage_id)stage : STAGE_BUILD;
    f->kind = text_of(o, "kind");
    f->file = text_of(o, "file");
    f->line = (int)number_of(o, "line");
    f->function = text_of(o, "function");
    f->test = text_of(o, "test");
    f->message = text_of(o, "message");
    f->hint_key = text_of(o, "hint");
    f->count = (long)number_of(o, "count");
    f->points = number_of(o, "points");
    return stage >= 0 && f->kind && f->message ? 0 : -1;
}

static void count_of(const json_t *o, const char *key, struct coverage_count *c)
{
    const json_t *j = json_object_get(o, key);

    c->hit = (long)number_of(j, "hit");
    c->total = (long)number_of(j, "total");
}

int result_from_json(const json_t *j, struct result *r, struct err *err)
{
    const char *schema = json_string_value(json_object_get(j, "schema"));
    const json_t *submission = json_object_get(j, "submission"), *environment = json_object_get(j, "environment");
    int status = name_of(j, "status", status_names, STATUS_N);
    json_t *one;
    size_t i;

    if (!schema)
        return err_set(err, N_("not a result: its 'schema' is missing, not %s"), RESULT_SCHEMA);
    if (strcmp(schema, RESULT_SCHEMA) != 0)
        return err_set(err, N_("not a result: its 'schema' is '%s', not %s"), schema, RESULT_SCHEMA);
    if (status < 0 || !json_is_string(json_object_get(j, "lab")) || !json_is_string(json_object_get(submission, "id")))
        return err_set(err, N_("not a result: 'status', 'lab' or 'submission' is missing or wrong"));
    r->status = (enum result_status)status;
    r->lab = text_of(j, "lab");
    r->id = text_of(submission, "id");
    r->digest = text_of(submission, "digest");
    r->message = text_of(j, "message");
    rejection_of(json_object_get(j, "rejection"), &r->rejection);
    r->partial = json_is_true(json_object_get(j, "partial"));
    r->score = number_of(j, "score");
    r->max_score = number_of(j, "max_score");
    r->behaviour_factor = number_of(j, "quality_factor");
    json_array_foreach(json_object_get(j, "stages"), i, one) {
        int stage = name_of(one, "name", stage_names, STAGE_N);
        if (stage < 0)
            return err_set(err, N_("not a result: stage %zu has no known name"), i + 1);
        struct result_stage *s = &r->stages[stage];
        s->ran = json_is_true(json_object_get(one, "ran"));
        s->score = number_of(one, "score");
        s->max_score = number_of(one, "max_score");
        free(s->outcome);
        s->outcome = text_of(one, "outcome");
        s->wall_ms = (long)number_of(one, "wall_ms");
        s->cpu_ms = (long)number_of(one, "cpu_ms");
    }
    json_array_foreach(json_object_get(j, "tests"), i, one)
        if (test_of(one, VEC_ADD(&r->tests, &r->tests_n)) < 0)
            return err_set(err, N_("not a result: test %zu lacks its name, id or verdict"), i + 1);
    json_array_foreach(json_object_get(j, "findings"), i, one)
        if (finding_of(one, VEC_ADD(&r->findings, &r->findings_n)) < 0)
            return err_set(err, N_("not a result: finding %zu lacks its stage, kind or message"), i + 1);
    const json_t *coverage = json_object_get(j, "coverage");
    count_of(coverage, "lines", &r->lines);
    count_of(coverage, "branches", &r->branches);
    json_array_foreach(json_object_get(coverage, "files"), i, one) {
        struct covered_file *f = VEC_ADD(&r->files, &r->files_n);
        f->name = text_of(one, "file");
        count_of(one, "lines", &f->lines);
        count_of(one, "branches", &f->branches);
    }
    r->environment.grader = text_of(environment, "grader");
    r->environment.isolation = text_of(environment, "isolation");
    r->environment.cc = text_of(environment, "cc");
    r->environment.valgrind = text_of(environment, "valgrind");
    r->environment.kernel = text_of(environment, "kernel");
    r->environment.fingerprint = text_of(environment, "fingerprint");
    r->wall_ms = (long)number_of(j, "wall_ms");
    if (json_object_get(j, "first_verdict_ms"))
        r->first_verdict_ms = (long)number_of(j, "first_verdict_ms");
    return 0;
}
