/* SPDX-License-Identifier: MIT */
/* behaviour: the lab's tests on the student's programs. Verdicts come from the runner's records
 * alone; a test that is planned and never reported has ended early. A test that broke by a fault of
 * ours is tried once more, alone; if it breaks again it is inconclusive, which holds the result. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "lab/causes.h"
#include "stage/judge.h"
#include "stage/run.h"
#include "util/cleanup.h"
#include "util/clock.h"

enum {
    TEST_WALL_MS = 60000, /* of one test at the very worst: twelve deadlines */
};

struct behaviour {
    struct stage *s;
    size_t done, total;
};

static enum verdict verdict_of(const char *name)
{
    static const struct { const char *name; enum verdict verdict; } names[] = {
        {"pass", VERDICT_PASS},   {"fail", VERDICT_FAIL},          {"timeout", VERDICT_TIMEOUT},
        {"crash", VERDICT_CRASH}, {"error", VERDICT_INCONCLUSIVE},
    };

    for (size_t i = 0; name && i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(name, names[i].name) == 0)
            return names[i].verdict;
    return VERDICT_INCONCLUSIVE;
}

static void take_text(char **slot, json_t *record, const char *key)
{
    const char *s = json_string_value(json_object_get(record, key));

    if (s) {
        free(*slot);
        *slot = xstrdup(s);
    }
}

static void take_failure(struct stage *s, struct result_test *t, json_t *record)
{
    const char *clue = json_string_value(json_object_get(record, "clue"));

    take_text(&t->kind, record, "kind");
    take_text(&t->signature, record, "signature");
    take_text(&t->message, record, "message");
    json_decref(t->explain);
    t->explain = json_incref(json_object_get(record, "explain"));
    free(t->hint_key);
    free(t->cause);
    free(t->culprit);
    const struct known_cause *cause = causes_of_test(t->signature, t->message);
    t->cause = xstrdup(cause ? cause->hint.key : NULL);
    t->culprit = cause ? causes_process(cause, t->signature) : NULL;
    t->hint_key = xstrdup(lab_hint_for_test(s->lab, t->name, clue, t->signature));
    if (!t->hint_key)
        t->hint_key = xstrdup(t->cause);
}

/* One that was seen before; NULL: it is new. Ten zombies of a program are one thing to know. */
static struct finding *same_leftover(struct result *r, const char *test, const char *kind, const char *message)
{
    for (size_t i = 0; i < r->findings_n; i++) {
        struct finding *f = &r->findings[i];
        if (f->stage == STAGE_LEFTOVERS && strcmp(f->test, test) == 0 && strcmp(f->kind, kind) == 0 &&
            strcmp(f->message, message) == 0)
            return f;
    }
    return NULL;
}

static void take_leftover(struct stage *s, struct result_test *t, json_t *record)
{
    const char *kind = json_string_value(json_object_get(record, "kind"));
    const char *name = json_string_value(json_object_get(record, "name"));
    const char *program = json_string_value(json_object_get(record, "program"));

    if (!kind)
        return;
    const bool process = strcmp(kind, "process") == 0 || strcmp(kind, "zombie") == 0;
    CLEANUP(free_ptr) char *what = xformat("leftover.%s", kind);
    CLEANUP(free_ptr) char *message = xformat("%s%s %s '%s'", program ? program : "",
                                              program ? " left the" : "left behind:", kind, name ? name : "?");
    struct finding *f = same_leftover(s->result, t->name, what, message);
    if (f) {
        f->count++;
        return;
    }
    f = result_finding(s->result, STAGE_LEFTOVERS, process ? CHARGE_LEFTOVER_PROCESS : CHARGE_LEFTOVER_NAME, what);
    f->test = xstrdup(t->name);
    f->message = take_ptr(&message);
    f->count = 1;
    f->hint_key = xstrdup(lab_hint_for_finding(s->lab, f->kind, f->message));
    const struct known_cause *cause = causes_of_finding(f->kind);
    if (!f->hint_key && cause)
        f->hint_key = xstrdup(cause->hint.key);
}

