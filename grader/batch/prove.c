/* SPDX-License-Identifier: MIT */
/* Theory of operation. Each case is a folder: the reference and the template as they are, a variant
 * laid over a copy of the reference, a bug patched into one. Each grading is a grader process of its
 * own, `grader run LAB DIR --format json`, so that what is proven is what users run; several run at a
 * time. All runs of a case must give the same fingerprint: verdicts, hints, findings and score. */
#include "batch/prove.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "result/json.h"
#include "util/cleanup.h"
#include "util/folder.h"
#include "util/i18n.h"
#include "util/interrupt.h"

extern char **environ;

/* Cases -------------------------------------------------------------------------------------------- */

static bool is_wanted(const struct prove_options *o, const char *name)
{
    for (size_t i = 0; o->only && o->only[i]; i++)
        if (strcmp(o->only[i], name) == 0)
            return true;
    return !o->only;
}

static struct prove_case *add_case(struct proof *p, enum prove_kind kind, const char *name, char *dir)
{
    struct prove_case *c = VEC_ADD(&p->cases, &p->cases_n);

    c->kind = kind;
    c->name = xstrdup(name);
    c->dir = dir;
    result_init(&c->result);
    return c;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Runs a trusted tool of the host to its end; *out gets what it printed. -1: it cannot be run. */
static int run_tool(const char *const argv[], int *status, char **out, struct err *err)
{
    CLEANUP(close_fd) int log = memfd_create("tool", MFD_CLOEXEC);
    posix_spawn_file_actions_t files;
    pid_t pid;

    if (log < 0)
        return err_errno(err, errno, "cannot make a memfd");
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, log, 1);
    posix_spawn_file_actions_adddup2(&files, log, 2);
    int e = posix_spawnp(&pid, argv[0], &files, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    if (e != 0)
        return err_errno(err, e, N_("cannot run %s ('make deps' installs it)"), argv[0]);
    while (waitpid(pid, status, 0) < 0)
        if (errno != EINTR)
            return err_errno(err, errno, N_("cannot wait for %s"), argv[0]);
    char *text = xcalloc(4097, 1);
    (void)!pread(log, text, 4096, 0);
    *out = text;
    return 0;
}

static int add_bug(struct proof *p, const struct lab *lab, const char *patch, const char *dir, const struct bug *bug,
                   struct err *err)
{
    CLEANUP(free_ptr) char *reference = lab_path(lab, "reference", NULL);
    CLEANUP(free_ptr) char *out = NULL;
    int status = 0;
    const char *const argv[] = {"patch", "-p1", "--silent", "--no-backup-if-mismatch", "-d", dir, "-i", patch, NULL};

