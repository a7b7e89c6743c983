/* SPDX-License-Identifier: MIT */
/* memory: the tests marked memcheck once more, with the student's programs under valgrind. The
 * native pass alone decides verdicts; here only what valgrind saw counts. A test whose native run
 * hung is not run again: it would hang ten times longer and tell nothing new. */
#include <errno.h>
#include <limits.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "stage/judge.h"
#include "stage/memcheck_report.h"
#include "stage/run.h"
#include "util/cleanup.h"

enum {
    TEST_WALL_MS = 120000,
    FILES_MAX = 4096,
    FILE_MAX = 4 << 20, /* bytes of one file of valgrind's */
    TOTAL_MAX = 48 << 20, /* of all: less than there is room for, so that none was cut */
    IMAGE_MAX = 64 << 20,
    DEBUG_FILES_MAX = 16
};

struct memory {
    struct stage *s;
    struct strs all;    /* pids of programs: each has a file */
    struct strs pids;   /* of those, ended by themselves: their descriptors are judged */
    char *unknown;      /* a system call that valgrind does not know, and that was made; NULL: none */
    size_t done, total;
};

static void memory_release(struct memory *m)
{
    strs_release(&m->all);
    strs_release(&m->pids);
    free(m->unknown);
}

/* What valgrind's files say cannot be relied on: nothing was seen, and nothing is paid for that. Once. */
static void not_believed(struct stage *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void not_believed(struct stage *s, const char *fmt, ...)
{
    va_list ap;

    for (size_t i = 0; i < s->result->findings_n; i++)
        if (strcmp(s->result->findings[i].kind, "memory.tampered") == 0)
            return;
    struct finding *f = result_finding(s->result, STAGE_MEMORY, CHARGE_STAGE, "memory.tampered");
    va_start(ap, fmt);
    f->message = xvformat(fmt, ap);
    va_end(ap);
}

static void on_record(void *ctx, const char *name, struct result_test *t, json_t *record)
{
    struct memory *m = ctx;
    const char *message = json_string_value(json_object_get(record, "message"));

    if (strcmp(name, "tampered") == 0 && message)
        not_believed(m->s, "%s", message);
    if (!t)
        return;
    if (strcmp(name, "failure") == 0 && message && t->verdict == VERDICT_PASS && !t->memcheck_message) {
        t->memcheck_message = xstrdup(message);
    } else if (strcmp(name, "program") == 0) {
        const char *ended = json_string_value(json_object_get(record, "ended"));
        const long long pid = json_integer_value(json_object_get(record, "pid"));
        strs_addf(&m->all, "%lld", pid);
        if (ended && strcmp(ended, "exit") == 0)
            strs_addf(&m->pids, "%lld", pid);
    } else if (strcmp(name, "end") == 0) {
        const char *verdict = json_string_value(json_object_get(record, "verdict"));
        t->memcheck_verdict = !verdict || strcmp(verdict, "error") == 0 ? VERDICT_INCONCLUSIVE
                              : strcmp(verdict, "pass") == 0          ? VERDICT_PASS
                                                                      : VERDICT_FAIL;
        if (t->memcheck_verdict == VERDICT_PASS) { /* the second time */
            free(t->memcheck_message);
            t->memcheck_message = NULL;
        }
        m->done++;
        if (m->s->progress)
            m->s->progress(m->s->progress_ctx, &(struct stage_progress){.stage = STAGE_MEMORY, .done = m->done, .total = m->total});
    }
}

/* Slim debug files: memcheck needs the symbols of libc and ld.so, not their line tables. */
static int put_debug_files(struct stage *s, struct err *err)
{
    CLEANUP(free_ptr) char *list = xformat("%s/debug/list", s->kit->dir);
    CLEANUP(fclose_file) FILE *f = fopen(list, "re");
    CLEANUP(strs_release) struct strs made = {0};
    char name[PATH_MAX];

    if (box_mode(s->box) == BOX_USERS)
        return 0; /* valgrind sees the machine's own */
    if (!f)
        return 0; /* without libc6-dbg valgrind says so itself */
    while (fgets(name, sizeof(name), f)) {
        name[strcspn(name, "\n")] = '\0';
        CLEANUP(free_ptr) char *from = xformat("%s/debug/%s", s->kit->dir, name);
        CLEANUP(free_ptr) char *to = xformat("/usr/lib/debug/%s", name);
        for (char *slash = to + strlen("/usr/lib/debug/"); (slash = strchr(slash, '/')); slash++) {
            *slash = '\0';
            if (!strs_has(&made, to)) {
                if (box_mkdir(s->box, to, 0755, BOX_JUDGE, err) < 0)
                    return -1;
                strs_add(&made, to);
            }
            *slash = '/';
        }
        if (put_file(s->box, from, to, 0644, BOX_JUDGE, err) < 0)
            return -1;
    }
    return 0;
}

/* A file of valgrind's, as a string; NULL: there is none that can be read, and *code is the reason. A
 * student's process could have put anything there: what is no regular file of a fair size is not read. */
static char *read_file(struct stage *s, const char *name, size_t *n, int *code)
{
    CLEANUP(free_ptr) char *path = xformat(VG_DIR "/%s", name);
    CLEANUP(close_fd) int fd = -1;
    struct err why = {0};
    struct stat st;

    if (box_get(s->box, path, FILE_MAX, &fd, &why) < 0 || fstat(fd, &st) < 0) {
        *code = why.code;
        return NULL;
    }
    *n = (size_t)st.st_size;
    return run_text(fd, *n);
}

/* Requests to valgrind itself ("do not report errors") are a sequence of instructions that does nothing
 * elsewhere. What the lab links has none. */
static int find_requests(struct stage *s, struct err *err)
{
    static const unsigned char x86_64[] = {0x48, 0xc1, 0xc7, 0x03, 0x48, 0xc1, 0xc7, 0x0d,
                                           0x48, 0xc1, 0xc7, 0x3d, 0x48, 0xc1, 0xc7, 0x33};
    static const unsigned char aarch64[] = {0x8c, 0x0d, 0xcc, 0x93, 0x8c, 0x35, 0xcc, 0x93,
                                            0x8c, 0xcd, 0xcc, 0x93, 0x8c, 0xf5, 0xcc, 0x93};
    CLEANUP(close_fd) int fd = -1;
    struct stat st;

    if (box_get(s->box, SUB_IMAGE, IMAGE_MAX, &fd, err) < 0)
        return -1;
    if (fstat(fd, &st) < 0)
        return err_errno(err, errno, "fstat");
    const size_t n = (size_t)st.st_size;
    void *image = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
    if (image == MAP_FAILED)
        return err_errno(err, errno, "cannot map the image");
    if (memmem(image, n, x86_64, sizeof(x86_64)) || memmem(image, n, aarch64, sizeof(aarch64)))
        not_believed(s, "the programs talk to valgrind");
    (void)munmap(image, n);
    return 0;
}

/* Newer calls than valgrind is: there they fail with ENOSYS. */
static char *find_unknown_call(const char *log)
{
    static const char before[] = "WARNING: unhandled ", after[] = " syscall: ";
    const char *at = log ? strstr(log, before) : NULL;
    const char *number = at ? strstr(at, after) : NULL;

    if (!number || memchr(at, '\n', (size_t)(number - at)))
        return NULL;
    const long nr = strtol(number + strlen(after), NULL, 10);
    CLEANUP(free_ptr) char *name = nr >= 0 && nr < INT_MAX ? seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)nr) : NULL;
    return name ? xstrdup(name) : xformat("%ld", nr);
}

