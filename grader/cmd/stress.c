/* SPDX-License-Identifier: MIT */
/* stress: the same tests many times on a machine that is made unquiet. What depends on luck shows.
 *
 * Each run is a child of its own: it puts itself on one processor, or into another scheduling class,
 * which all programs of its box inherit, and hands its result back as JSON. */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "batch/grade.h"
#include "cmd/cmd.h"
#include "intake/intake.h"
#include "result/json.h"
#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/interrupt.h"
#include "util/num.h"
#include "util/text.h"

enum { LOAD_MAX = 256, BURST_US = 3000 };

static const struct argp_option options[] = {
    {"runs", 'n', "N", 0, N_("how often, 1 to 10000 (default: 20)"), 0},
    {"test", 't', "NAME", 0, N_("only this test (may be given again; default: all public ones)"), 0},
    {"load", 'L', "N", 0, N_("so many busy processes meanwhile, 0 to 256 (default: twice the processors)"), 0},
    {0},
};

struct stress_options {
    const char *lab, *path;
    struct strs tests;
    unsigned runs, load;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct stress_options *o = state->input;
    unsigned long n;

    switch (key) {
    case 'n':
        if (num_parse(arg, 1, 10000, &n) < 0)
            argp_error(state, _("--runs: '%s' is not a number from 1 to 10000"), arg);
        o->runs = (unsigned)n;
        return 0;
    case 't':
        strs_add(&o->tests, arg);
        return 0;
    case 'L':
        if (num_parse(arg, 0, LOAD_MAX, &n) < 0)
            argp_error(state, _("--load: '%s' is not a number from 0 to 256"), arg);
        o->load = (unsigned)n;
        return 0;
    case ARGP_KEY_ARG:
        if (o->path)
            return ARGP_ERR_UNKNOWN;
        *(o->lab ? &o->path : &o->lab) = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->lab)
            argp_error(state, _("which lab? 'grader list' names them"));
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Noise -------------------------------------------------------------------------------------------- */

/* How a run is scheduled; one after the other, and from the beginning. */
static const struct noise {
    const char *name;
    bool one_processor;
    int nice;
    int policy;
} noises[] = {
    {N_("as it is"), false, 0, SCHED_OTHER},
    {N_("on one processor"), true, 0, SCHED_OTHER},
    {N_("with low priority"), false, 10, SCHED_OTHER},
    {N_("on one processor, with low priority"), true, 10, SCHED_OTHER},
    {N_("as a batch job"), false, 0, SCHED_BATCH},
    {N_("on one processor, when it is idle"), true, 0, SCHED_IDLE},
};

static const struct noise *noise_of(unsigned run)
{
    return &noises[run % (sizeof(noises) / sizeof(*noises))];
}

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245U + 12345U;
    return *seed >> 16;
}

/* The which-th of the processors that we may use, alone. */
static void stay_on_one(unsigned which)
{
    cpu_set_t may, one;

    if (sched_getaffinity(0, sizeof(may), &may) < 0 || CPU_COUNT(&may) == 0)
        return;
    which %= (unsigned)CPU_COUNT(&may);
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &may) && which-- == 0)
            CPU_SET(cpu, &one);
    (void)sched_setaffinity(0, sizeof(one), &one);
}

/* Best effort: a machine that forbids one of these is a quieter one, no wrong one. */
static void make_noise(const struct noise *n, unsigned run)
{
    const struct sched_param none = {0};

    if (n->one_processor)
        stay_on_one(run / 2);
    if (n->nice)
        (void)setpriority(PRIO_PROCESS, 0, n->nice);
    if (n->policy != SCHED_OTHER)
        (void)sched_setscheduler(0, n->policy, &none);
}

/* Works and rests in short pieces, now on this processor, now on that: others are interrupted at
 * moments that they did not choose. */
static _Noreturn void be_busy(unsigned seed, pid_t parent)
{
    cpu_set_t may;
    const bool known = sched_getaffinity(0, sizeof(may), &may) == 0;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent) {
        struct timespec end, now;
        if (known)
            (void)sched_setaffinity(0, sizeof(may), &may);
        stay_on_one(next_random(&seed));
        (void)clock_gettime(CLOCK_MONOTONIC, &end);
        end.tv_nsec += (long)(next_random(&seed) % BURST_US) * 1000L;
        do
            (void)clock_gettime(CLOCK_MONOTONIC, &now);
        while ((now.tv_sec - end.tv_sec) * 1000000000L + now.tv_nsec - end.tv_nsec < 0);
        const struct timespec rest = {.tv_nsec = (long)(next_random(&seed) % BURST_US) * 500L};
        (void)nanosleep(&rest, NULL);
    }
    _exit(0);
}

static void load_start(pid_t *pids, unsigned n)
{
    const pid_t self = getpid();

    for (unsigned i = 0; i < n; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            be_busy(i + 1, self);
    }
}

