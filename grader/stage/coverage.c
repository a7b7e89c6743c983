/* SPDX-License-Identifier: MIT */
/* coverage: how many of the student's own lines the tests reached. The counters are in a file that
 * all processes of the native pass share, so nothing is lost by _exit, a signal or SIGKILL; here
 * they are written out once and read by gcov. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "stage/gcov_report.h"
#include "stage/run.h"
#include "util/cleanup.h"

enum { JSON_MAX = 16 << 20, COUNTERS_MAX = 16 << 20, NAMES_MAX = 8192 };

/* Counters that are not what counting makes of them are worth nothing. Returns 0. */
static int tampered(struct stage *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int tampered(struct stage *s, const char *fmt, ...)
{
    struct finding *f = result_finding(s->result, STAGE_COVERAGE, CHARGE_STAGE, "coverage.tampered");
    va_list ap;

    va_start(ap, fmt);
    f->message = xvformat(fmt, ap);
    va_end(ap);
    return 0;
}

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

/* The counters as the tests left them, turned into .gcda files. 1: done. 0: something else than counting
 * was done to them (found), or there are none. */
static int dump_counters(struct stage *s, struct err *err)
{
    CLEANUP(close_fd) int counters = -1;
    CLEANUP(close_fd) int log = memfd_create("covdump", MFD_CLOEXEC);
    const char *const argv[] = {SUB_OBJ "/covdump", NULL};
    struct proc_result res;
    struct err why = {.plain = err && err->plain};

    if (log < 0)
        return err_errno(err, errno, "cannot make a memfd");
    if (box_get(s->box, SUB_IMAGE ".cov", COUNTERS_MAX, &counters, &why) < 0) {
        if (why.code == EFBIG)
            return tampered(s, "the file of the coverage counters is larger than they are");
        *err = why;
        return -1;
    }
    const int fds[] = {counters, log, log};
    const struct proc_spec spec = {.argv = argv, .cwd = SUB_DIR, .uid = BOX_BUILDER, .fds = fds, .nfds = 3};
    if (box_run(s->box, &spec, &res, err) < 0)
        return -1;
    if (res.end == PROC_SIGNALED || (res.end == PROC_EXITED && res.code == 2))
        return tampered(s, "the coverage counters were written to by something else than counting");
    if (res.end != PROC_EXITED || (res.code != 0 && res.code != 3)) {
        char how[128];
        proc_describe(&res, how, sizeof(how));
        return err_set(err, "the counters cannot be written out: %s", how);
    }
    return res.code == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_name(const struct strs *sorted, const char *name)
{
    return sorted->n && bsearch(&name, sorted->v, sorted->n, sizeof(*sorted->v), by_name);
}

/* Every function of the student's objects is counted: gcc can be told to leave one out, and the assembler
 * counts nothing. */
static int find_uncounted(struct stage *s, const struct strs *objects, struct strs *functions, struct err *err)
{
    struct run nm = RUN_INIT;
    char *save = NULL;

    strs_add(&nm.argv, "nm");
    strs_add(&nm.argv, "-P");
    strs_add(&nm.argv, "--defined-only");
    for (size_t i = 0; i < objects->n; i++)
        strs_add(&nm.argv, objects->v[i]);
    nm.cwd = SUB_DIR;
    nm.uid = BOX_BUILDER;
    nm.limits = (struct proc_limits){.wall_ms = RUN_TOOL_WALL_MS, .cpu_s = RUN_TOOL_CPU_S};
    int status = run_all(s, &nm, 1, 1, err);
    CLEANUP(free_ptr) char *text = status == 0 ? run_text(nm.out_fd, JSON_MAX) : NULL;
    run_release(&nm);
    if (functions->n)
        qsort(functions->v, functions->n, sizeof(*functions->v), by_name);
    for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line && status == 0; line = strtok_r(NULL, "\n", &save)) {
        char *space = strchr(line, ' ');
        if (!space || !strchr("tTW", space[1]))
            continue;
        *space = '\0';
        const char *name = strncmp(line, "lab_main_", 9) == 0 ? "main" : line;
        if (has_name(functions, name))
            continue;
        line[strcspn(line, ".")] = '\0'; /* gcc's parts of a function: "name.part.0" */
        if (!has_name(functions, line)) {
            status = tampered(s, "%.80s() is not counted for coverage", line);
            break; /* one is enough */
        }
    }
    return status;
}

int stage_coverage(struct stage *s, struct err *err)
{
    CLEANUP(box_names_release) struct box_names names = {0};
    CLEANUP(strs_release) struct strs given = {0};
    CLEANUP(strs_release) struct strs objects = {0};
    CLEANUP(strs_release) struct strs functions = {0};
    struct run gcov = RUN_INIT;
    struct result *r = s->result;
    size_t data = 0;

    if (run_own_tests(s, err) < 0)
        return -1;
    int status = dump_counters(s, err);
    if (status < 0 || box_list(s->box, SUB_OBJ, NAMES_MAX, &names, err) < 0)
        return -1;
    strs_add(&gcov.argv, "gcov");
    strs_add(&gcov.argv, "--json-format");
    strs_add(&gcov.argv, "--stdout");
    strs_add(&gcov.argv, "--branch-probabilities");
    for (size_t i = 0; i < names.count && status == 1; i++) {
        size_t n = strlen(names.names[i]);
        if (n > 5 && strcmp(names.names[i] + n - 5, ".gcda") == 0) {
            strs_addf(&gcov.argv, SUB_OBJ "/%s", names.names[i]);
            strs_addf(&objects, SUB_OBJ "/%.*s.o", (int)n - 5, names.names[i]);
            data++;
        }
    }
    for (unsigned i = 0; i < s->lab->config->headers_count; i++)
        strs_add(&given, s->lab->config->headers[i]);
    gcov.cwd = SUB_DIR;
    gcov.uid = BOX_BUILDER;
    gcov.limits = (struct proc_limits){.wall_ms = RUN_TOOL_WALL_MS, .cpu_s = RUN_TOOL_CPU_S};
    status = 0;
    if (data) {
        status = run_all(s, &gcov, 1, 1, err);
        CLEANUP(free_ptr) char *json = status == 0 ? run_text(gcov.out_fd, JSON_MAX) : NULL;
        if (status == 0 && !run_ok(&gcov)) /* more than it may write, or longer than it may take */
            status = tampered(s, "the sources are too large for gcov");
        else if (status == 0)
            status = gcov_read_json(json, strlen(json), &given, r, &functions, err);
        if (status == 0 && functions.n)
            status = find_uncounted(s, &objects, &functions, err);
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