static int read_files(struct stage *s, struct memory *m, struct memcheck_report *report, struct err *err)
{
    CLEANUP(box_names_release) struct box_names names = {0};
    CLEANUP(strs_release) struct strs seen = {0};
    size_t log_n = 0, n = 0, total = 0;
    int code = 0;
    CLEANUP(free_ptr) char *log = read_file(s, "descriptors.log", &log_n, &code);

    m->unknown = find_unknown_call(log);
    if (box_list(s->box, VG_DIR, FILES_MAX, &names, err) < 0)
        return -1;
    if (names.truncated)
        not_believed(s, "the programs made more than %d processes: what valgrind says of them cannot be read", FILES_MAX);
    if (code == EFBIG)
        not_believed(s, "what valgrind says of the programs is too long to be read");
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.names[i], *dot = strrchr(name, '.');
        CLEANUP(memcheck_places_release) struct memcheck_places made = {0};
        if (!dot || strcmp(dot, ".xml") != 0)
            continue;
        CLEANUP(free_ptr) char *pid = xstrndup(name, (size_t)(dot - name));
        CLEANUP(free_ptr) char *xml = read_file(s, name, &n, &code);
        if (!xml) {
            not_believed(s, code == EFBIG ? "what valgrind says of a program is too long to be read"
                                          : "%s is not a file of valgrind's any more", name);
            continue;
        }
        total += n;
        strs_add(&seen, pid);
        memcheck_read_xml(report, xml, n, SUB_DIR, &made);
        if (log && strs_has(&m->pids, pid))
            memcheck_read_descriptors(report, log, log_n, strtol(pid, NULL, 10), &made);
    }
    for (size_t i = 0; i < m->all.n; i++)
        if (!strs_has(&seen, m->all.v[i]))
            not_believed(s, "what valgrind said of a program has vanished");
    if (total > TOTAL_MAX)
        not_believed(s, "what valgrind says of the programs is too long to be read");
    return 0;
}

