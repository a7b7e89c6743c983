/* SPDX-License-Identifier: MIT */
/* coverage: how many of the student's own lines the tests reached. The counters are in a file that
 * all processes of the native pass share, so nothing is lost by _exit, a signal or SIGKILL; here
 * they are written out once and read by gcov. */
#include <string.h>

#include "stage/gcov_report.h"
#include "stage/run.h"
#include "util/cleanup.h"

enum { JSON_MAX = 16 << 20 };

/* The student's own tests: they run once, and what they reach counts. How they end does not matter. */
static int run_own_tests(struct stage *s, struct err *err)
{
    static const char *const env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TMPDIR=/tests/own", "HOME=/tests/own", NULL};
    CLEANUP(box_names_release) struct box_names names = {0};

    if (box_list(s->box, SUB_BIN, 256, &names, err) < 0)
        return -1;
    if (box_mkdir(s->box, "/tests/own", 0700, BOX_UID_LAST, err) < 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        struct run r = RUN_INIT;
        if (strncmp(names.names[i], "own_test_", 9) != 0)
            continue;
        strs_addf(&r.argv, SUB_BIN "/%s", names.names[i]);
        r.env = env;
        r.cwd = "/tests/own";
        r.uid = BOX_UID_LAST;
        int status = run_all(s, &r, 1, 1, err);
        run_release(&r);
        if (status < 0 || box_kill_uid(s->box, BOX_UID_LAST, NULL, err) < 0)
            return -1;
    }
    return 0;
}

int stage_coverage(struct stage *s, struct err *err)
{
    static const char *const dump_env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "LAB_COV_DUMP=1", NULL};
    CLEANUP(box_names_release) struct box_names names = {0};
    struct run dump = RUN_INIT, gcov = RUN_INIT;
    struct result *r = s->result;
    int status;

    if (run_own_tests(s, err) < 0)
        return -1;
    strs_add(&dump.argv, SUB_IMAGE);
    dump.env = dump_env;
    dump.cwd = SUB_DIR;
    dump.uid = BOX_BUILDER;
    status = run_all(s, &dump, 1, 1, err);
    run_release(&dump);
    if (status < 0 || box_list(s->box, SUB_OBJ, 4096, &names, err) < 0)
        return -1;
    strs_add(&gcov.argv, "gcov");
    strs_add(&gcov.argv, "--json-format");
    strs_add(&gcov.argv, "--stdout");
    strs_add(&gcov.argv, "--branch-probabilities");
    size_t data = 0;
    for (size_t i = 0; i < names.count; i++) {
        size_t n = strlen(names.names[i]);
        if (n > 5 && strcmp(names.names[i] + n - 5, ".gcda") == 0) {
            strs_addf(&gcov.argv, SUB_OBJ "/%s", names.names[i]);
            data++;
        }
    }
    gcov.cwd = SUB_DIR;
    gcov.uid = BOX_BUILDER;
    if (data) {
        status = run_all(s, &gcov, 1, 1, err);
        CLEANUP(free_ptr) char *json = status == 0 ? run_text(gcov.out_fd, JSON_MAX) : NULL;
        if (status == 0)
            status = gcov_read_json(json, strlen(json), "src/", r, err);
    }
    run_release(&gcov);
    if (status < 0)
        return -1;
    struct result_stage *stage = &r->stages[STAGE_COVERAGE];
    stage->ran = data > 0 && r->lines.total > 0;
    if (stage->ran)
        stage->outcome = xformat("%.1f %% of %ld lines, %.1f %% of %ld branches",
                                 100.0 * (double)r->lines.hit / (double)r->lines.total, r->lines.total,
                                 r->branches.total ? 100.0 * (double)r->branches.hit / (double)r->branches.total : 0.0,
                                 r->branches.total);
    else
        stage->outcome = xstrdup("no counters were written");
    return 0;
}