static void load_stop(const pid_t *pids, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (pids[i] > 0) {
            (void)kill(pids[i], SIGKILL);
            (void)waitpid(pids[i], NULL, 0);
        }
}

/* Runs --------------------------------------------------------------------------------------------- */

struct stress {
    const struct cmd_globals *g;
    const struct lab *lab;
    const struct kit *kit;
    const struct submission *submission;
    const struct strs *tests;
    enum box_mode mode;
    unsigned *passed, *broken; /* of each test */
    struct result shown;       /* of the run that is told about */
    unsigned shown_run;        /* from 1; 0: none */
};

static _Noreturn void run_child(const struct stress *s, unsigned run, int out, pid_t parent)
{
    const struct grade_options o = {.only = (const char *const *)s->tests->v, .verdicts_only = true, .mode = s->mode};
    struct result r;
    struct err err = {0};
    int status = CMD_INTERNAL;

    result_init(&r);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent) {
        make_noise(noise_of(run), run);
        status = grade_submission(s->lab, s->kit, s->submission, &o, &r, &err) == 0 ? CMD_OK : cmd_status_of(&err);
    }
    json_t *j = status == CMD_OK ? result_to_json(&r, false) : json_string(err.msg);
    if (json_dumpfd(j, out, JSON_ENCODE_ANY) < 0)
        status = CMD_INTERNAL;
    _exit(status);
}

/* The child's end; asked for when we are interrupted. */
static int await_child(pid_t pid, int *status, struct err *err)
{
    CLEANUP(close_fd) int fd = pidfd_open(pid, 0);
    struct pollfd p[] = {{.fd = fd, .events = POLLIN}, {.fd = interrupt_fd(), .events = POLLIN}};
    bool interrupted = false;

    while (fd >= 0 && !interrupted && !p[0].revents)
        interrupted = poll(p, 2, -1) > 0 && interrupt_signal();
    if (fd < 0 || interrupted)
        (void)kill(pid, SIGTERM);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    return fd < 0 ? err_errno(err, errno, "pidfd_open") : interrupted ? err_errno(err, EINTR, _("interrupted")) : 0;
}

/* One run; an exit status. CMD_OK: *r is its result. */
static int run_once(const struct stress *s, unsigned run, struct result *r, struct err *err)
{
    CLEANUP(close_fd) int out = memfd_create("result", MFD_CLOEXEC);
    const pid_t self = getpid();
    json_error_t bad;
    int status = 0;

    if (out < 0) {
        (void)err_errno(err, errno, "memfd_create");
        return CMD_INTERNAL;
    }
    (void)fflush(stdout); /* or the child would print it, too */
    pid_t pid = fork();
    if (pid == 0)
        run_child(s, run, out, self);
    if (pid < 0) {
        (void)err_errno(err, errno, _("cannot fork"));
        return CMD_INTERNAL;
    }
    if (await_child(pid, &status, err) < 0)
        return err->code == EINTR ? cmd_status_of(err) : CMD_INTERNAL;
    (void)lseek(out, 0, SEEK_SET);
    json_t *j = json_loadfd(out, JSON_DECODE_ANY, &bad);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CMD_OK && j)
        status = result_from_json(j, r, err) == 0 ? CMD_OK : CMD_INTERNAL;
    else {
        (void)err_set(err, _("run %u gave no result: %s"), run + 1, json_is_string(j) ? json_string_value(j) : _("it ended early"));
        status = WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : CMD_INTERNAL;
    }
    json_decref(j);
    return status;
}

static bool is_broken(const struct result *r, const struct result_test *t)
{
    return r->status == STATUS_HELD && (t->verdict == VERDICT_INCONCLUSIVE || t->verdict == VERDICT_ENDED_EARLY);
}

/* Counts a run, and keeps the result of the first with a failure. Takes *r. */
static void count(struct stress *s, unsigned run, struct result *r)
{
    bool failed = false;

    for (size_t i = 0; i < s->tests->n; i++) {
        const struct result_test *t = result_test(r, s->tests->v[i]);
        if (t && t->verdict == VERDICT_PASS)
            s->passed[i]++;
        else if (t && is_broken(r, t))
            s->broken[i]++;
        else
            failed = true;
    }
    if (failed && !s->shown_run) {
        s->shown_run = run + 1;
        result_release(&s->shown);
        s->shown = *r;
    } else {
        result_release(r);
    }
}

static void tell_progress(const struct stress *s, unsigned ended, unsigned all)
{
    unsigned failures = 0;

    if (!isatty(STDERR_FILENO))
        return;
    (void)fputs("\r\033[K", stderr);
    for (size_t i = 0; i < s->tests->n; i++)
        failures += ended - s->passed[i] - s->broken[i];
    if (ended < all)
        (void)fprintf(stderr, _("run %u of %u, %s: %u failures so far"), ended + 1, all, _(noise_of(ended)->name), failures);
}

