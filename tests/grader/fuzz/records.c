/* SPDX-License-Identifier: MIT */
/* The channel of the tests' runner: records, a packet each (here: a line each), on a result that
 * plans the tests of lab05. */
#include "fuzz.h"
#include "result/json.h"
#include "stage/behaviour.c" /* what takes a record is its own, */
#include "stage/judge.c" /* and judge's */

static struct lab lab;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct err err = {0};
    const char *course = getenv("GRADER_COURSE");

    (void)argc;
    (void)argv;
    if (lab_load(course ? course : ".", "lab05", &lab, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.msg);
        exit(2);
    }
    return 0;
}

static void plan(struct result *r)
{
    r->lab = xstrdup("lab05-sockets");
    r->id = xstrdup("alice");
    for (unsigned i = 0; i < lab.config->tests_count; i++) {
        struct result_test *t = VEC_ADD(&r->tests, &r->tests_n);
        t->id = xstrdup(lab.config->tests[i].id);
        t->name = xstrdup(lab.config->tests[i].name);
        t->verdict = VERDICT_ENDED_EARLY;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct result r;

    result_init(&r);
    plan(&r);
    struct stage s = {.lab = &lab, .result = &r};
    struct behaviour b = {.s = &s, .total = r.tests_n};
    const struct judge j = {.record = on_record, .ctx = &b};
    for (size_t at = 0; at < n;) {
        const uint8_t *end = memchr(data + at, '\n', n - at);
        const size_t len = end ? (size_t)(end - data) - at : n - at;
        char *packet = malloc(len ? len : 1);
        must(packet);
        memcpy(packet, data + at, len);
        take_record(&s, &j, packet, len);
        free(packet);
        at += len + 1;
    }
    json_t *json = result_to_json(&r, false);
    char *text = json_dumps(json, JSON_REAL_PRECISION(6));
    must(text);
    free(text);
    json_decref(json);
    result_release(&r);
    return 0;
}