static void add_findings(struct stage *s, const struct memcheck_report *report)
{
    static const struct { const char *kind; enum charge charge; } classes[] = {
        [MEMCHECK_ERROR] = {"memory.error", CHARGE_MEMORY_ERROR},
        [MEMCHECK_LEAK] = {"memory.leak", CHARGE_MEMORY_LEAK},
        [MEMCHECK_DESCRIPTOR] = {"memory.descriptor", CHARGE_MEMORY_DESCRIPTOR},
    };

    for (size_t i = 0; i < report->errors_n; i++) {
        const struct memcheck_error *e = &report->errors[i];
        /* A buffer that is written out half filled: worth a look, no points, unless the lab is about that
         * (docs/writing-a-lab.md). */
        const bool padding = !s->lab->config->quality.memory.unset && strcmp(e->kind, "SyscallParam") == 0 &&
                             strstr(e->what, "uninitialised") &&
                             (strstr(e->what, "write(") || strstr(e->what, "send") || strstr(e->what, "mq_timedsend"));
        struct finding *f = result_finding(s->result, STAGE_MEMORY, padding ? CHARGE_NONE : classes[e->class].charge,
                                           padding ? "memory.padding" : classes[e->class].kind);
        f->file = xstrdup(e->file);
        f->line = e->line;
        f->function = xstrdup(e->function);
        f->message = e->class == MEMCHECK_DESCRIPTOR ? xformat("%s, made here, is still open when the program ends", e->what)
                                                     : xstrdup(e->what);
        f->count = e->count;
        f->hint_key = xstrdup(lab_hint_for_finding(s->lab, f->kind, f->message));
    }
}

static bool has_error(const struct memcheck_report *report)
{
    for (size_t i = 0; i < report->errors_n; i++)
        if (report->errors[i].class == MEMCHECK_ERROR)
            return true;
    return false;
}

/* The tests that pass natively, and have not passed under valgrind. */
static void list_unobserved(const struct stage *s, const struct strs *tests, struct strs *unobserved)
{
    for (size_t i = 0; i < s->result->tests_n; i++) {
        const struct result_test *t = &s->result->tests[i];
        if (strs_has(tests, t->name) && t->verdict == VERDICT_PASS && t->memcheck_verdict != VERDICT_PASS)
            strs_add(unobserved, t->name);
    }
}

static int run_tests(struct stage *s, struct memory *m, const struct strs *tests, const char *channel, struct err *err)
{
    CLEANUP(strs_release) struct strs env = {0};

    strs_add(&env, "LAB_MEMCHECK=" VG_DIR);
    strs_addf(&env, "LAB_MEMCHECK_UID=%u", (unsigned)box_inner_uid(s->box, BOX_MEMCHECK));
    strs_add(&env, "LAB_SUPPRESSIONS=/peers/valgrind.supp");
    const struct judge j = {.channel = channel, .tests = tests, .env = &env, .jobs = s->jobs,
                            .wall_ms = (unsigned)(tests->n + 1) * TEST_WALL_MS, .record = on_record, .ctx = m};
    return judge_run(s, &j, err) < 0 || box_kill_uid(s->box, BOX_MEMCHECK, NULL, err) < 0 ? -1 : 0;
}

/* A program that kills all that is its user's takes the fork server down, and the tests beside it.
 * Each test that was not observed runs once more with a server of its own. */
static int run_again(struct stage *s, struct memory *m, const struct strs *tests, struct err *err)
{
    CLEANUP(strs_release) struct strs again = {0};

    list_unobserved(s, tests, &again);
    m->done = m->total - again.n;
    for (size_t i = 0; i < again.n; i++) {
        CLEANUP(free_ptr) char *channel = xformat("/judge/channel-memcheck-%zu", i + 1);
        CLEANUP(strs_release) struct strs one = {0};
        strs_add(&one, again.v[i]);
        if (run_tests(s, m, &one, channel, err) < 0)
            return -1;
    }
    return 0;
}

/* There are no points any more: it does not matter why a test fails here. */
static bool is_void(const struct result *r)
{
    for (size_t i = 0; i < r->findings_n; i++)
        if (r->findings[i].stage == STAGE_MEMORY && r->findings[i].charge == CHARGE_STAGE)
            return true;
    return false;
}