    if (folder_copy(reference, dir, err) < 0 || run_tool(argv, &status, &out, err) < 0)
        return -1;
    struct prove_case *c = add_case(p, PROVE_BUG, bug->config->bug, xstrdup(dir));
    c->bug = *bug;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        strs_addf(&c->problems, "%s does not apply to the reference: %s", patch, out);
    return 0;
}

static int add_bugs(struct proof *p, const struct lab *lab, const struct prove_options *o, const char *tmp, struct err *err)
{
    CLEANUP(free_ptr) char *pattern = lab_path(lab, "tests", "bugs/*.patch");
    glob_t g = {0};
    int status = 0;

    if (glob(pattern, 0, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc && status == 0; i++) {
            CLEANUP(free_ptr) char *full = realpath(g.gl_pathv[i], NULL);
            struct bug bug = {0};
            status = bug_load(full ? full : g.gl_pathv[i], &bug, err);
            if (status == 0 && is_wanted(o, bug.config->bug)) {
                CLEANUP(free_ptr) char *dir = xformat("%s/%s", tmp, bug.config->bug);
                status = add_bug(p, lab, bug.path, dir, &bug, err);
            } else if (status == 0) {
                bug_release(&bug);
            }
        }
    globfree(&g);
    return status;
}

static int add_variants(struct proof *p, const struct lab *lab, const struct prove_options *o, const char *tmp,
                        struct err *err)
{
    CLEANUP(free_ptr) char *pattern = lab_path(lab, "tests", "variants/*");
    CLEANUP(free_ptr) char *reference = lab_path(lab, "reference", NULL);
    glob_t g = {0};
    int status = 0;

    if (glob(pattern, GLOB_ONLYDIR, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc && status == 0; i++) {
            const char *name = base_name(g.gl_pathv[i]);
            char *dir = xformat("%s/%s", tmp, name);
            if (!is_wanted(o, name)) {
                free(dir);
                continue;
            }
            if (folder_copy(reference, dir, err) < 0 || folder_copy(g.gl_pathv[i], dir, err) < 0)
                status = -1;
            (void)add_case(p, PROVE_VARIANT, name, dir);
        }
    globfree(&g);
    return status;
}

/* The student sees whatever compiler they like: right solutions are clean with clang, too. */
static int check_clang(const struct lab *lab, struct prove_case *c, struct err *err)
{
    CLEANUP(free_ptr) char *pattern = xformat("%s/src/*.c", c->dir);
    CLEANUP(free_ptr) char *given = lab_path(lab, "templates", "include");
    CLEANUP(free_ptr) char *out = NULL;
    CLEANUP(strs_release) struct strs argv = {0};
    int status = 0, ran;
    glob_t g = {0};

    strs_add(&argv, "clang");
    strs_add(&argv, "-fsyntax-only");
    for (unsigned i = 0; i < lab->config->cflags_count; i++)
        strs_add(&argv, lab->config->cflags[i]);
    strs_addf(&argv, "-I%s", given);
    strs_addf(&argv, "-I%s/include", c->dir); /* headers of one's own */
    strs_addf(&argv, "-I%s/src", c->dir);
    if (glob(pattern, 0, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc; i++)
            strs_add(&argv, g.gl_pathv[i]);
    globfree(&g);
    ran = run_tool((const char *const *)argv.v, &status, &out, err);
    if (ran == 0 && *out)
        strs_addf(&c->problems, "clang has something to say: %.*s", (int)strcspn(out, "\n"), out);
    return ran;
}

static int add_cases(struct proof *p, const struct lab *lab, const struct prove_options *o, const char *tmp,
                     struct err *err)
{
    if (is_wanted(o, "reference"))
        (void)add_case(p, PROVE_REFERENCE, "reference", lab_path(lab, "reference", NULL));
    if (is_wanted(o, "template"))
        (void)add_case(p, PROVE_TEMPLATE, "template", lab_path(lab, "templates", NULL));
    if (add_variants(p, lab, o, tmp, err) < 0 || add_bugs(p, lab, o, tmp, err) < 0)
        return -1;
    for (size_t i = 0; o->only && o->only[i]; i++) {
        bool found = false;
        for (size_t k = 0; k < p->cases_n; k++)
            found |= strcmp(p->cases[k].name, o->only[i]) == 0;
        if (!found)
            return err_set(err, N_("%s has no case '%s'"), lab->config->lab, o->only[i]);
    }
    for (size_t i = 0; i < p->cases_n; i++)
        if (p->cases[i].kind != PROVE_BUG && check_clang(lab, &p->cases[i], err) < 0)
            return -1;
    return 0;
}

/* Grading ------------------------------------------------------------------------------------------- */

struct job {
    pid_t pid; /* 0: none */
    int pidfd, out;
    struct prove_case *c;
};

/* Child half. It ends with us, however we end, and so do the boxes that it opens. */
static _Noreturn void job_exec(const char *const argv[], int out, pid_t parent)
{
    sigset_t none;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    sigemptyset(&none);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && null >= 0 && dup2(null, 0) == 0 &&
        dup2(out, 1) == 1 && dup2(out, 2) == 2 && sigprocmask(SIG_SETMASK, &none, NULL) == 0)
        (void)execv(argv[0], (char *const *)argv);
    _exit(127);
}

static int start_job(const struct lab *lab, const struct prove_options *o, struct prove_case *c, struct job *job,
                     struct err *err)
{
    const char *const argv[] = {o->program, "--course", lab->root, "run", lab->config->lab, c->dir, "--format", "json", NULL};
    const pid_t self = getpid();

    job->out = memfd_create("result", MFD_CLOEXEC);
    if (job->out < 0)
        return err_errno(err, errno, "cannot make a memfd");
    job->pid = fork();
    if (job->pid < 0) {
        job->pid = 0;
        return err_errno(err, errno, N_("cannot fork"));
    }
    if (job->pid == 0)
        job_exec(argv, job->out, self);
    job->pidfd = pidfd_open(job->pid, 0);
    job->c = c;
    return job->pidfd < 0 ? err_errno(err, errno, "pidfd_open") : 0;
}

static char *make_fingerprint(const struct result *r)
{
    struct buf b = {0};

    buf_printf(&b, "%s %.1f", status_names[r->status], r->score);
    for (size_t i = 0; i < r->tests_n; i++)
        buf_printf(&b, "; %s %s %s", r->tests[i].name, verdict_names[r->tests[i].verdict],
                   r->tests[i].hint_key ? r->tests[i].hint_key : "");
    for (size_t i = 0; i < r->findings_n; i++)
        if (r->findings[i].points < 0)
            buf_printf(&b, "; %s %g", r->findings[i].kind, r->findings[i].points);
    return buf_steal(&b);
}

/* Where two fingerprints begin to differ, as two short texts. */
static void note_difference(struct prove_case *c, const char *other, const struct result *r)
{
    size_t same = 0, from;

    for (size_t i = 0; i < r->tests_n; i++) {
        const struct result_test *t = &r->tests[i], *first = result_test(&c->result, t->name);
        if (first && first->verdict != t->verdict)
            strs_addf(&c->problems, "%s: %s in the first run, %s in run %u: %s", t->name, verdict_names[first->verdict],
                      verdict_names[t->verdict], c->runs + 1, t->message ? t->message : first->message ? first->message : "");
        if (t->memcheck_message)
            strs_addf(&c->problems, "%s: under valgrind in run %u: %s", t->name, c->runs + 1, t->memcheck_message);
    }
    if (r->message)
        strs_addf(&c->problems, "run %u: %s", c->runs + 1, r->message);
    for (size_t i = 0; i < r->findings_n; i++) {
        const struct finding *f = &r->findings[i];
        if (f->points < 0 && r->stages[f->stage].score != c->result.stages[f->stage].score)
            strs_addf(&c->problems, "run %u: %s, %g: %s: %s", c->runs + 1, f->kind, f->points,
                      f->test ? f->test : stage_names[f->stage], f->message ? f->message : "");
    }
    while (c->fingerprint[same] && c->fingerprint[same] == other[same])
        same++;
    for (from = same; from > 0 && c->fingerprint[from - 1] != ';'; from--)
        ;
    strs_addf(&c->problems, "run %u differs from the first: '%.*s' was '%.*s'", c->runs + 1,
              (int)strcspn(other + from, ";"), other + from, (int)strcspn(c->fingerprint + from, ";"),
              c->fingerprint + from);
}

static void end_job(struct job *job)
{
    struct prove_case *c = job->c;
    struct result r;
    struct err why = {0};
    struct stat st = {0};
    json_error_t bad;
    int status = 0;

    while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
        ;
    (void)fstat(job->out, &st);
    char *text = xcalloc((size_t)st.st_size + 1, 1);
    (void)!pread(job->out, text, (size_t)st.st_size, 0);
    json_t *j = json_loads(text, 0, &bad);
    result_init(&r);
    if (!j || result_from_json(j, &r, &why) < 0) {
        strs_addf(&c->problems, "run %u gave no result: %.300s", c->runs + 1, *text ? text : "nothing was printed");
        result_release(&r);
    } else {
        char *fingerprint = make_fingerprint(&r);
        if (c->fingerprint) {
            if (strcmp(c->fingerprint, fingerprint) != 0)
                note_difference(c, fingerprint, &r);
            free(fingerprint);
            result_release(&r);
        } else {
            c->result = r;
            c->fingerprint = fingerprint;
        }
    }
    c->runs++;
    json_decref(j);
    free(text);
    close_fd(&job->out);
    close_fd(&job->pidfd);
    *job = (struct job){.pidfd = -1, .out = -1};
}

/* One busy process on each processor, ended with us. */
static void start_load(pid_t *pids, long n)
{
    pid_t self = getpid();

    for (long i = 0; i < n; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            while (getppid() == self)
                for (volatile unsigned long k = 0; k < 1000000; k++)
                    ;
            _exit(0);
        }
    }
}

static void stop_load(const pid_t *pids, long n)
{
    for (long i = 0; i < n; i++)
        if (pids[i] > 0) {
            (void)kill(pids[i], SIGKILL);
            (void)waitpid(pids[i], NULL, 0);
        }
}

/* Judging ------------------------------------------------------------------------------------------- */

bool prove_caught(const struct prove_case *c, const char *test)
{
    for (size_t i = 0; i < c->result.tests_n; i++)
        if (strcmp(c->result.tests[i].name, test) == 0)
            return c->result.tests[i].verdict != VERDICT_PASS;
    return c->result.status == STATUS_COMPILE_ERROR;
}

static bool same_hint(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

double prove_lost(const struct prove_case *c, const char *hint)
{
    const struct result *r = &c->result;
    double lost = 0;

    for (size_t i = 0; i < r->tests_n; i++)
        if (r->tests[i].verdict != VERDICT_PASS && same_hint(r->tests[i].hint_key, hint))
            lost += r->tests[i].max_score - r->tests[i].score;
    for (size_t i = 0; i < r->findings_n; i++)
        if (same_hint(r->findings[i].hint_key, hint))
            lost -= r->findings[i].points * r->behaviour_factor;
    return lost;
}

static bool has_finding(const struct result *r, const char *quality)
{
    static const struct { const char *quality, *kind; } kinds[] = {
        {"M-err", "memory.error"}, {"M-leak", "memory.leak"}, {"M-fd", "memory.descriptor"},
        {"S-warn", "style.warning"}, {"S-forbid", "style.forbidden"},
    };
    const bool name = strcmp(quality, "L-name") == 0, process = strcmp(quality, "L-proc") == 0;

    for (size_t i = 0; i < r->findings_n; i++) {
        const char *kind = r->findings[i].kind;
        const bool alive = strcmp(kind, "leftover.process") == 0 || strcmp(kind, "leftover.zombie") == 0;
        if ((process && alive) || (name && strncmp(kind, "leftover.", 9) == 0 && !alive))
            return true;
        for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
            if (strcmp(quality, kinds[k].quality) == 0 && strcmp(kind, kinds[k].kind) == 0)
                return true;
    }
    return false;
}

static void judge_right(struct prove_case *c)
{
    const struct result *r = &c->result;

    if (r->status != STATUS_GRADED || fabs(r->score - r->max_score) > 1e-9)
        strs_addf(&c->problems, "%.1f of %.1f points, %s", r->score, r->max_score, status_names[r->status]);
    for (size_t i = 0; i < r->tests_n; i++)
        if (r->tests[i].verdict != VERDICT_PASS)
            strs_addf(&c->problems, "%s: %s: %s", r->tests[i].name, verdict_names[r->tests[i].verdict],
                      r->tests[i].message ? r->tests[i].message : "");
    for (size_t i = 0; i < r->findings_n; i++)
        if (r->findings[i].points < 0)
            strs_addf(&c->problems, "%s: %s:%d: %s", r->findings[i].kind, r->findings[i].file ? r->findings[i].file : "",
                      r->findings[i].line, r->findings[i].message);
}

static void judge_reference(struct prove_case *c)
{
    const struct coverage_count *lines = &c->result.lines;

    judge_right(c);
    if (lines->hit * 100 < lines->total * PROVE_COVERAGE_MIN)
        strs_addf(&c->problems, "its tests reach %ld of %ld lines, less than %d %%", lines->hit, lines->total,
                  PROVE_COVERAGE_MIN);
}

static void judge_template(struct prove_case *c)
{
    const struct result *r = &c->result;

    if (r->status != STATUS_GRADED)
        strs_addf(&c->problems, "status %s: %s", status_names[r->status], r->message ? r->message : "");
    if (r->score > PROVE_TEMPLATE_MAX)
        strs_addf(&c->problems, "untouched, it earns %.1f points, more than %d", r->score, PROVE_TEMPLATE_MAX);
    if (r->wall_ms > PROVE_TEMPLATE_WALL_MS)
        strs_addf(&c->problems, "it takes %.1f s, more than %d", (double)r->wall_ms / 1000, PROVE_TEMPLATE_WALL_MS / 1000);
    for (size_t i = 0; i < r->findings_n; i++)
        if (strcmp(r->findings[i].kind, "style.warning") == 0)
            strs_addf(&c->problems, "warning: %s", r->findings[i].message);
}

static void judge_bug(const struct lab *lab, struct prove_case *c)
{
    const struct bug_config *b = c->bug.config;
    const struct result *r = &c->result;
    double loss = r->max_score - r->score;

    if (r->status != STATUS_GRADED)
        strs_addf(&c->problems, "status %s: %s", status_names[r->status], r->message ? r->message : "");
    for (unsigned i = 0; i < b->caught_by_count; i++) {
        if (!lab_test(lab, b->caught_by[i]))
            strs_addf(&c->problems, "there is no test '%s'", b->caught_by[i]);
        else if (!prove_caught(c, b->caught_by[i]))
            strs_addf(&c->problems, "%s does not catch it", b->caught_by[i]);
    }
    for (unsigned i = 0; i < b->quality_count; i++)
        if (!has_finding(r, b->quality[i]))
            strs_addf(&c->problems, "%s is not found", b->quality[i]);
    if (fabs(loss - b->loss) > PROVE_LOSS_TOLERANCE)
        strs_addf(&c->problems, "it costs %.1f points, not about %g", loss, b->loss);
}

static void judge_case(const struct lab *lab, struct prove_case *c)
{
    if (!c->fingerprint)
        return; /* no result at all: that problem is noted */
    switch (c->kind) {
    case PROVE_REFERENCE: judge_reference(c); break;
    case PROVE_TEMPLATE: judge_template(c); break;
    case PROVE_VARIANT: judge_right(c); break;
    case PROVE_BUG: judge_bug(lab, c); break;
    }
}

/* A test that no bug fails is decoration. */
static void judge_tests(const struct lab *lab, struct proof *p)
{
    for (unsigned i = 0; i < lab->config->tests_count; i++) {
        const char *name = lab->config->tests[i].name;
        bool caught = false;
        for (size_t k = 0; k < p->cases_n; k++)
            caught |= p->cases[k].kind == PROVE_BUG && p->cases[k].fingerprint && prove_caught(&p->cases[k], name);
        if (!caught)
            strs_addf(&p->problems, "the test %s catches no bug of the catalogue", name);
    }
}

static void tell(const struct lab *lab, const struct prove_options *o, struct prove_case *c)
{
    judge_case(lab, c);
    if (o->judge && c->fingerprint)
        o->judge(o->ctx, c);
    if (o->done)
        o->done(o->ctx, c);
}

static int grade_all(const struct lab *lab, const struct prove_options *o, struct proof *p, struct job *jobs, size_t jobs_n,
                     struct err *err)
{
    CLEANUP(free_ptr) struct pollfd *polls = xcalloc(jobs_n + 1, sizeof(*polls));
    const size_t all = p->cases_n * o->repeat;
    size_t started = 0, ended = 0, told = 0;

    while (ended < all) {
        for (size_t i = 0; i < jobs_n && started < all; i++)
            if (!jobs[i].pid && start_job(lab, o, &p->cases[started / o->repeat], &jobs[i], err) == 0)
                started++;
            else if (!jobs[i].pid)
                return -1;
        for (size_t i = 0; i < jobs_n; i++)
            polls[i] = (struct pollfd){.fd = jobs[i].pid ? jobs[i].pidfd : -1, .events = POLLIN};
        polls[jobs_n] = (struct pollfd){.fd = interrupt_fd(), .events = POLLIN};
        if (poll(polls, jobs_n + 1, -1) < 0 && errno != EINTR)
            return err_errno(err, errno, "poll");
        if (interrupt_signal())
            return err_errno(err, EINTR, N_("interrupted"));
        for (size_t i = 0; i < jobs_n; i++) {
            if (!jobs[i].pid || !(polls[i].revents & (POLLIN | POLLHUP)))
                continue;
            struct prove_case *c = jobs[i].c;
            end_job(&jobs[i]);
            ended++;
            if (o->run)
                o->run(o->ctx, c, ended, all);
        }
        /* In their order, as soon as they are known: who waits sees what fails, and it is not lost. */
        while (told < p->cases_n && p->cases[told].runs == o->repeat)
            tell(lab, o, &p->cases[told++]);
    }
    return 0;
}

int prove_lab(const struct lab *lab, const struct prove_options *o, struct proof *proof, struct err *err)
{
    struct proof p = {0};
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t jobs_n = o->jobs ? o->jobs : (size_t)processors;
    CLEANUP(free_ptr) pid_t *load = xcalloc((size_t)processors, sizeof(*load));
    CLEANUP(free_ptr) struct job *jobs = xcalloc(jobs_n, sizeof(*jobs));
    char *tmp = folder_temporary("grader-verify", err);
    int status = tmp ? 0 : -1;

    for (size_t i = 0; i < jobs_n; i++)
        jobs[i] = (struct job){.pidfd = -1, .out = -1};
    if (status == 0)
        status = add_cases(&p, lab, o, tmp, err);
    if (status == 0) {
        if (o->load)
            start_load(load, processors);
        status = grade_all(lab, o, &p, jobs, jobs_n, err);
        stop_load(load, o->load ? processors : 0);
    }
    for (size_t i = 0; i < jobs_n; i++) /* only after an interruption */
        if (jobs[i].pid) {
            (void)kill(jobs[i].pid, SIGTERM);
            (void)waitpid(jobs[i].pid, NULL, 0);
            close_fd(&jobs[i].pidfd);
            close_fd(&jobs[i].out);
        }
    if (tmp)
        (void)folder_remove(tmp, NULL);
    free(tmp);
    if (status < 0) {
        proof_release(&p);
        return -1;
    }
    if (!o->only)
        judge_tests(lab, &p);
    *proof = p;
    return 0;
}

void proof_release(struct proof *proof)
{
    for (size_t i = 0; i < proof->cases_n; i++) {
        struct prove_case *c = &proof->cases[i];
        free(c->name);
        free(c->dir);
        free(c->fingerprint);
        bug_release(&c->bug);
        result_release(&c->result);
        strs_release(&c->problems);
    }
    free(proof->cases);
    strs_release(&proof->problems);
    *proof = (struct proof){0};
}
