/* SPDX-License-Identifier: MIT */
#include "result/result.h"

#include <stdlib.h>
#include <string.h>

const char *const status_names[STATUS_N] = {
    [STATUS_HELD] = "held",
    [STATUS_GRADED] = "graded",
    [STATUS_COMPILE_ERROR] = "compile_error",
    [STATUS_REJECTED] = "rejected",
};

const char *const verdict_names[VERDICT_N] = {
    [VERDICT_NOT_RUN] = "not_run",
    [VERDICT_PASS] = "pass",
    [VERDICT_FAIL] = "fail",
    [VERDICT_CRASH] = "crash",
    [VERDICT_TIMEOUT] = "timeout",
    [VERDICT_ENDED_EARLY] = "ended_early",
    [VERDICT_INCONCLUSIVE] = "inconclusive",
};

const char *const stage_names[STAGE_N] = {
    [STAGE_BUILD] = "build",         [STAGE_BEHAVIOUR] = "behaviour",
    [STAGE_MEMORY] = "memory",       [STAGE_COVERAGE] = "coverage",
    [STAGE_LEFTOVERS] = "leftovers", [STAGE_STYLE] = "style",
};

void result_init(struct result *r)
{
    *r = (struct result){.status = STATUS_HELD, .first_verdict_ms = -1};
}

void result_release(struct result *r)
{
    for (size_t i = 0; i < r->tests_n; i++) {
        struct result_test *t = &r->tests[i];
        free(t->id);
        free(t->name);
        strs_release(&t->demands);
        free(t->kind);
        free(t->signature);
        free(t->message);
        json_decref(t->explain);
        free(t->cause);
        free(t->culprit);
        free(t->memcheck_message);
        free(t->hint_key);
        free(t->file);
    }
    free(r->tests);
    for (size_t i = 0; i < r->findings_n; i++) {
        struct finding *f = &r->findings[i];
        free(f->kind);
        free(f->file);
        free(f->function);
        free(f->test);
        free(f->message);
        free(f->hint_key);
    }
    free(r->findings);
    for (size_t i = 0; i < STAGE_N; i++)
        free(r->stages[i].outcome);
    for (size_t i = 0; i < r->files_n; i++)
        free(r->files[i].name);
    free(r->files);
    free(r->lab);
    free(r->id);
    free(r->digest);
    free(r->message);
    rejection_release(&r->rejection);
    free(r->environment.grader);
    free(r->environment.isolation);
    free(r->environment.cc);
    free(r->environment.valgrind);
    free(r->environment.kernel);
    free(r->environment.fingerprint);
    result_init(r);
}

struct result_test *result_test(struct result *r, const char *name)
{
    for (size_t i = 0; i < r->tests_n; i++)
        if (strcmp(r->tests[i].name, name) == 0)
            return &r->tests[i];
    return NULL;
}

struct finding *result_finding(struct result *r, enum stage_id stage, enum charge charge, const char *kind)
{
    struct finding *f = VEC_ADD(&r->findings, &r->findings_n);

    f->stage = stage;
    f->charge = charge;
    f->kind = xstrdup(kind);
    return f;
}
