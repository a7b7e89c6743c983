/* SPDX-License-Identifier: MIT */
/* hooks: what the runner tells the grader about tests, and what Criterion must not load.
 *
 * How the runner knows what a worker found: the message of the failed assertion begins with the
 * kind and a colon ("hang: ..."), written by lab_fail() alone. A test that passes has exactly one
 * passed assertion, counted after the harness has cleaned up; so a worker that leaves early with
 * exit code 0, which Criterion takes for passed, is known for what it is. */
#include "inside.h"

#include <criterion/hooks.h>
#include <criterion/internal/ordered-set.h>
#include <stdlib.h>
#include <string.h>

/* Criterion starts libgit2 (10 ms of each test's start) only to show differences between files.
 * These take precedence over the library. */
int git_libgit2_init(void);
int git_libgit2_shutdown(void);
int git_diff_buffers(void);

int git_libgit2_init(void)
{
    return 1;
}

int git_libgit2_shutdown(void)
{
    return 0;
}

int git_diff_buffers(void)
{
    return -1;
}

static const struct criterion_assert_stats *failed_assert(const struct criterion_test_stats *s)
{
    for (const struct criterion_assert_stats *a = s->asserts; a; a = a->next)
        if (!a->passed)
            return a;
    return NULL;
}

static bool begins(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

static const char *verdict_of(const struct criterion_test_stats *s,
                              const struct criterion_assert_stats *failed)
{
    if (failed && failed->message) {
        if (begins(failed->message, "error:"))
            return "error";
        if (begins(failed->message, "hang:"))
            return "timeout";
        if (begins(failed->message, "died:"))
            return "crash";
        return "fail";
    }
    if (s->crashed || s->timed_out || s->signal || s->exit_code || s->passed_asserts < 1
        || s->test_status != CR_STATUS_PASSED)
        return "error";
    return "pass";
}

static void send_end(const struct criterion_test_stats *s)
{
    const struct criterion_assert_stats *failed = failed_assert(s);
    const char *verdict = verdict_of(s, failed);
    const char *message = failed ? failed->message : NULL;
    json_t *r;

    if (!message && strcmp(verdict, "error") == 0)
        message = s->crashed ? "error: the test itself crashed"
                             : "error: the test itself ended early";
    r = json_pack("{s:s, s:s, s:s, s:I}", "record", "end", "test", s->test->name, "verdict",
                  verdict, "duration_ms", (json_int_t)(s->elapsed_time * 1000 + 0.5F));
    (void)json_object_set_new(r, "file",
                              json_text(failed ? failed->file : s->test->data->file_));
    (void)json_object_set_new(
        r, "line", json_integer((json_int_t)(failed ? failed->line : s->test->data->line_)));
    if (message)
        (void)json_object_set_new(r, "message", json_text(message));
    record_send(r);
}

static void before_all(struct criterion_test_set *set)
{
    json_t *tests = json_array();

    FOREACH_SET (struct criterion_suite_set *suite, set->suites) {
        if (!suite->tests || (suite->suite.data && suite->suite.data->disabled))
            continue;
        FOREACH_SET (struct criterion_test *t, suite->tests) {
            if (!t->data->disabled)
                (void)json_array_append_new(
                    tests, json_pack("{s:s, s:s}", "suite", t->category, "name", t->name));
        }
    }
    record_send(json_pack("{s:s, s:o}", "record", "plan", "tests", tests));
    memcheck_prepare();
}

static void before_test(struct criterion_test *test)
{
    record_send(json_pack("{s:s, s:s}", "record", "start", "test", test->name));
}

static void after_test(struct criterion_test_stats *stats)
{
    send_end(stats);
}

static void after_crash(struct criterion_test_stats *stats)
{
    send_end(stats); /* POST_FINI is not called then */
}

static void after_all(struct criterion_global_stats *stats)
{
    (void)stats;
    memcheck_finish();
    queue_finish();
}

/* Criterion's ReportHook() names a hook after the line it stands on, with external linkage: two
 * hooks of two files on the same line collide, and libcriterion.a has hooks of its own. So this is
 * what the macro does, with names that are ours. */
#define HOOK(kind, function)                                                                       \
    static const f_report_hook hook_##function                                                     \
        __attribute__((used, section(CR_HOOK_SECTION_STRINGIFY(kind)))) = (f_report_hook)function

HOOK(PRE_ALL, before_all);
HOOK(PRE_INIT, before_test);
HOOK(POST_FINI, after_test);
HOOK(TEST_CRASH, after_crash);
HOOK(POST_ALL, after_all);