static char *why_unobserved(const struct memory *m, const struct result_test *t, bool works)
{
    if (m->unknown)
        return xformat("%s passes, but not under valgrind, which does not know the system call %s: memory could not be judged; "
                       "use another call, or have it judged by a person", t->name, m->unknown);
    if (t->memcheck_message && !t->hidden)
        return xformat("%s passes, but not under valgrind, where it saw: %s: memory could not be judged", t->name, t->memcheck_message);
    return works ? xformat("%s passes, but not under valgrind: memory could not be judged", t->name)
                 : xstrdup("no test passes under valgrind: memory could not be judged; does valgrind work here ('grader doctor')?");
}

static void hold(struct result *r, char *message)
{
    if (r->status == STATUS_HELD && r->message) {
        free(message);
        return;
    }
    r->status = STATUS_HELD;
    free(r->message);
    r->message = message;
}

/* Whoever else opens valgrind's files is seen by the judge. What is no XML without that was cut by its name, or
 * valgrind wrote it itself: its memory is the program's, too, and an overflow may reach it. */
static void judge_unreadable(struct stage *s, const struct memcheck_report *report, bool explained)
{
    if (report->broken && !explained)
        hold(s->result, xstrdup("what valgrind said of a program cannot be read: memory could not be judged"));
}

/* What could not be observed, even alone. Where valgrind works for other tests, a test that took its
 * server down did so itself. A test that merely fails is held for a person: right code behaves the
 * same under valgrind, and an empty report is no proof of anything; unless valgrind saw errors that may be
 * the reason ('explained'). */
static void judge_unobserved(struct stage *s, const struct memory *m, const struct strs *tests, bool explained)
{
    CLEANUP(strs_release) struct strs unobserved = {0};
    bool works = false;

    list_unobserved(s, tests, &unobserved);
    for (size_t i = 0; i < s->result->tests_n; i++)
        works |= s->result->tests[i].memcheck_verdict == VERDICT_PASS;
    for (size_t i = 0; i < unobserved.n; i++) {
        const struct result_test *t = result_test(s->result, unobserved.v[i]);
        if (t->memcheck_verdict == VERDICT_INCONCLUSIVE && works) {
            struct finding *f = result_finding(s->result, STAGE_MEMORY, CHARGE_STAGE, "memory.killed");
            f->test = xstrdup(t->name);
            f->message = xstrdup("a program killed the process that watches its memory: does it send a signal to all "
                                 "processes of its user?");
        } else if (!explained) {
            hold(s->result, why_unobserved(m, t, works));
        }
    }
}

/* A test that did not run, hung, or broke by a fault of ours: under valgrind it would tell nothing new, ten
 * times slower. */
static bool is_worth_watching(enum verdict v)
{
    return v != VERDICT_NOT_RUN && v != VERDICT_TIMEOUT && v != VERDICT_INCONCLUSIVE && v != VERDICT_ENDED_EARLY;
}

int stage_memory(struct stage *s, struct err *err)
{
    CLEANUP(strs_release) struct strs tests = {0};
    CLEANUP(memory_release) struct memory m = {.s = s};
    CLEANUP(memcheck_report_release) struct memcheck_report report = {0};
    CLEANUP(free_ptr) char *supp = xformat("%s/valgrind.supp", s->kit->dir);
    struct result *r = s->result;

    for (size_t i = 0; i < r->tests_n; i++)
        if (r->tests[i].memcheck && is_worth_watching(r->tests[i].verdict))
            strs_add(&tests, r->tests[i].name);
    m.total = tests.n;
    if (tests.n && (put_debug_files(s, err) < 0 || put_file(s->box, supp, "/peers/valgrind.supp", 0644, BOX_JUDGE, err) < 0 ||
                    find_requests(s, err) < 0 || run_tests(s, &m, &tests, "/judge/channel-memcheck", err) < 0 || run_again(s, &m, &tests, err) < 0 ||
                    read_files(s, &m, &report, err) < 0))
        return -1;
    add_findings(s, &report);
    judge_unreadable(s, &report, has_error(&report) || is_void(r));
    judge_unobserved(s, &m, &tests, has_error(&report) || is_void(r));
    struct result_stage *stage = &r->stages[STAGE_MEMORY];
    stage->ran = tests.n > 0;
    if (!tests.n)
        stage->outcome = xstrdup("no test got far enough to be run under valgrind");
    else if (!report.errors_n)
        stage->outcome = xformat("%zu tests under valgrind, %zu processes: nothing found", tests.n, report.files);
    else
        stage->outcome = xformat("%zu tests under valgrind, %zu processes: %zu different findings", tests.n, report.files,
                                 report.errors_n);
    return 0;
}
