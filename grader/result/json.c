/* SPDX-License-Identifier: MIT */
#include "result/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static json_t *test_json(const struct result_test *t, bool deterministic)
{
    json_t *o = json_object();

    set(o, "id", json_text(t->id));
    set(o, "name", json_text(t->name));
    set(o, "visibility", json_string(t->hidden ? "hidden" : "public"));
    set(o, "demands", json_strs(&t->demands));
    set(o, "verdict", json_string(verdict_names[t->verdict]));
    set(o, "score", json_points(t->score));
    set(o, "max_score", json_points(t->max_score));
    set_if(o, "kind", t->kind);
    set_if(o, "signature", t->signature);
    set_if(o, "message", t->message);
    if (t->explain.n)
        set(o, "explain", json_strs(&t->explain));
    set_if(o, "hint", t->hint_key);
    if (t->memcheck)
        set(o, "memcheck", json_string(verdict_names[t->memcheck_verdict]));
    if (!deterministic)
        set(o, "duration_ms", json_integer(t->duration_ms));
    return o;
}

static json_t *finding_json(const struct finding *f)
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
    set(o, "score", r->status == STATUS_HELD || r->status == STATUS_REJECTED ? json_null() : json_points(r->score));
    set(o, "max_score", json_points(r->max_score));
    set(o, "quality_factor", json_real(round(r->behaviour_factor * 1000) / 1000));
    set(o, "stages", stages_json(r, deterministic));
    for (size_t i = 0; i < r->tests_n; i++)
        json_array_append_new(tests, test_json(&r->tests[i], deterministic));
    set(o, "tests", tests);
    for (size_t i = 0; i < r->findings_n; i++)
        json_array_append_new(findings, finding_json(&r->findings[i]));
    set(o, "findings", findings);
    set(o, "coverage", coverage_json(r));
    if (!deterministic) {
        json_t *e = json_object();
        set(e, "grader", json_text(r->environment.grader));
        set(e, "isolation", json_text(r->environment.isolation));
        set(e, "cc", json_text(r->environment.cc));
        set(e, "valgrind", json_text(r->environment.valgrind));
        set(e, "kernel", json_text(r->environment.kernel));
        set(o, "environment", e);
        set(o, "wall_ms", json_integer(r->wall_ms));
    }
    return o;
}