/* The rates, then the run that is worth a look. An exit status. */
static int tell(const struct stress *s, const struct stress_options *o)
{
    const struct cmd_globals *g = s->g;
    const struct report_options ro = {.lang = g->lang, .colour = g->colour, .path = o->path, .command = "stress", .show_hidden = true};
    unsigned broken = 0;
    int status = CMD_OK;

    printf("%s  %s  ", s->lab->config->lab, o->path);
    printf(ngettext("%u run, busy processes: %u", "%u runs, busy processes: %u", o->runs), o->runs, o->load);
    printf("\n\n");
    for (size_t i = 0; i < s->tests->n; i++) {
        const struct lab_test *t = lab_test(s->lab, s->tests->v[i]);
        const unsigned judged = o->runs - s->broken[i];
        const bool ok = s->passed[i] == judged;
        printf("%s%-5s%s %-3s %-24s %u/%u", !g->colour ? "" : ok ? "\033[32m" : "\033[31m", ok ? "ok" : _("FAIL"),
               g->colour ? "\033[0m" : "", t->id, t->name, s->passed[i], judged);
        printf("%s%s\n", ok || !s->passed[i] ? "" : "  ", ok || !s->passed[i] ? "" : _("depends on luck"));
        broken += s->broken[i];
        if (!ok || s->broken[i])
            status = CMD_HELD;
    }
    if (broken) {
        putchar('\n');
        printf(ngettext("%u time a test could not be judged here: less load may help",
                        "%u times a test could not be judged here: less load may help", broken), broken);
        putchar('\n');
    }
    if (s->shown_run) {
        putchar('\n');
        printf(_("The first run with a failure, run %u, %s:"), s->shown_run, _(noise_of(s->shown_run - 1)->name));
        printf("\n\n");
        if (report_text(stdout, s->lab, &s->shown, &ro) < 0)
            status = CMD_INTERNAL;
    }
    return status;
}

static int stress(struct stress *s, const struct stress_options *o, struct err *err)
{
    pid_t load[LOAD_MAX];
    int status = CMD_OK;

    s->passed = xcalloc(s->tests->n, sizeof(*s->passed));
    s->broken = xcalloc(s->tests->n, sizeof(*s->broken));
    result_init(&s->shown);
    load_start(load, o->load);
    for (unsigned run = 0; run < o->runs && status == CMD_OK; run++) {
        struct result r;
        tell_progress(s, run, o->runs);
        result_init(&r);
        status = run_once(s, run, &r, err);
        if (status != CMD_OK)
            result_release(&r);
        else if (r.status == STATUS_COMPILE_ERROR || r.status == STATUS_REJECTED) {
            const struct report_options ro = {.lang = s->g->lang, .colour = s->g->colour, .path = o->path, .command = "check"};
            status = report_text(stdout, s->lab, &r, &ro) < 0 ? CMD_INTERNAL : CMD_HELD;
            result_release(&r);
        } else {
            count(s, run, &r);
        }
    }
    load_stop(load, o->load);
    tell_progress(s, o->runs, o->runs);
    if (status == CMD_OK)
        status = tell(s, o);
    result_release(&s->shown);
    free(s->passed);
    free(s->broken);
    return status;
}

int cmd_stress(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {
        options, parse, "LAB [PATH]",
        N_("Runs the tests again and again while the machine is busy and processes are scheduled in unusual ways, and "
           "tells how often each passed. What passes only sometimes depends on luck: on who runs first, on a sleep that is "
           "just long enough.") "\v" N_("Exit status 0: every test passed in every run; 1: not."),
        NULL, NULL, NULL,
    };
    CLEANUP(lab_release) struct lab lab = {0};
    CLEANUP(kit_release) struct kit kit = KIT_INIT;
    CLEANUP(submission_release) struct submission submission = {0};
    CLEANUP(strs_release) struct strs tests = {0};
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct stress_options o = {.runs = 20, .load = processors > 0 && processors < LOAD_MAX / 2 ? (unsigned)processors * 2 : 2};
    struct stress s = {.g = g, .lab = &lab, .kit = &kit, .submission = &submission, .tests = &tests};

    cmd_parse(&argp, argc, argv, &o);
    if (!o.path)
        o.path = ".";
    s.mode = cmd_student_mode();
    int status = cmd_load_lab(g, o.lab, &lab, &kit, err);
    if (status == CMD_OK)
        status = cmd_choose_tests(&lab, &o.tests, true, &tests, err);
    if (status == CMD_OK && intake_read(o.path, &lab, s.mode, &submission, err) < 0)
        status = CMD_USAGE;
    if (status == CMD_OK)
        status = stress(&s, &o, err);
    strs_release(&o.tests);
    return status;
}