static void on_record(void *ctx, const char *name, struct result_test *t, json_t *record)
{
    struct behaviour *b = ctx;
    struct stage *s = b->s;

    if (!t)
        return;
    if (strcmp(name, "failure") == 0) {
        take_failure(s, t, record);
    } else if (strcmp(name, "leftover") == 0) {
        take_leftover(s, t, record);
    } else if (strcmp(name, "command") == 0 && s->command) {
        s->command(s->command_ctx, record);
    } else if (strcmp(name, "end") == 0) {
        t->verdict = verdict_of(json_string_value(json_object_get(record, "verdict")));
        t->duration_ms = (long)json_integer_value(json_object_get(record, "duration_ms"));
        take_text(&t->file, record, "file");
        t->line = (int)json_integer_value(json_object_get(record, "line"));
        if (!t->message)
            take_text(&t->message, record, "message");
        if (s->result->first_verdict_ms < 0)
            s->result->first_verdict_ms = clock_ms() - s->started_ms;
        b->done++;
        if (s->progress)
            s->progress(s->progress_ctx,
                        &(struct stage_progress){.stage = STAGE_BEHAVIOUR, .done = b->done, .total = b->total, .test = t});
    }
}

static int put_peers(struct stage *s, struct err *err)
{
    CLEANUP(free_ptr) char *pattern = xformat("%s/peers/*", s->kit->dir);
    glob_t g = {0};
    int status = 0;

    if (glob(pattern, 0, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc && status == 0; i++) {
            CLEANUP(free_ptr) char *to = xformat("/peers%s", strrchr(g.gl_pathv[i], '/'));
            status = put_file(s->box, g.gl_pathv[i], to, 0755, BOX_JUDGE, err);
        }
    globfree(&g);
    return status;
}

static int put_kit(struct stage *s, struct err *err)
{
    CLEANUP(free_ptr) char *tests = xformat("%s/tests", s->kit->dir);

    if (put_file(s->box, tests, "/judge/tests", 0700, BOX_JUDGE, err) < 0)
        return -1;
    return put_peers(s, err);
}

static unsigned wall_for(const struct strs *tests)
{
    return (unsigned)(tests->n + 1) * TEST_WALL_MS;
}

/* Tests that broke by a fault of ours, or were never reported, once more and alone. */
static int retry(struct stage *s, struct judge *j, struct behaviour *b, struct err *err)
{
    CLEANUP(strs_release) struct strs again = {0};

    for (size_t i = 0; i < j->tests->n; i++) {
        struct result_test *t = result_test(s->result, j->tests->v[i]);
        if (t->verdict == VERDICT_INCONCLUSIVE || t->verdict == VERDICT_ENDED_EARLY) {
            strs_add(&again, t->name);
            t->verdict = VERDICT_ENDED_EARLY;
            free(t->message);
            t->message = NULL;
        }
    }
    if (!again.n)
        return 0;
    b->done = b->total - again.n;
    const struct judge alone = {.channel = "/judge/channel-again", .tests = &again, .env = j->env, .jobs = 1,
                                .wall_ms = wall_for(&again), .record = on_record, .ctx = b};
    return judge_run(s, &alone, err);
}

int stage_behaviour(struct stage *s, struct err *err)
{
    CLEANUP(strs_release) struct strs tests = {0};
    struct result *r = s->result;
    unsigned passed = 0, all = 0, broken = 0;

    for (size_t i = 0; i < r->tests_n; i++)
        if (!r->tests[i].skipped && !r->tests[i].message) { /* a message: its part is void */
            strs_add(&tests, r->tests[i].name);
            r->tests[i].verdict = VERDICT_ENDED_EARLY;
        }
    struct behaviour b = {.s = s, .total = tests.n};
    struct judge j = {.channel = "/judge/channel", .tests = &tests, .env = s->env, .jobs = s->jobs,
                      .wall_ms = wall_for(&tests), .record = on_record, .ctx = &b};
    if (put_kit(s, err) < 0 || (tests.n && (judge_run(s, &j, err) < 0 || retry(s, &j, &b, err) < 0)))
        return -1;
    for (size_t i = 0; i < r->tests_n; i++) {
        const struct result_test *t = &r->tests[i];
        all += !t->skipped;
        passed += t->verdict == VERDICT_PASS;
        broken += t->verdict == VERDICT_INCONCLUSIVE || t->verdict == VERDICT_ENDED_EARLY;
    }
    struct result_stage *stage = &r->stages[STAGE_BEHAVIOUR];
    stage->ran = true;
    stage->outcome = xformat("%u of %u tests passed", passed, all);
    if (broken) {
        r->status = STATUS_HELD;
        r->message = xformat("%u of %u tests could not be judged, by a fault of the grader or of this machine", broken, all);
    }
    return 0;
}
