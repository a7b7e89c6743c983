/* SPDX-License-Identifier: MIT */
/* check: the student's own run. Public tests only, each verdict as it comes, no score.
 *
 * --watch: every check is a process of its own, so that a save can end one that has become pointless
 * and begin the next. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "batch/grade.h"
#include "cmd/cmd.h"
#include "intake/intake.h"
#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/interrupt.h"
#include "util/text.h"
#include "util/watch.h"

static const struct argp_option options[] = {
    {"test", 't', "NAME", 0, N_("run only this public test (may be given again)"), 0},
    {"watch", 'w', NULL, 0, N_("check again whenever a C file is saved, until Ctrl-C"), 0},
    {0},
};

struct check_options {
    const char *lab, *path;
    struct strs tests;
    bool watch;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct check_options *o = state->input;

    switch (key) {
    case 't':
        strs_add(&o->tests, arg);
        return 0;
    case 'w':
        o->watch = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->path)
            return ARGP_ERR_UNKNOWN;
        *(o->lab ? &o->path : &o->lab) = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void on_progress(void *ctx, const struct stage_progress *p)
{
    const struct cmd_globals *g = ctx;

    if (!p->test)
        return;
    const bool ok = p->test->verdict == VERDICT_PASS;
    printf("%s%-5s%s %s %s\n", !g->colour ? "" : ok ? "\033[32m" : "\033[31m", ok ? "ok" : _("FAIL"), g->colour ? "\033[0m" : "",
           p->test->id, p->test->name);
    (void)fflush(stdout);
}

/* One check, whole. An exit status. */
static int check_once(const struct cmd_globals *g, const struct check_options *o, struct err *err)
{
    CLEANUP(lab_release) struct lab lab = {0};
    CLEANUP(kit_release) struct kit kit = KIT_INIT;
    CLEANUP(submission_release) struct submission submission = {0};
    CLEANUP(strs_release) struct strs tests = {0};
    struct result r;
    int status = cmd_load_lab(g, o->lab, &lab, &kit, err);

    if (status == CMD_OK)
        status = cmd_choose_tests(&lab, &o->tests, false, &tests, err);
    if (status != CMD_OK)
        return status;
    const enum box_mode mode = cmd_student_mode();
    if (intake_read(o->path, &lab, mode, &submission, err) < 0)
        return CMD_USAGE;
    const struct grade_options grade = {
        .only = (const char *const *)tests.v, .progress = on_progress, .progress_ctx = (void *)g, .mode = mode,
    };
    result_init(&r);
    if (grade_submission(&lab, &kit, &submission, &grade, &r, err) < 0) {
        result_release(&r);
        return cmd_status_of(err);
    }
    const struct report_options ro = {.lang = g->lang, .colour = g->colour, .path = o->path, .command = "check"};
    if (report_text(stdout, &lab, &r, &ro) < 0)
        status = CMD_INTERNAL;
    for (size_t i = 0; i < r.tests_n && status == CMD_OK; i++)
        if (strs_has(&tests, r.tests[i].name) && r.tests[i].verdict != VERDICT_PASS)
            status = CMD_HELD;
    if (r.status != STATUS_GRADED && status == CMD_OK)
        status = CMD_HELD;
    result_release(&r);
    return status;
}

/* --watch ------------------------------------------------------------------------------------------ */

static const char *const folders[] = {"src", "include", "tests", NULL}; /* what is read of a submission */

struct running {
    pid_t pid; /* 0: none */
    int pidfd;
};

static _Noreturn void check_child(const struct cmd_globals *g, const struct check_options *o, pid_t parent)
{
    struct err err = {0};
    int status = CMD_INTERNAL;

    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent)
        status = check_once(g, o, &err);
    (void)fflush(stdout);
    if (err.msg[0] && err.code != EINTR)
        (void)fprintf(stderr, "grader: %s\n", err.msg);
    _exit(status);
}

static int start_check(const struct cmd_globals *g, const struct check_options *o, const char *saved, struct running *r,
                       struct err *err)
{
    const pid_t self = getpid();

    if (isatty(STDOUT_FILENO))
        (void)fputs("\033[H\033[2J\033[3J", stdout); /* home, screen, scrollback */
    if (saved) {
        CLEANUP(free_ptr) char *name = text_printable(saved, strlen(saved));
        printf(_("saved: %s"), name);
        putchar('\n');
    }
    (void)fflush(stdout); /* or the child would print it, too */
    r->pid = fork();
    if (r->pid < 0) {
        r->pid = 0;
        return err_errno(err, errno, _("cannot fork"));
    }
    if (r->pid == 0)
        check_child(g, o, self);
    r->pidfd = pidfd_open(r->pid, 0);
    return r->pidfd < 0 ? err_errno(err, errno, "pidfd_open") : 0;
}

/* Waits for the end of the check; asks for it first if it is not wanted any more. Its box is gone
 * when it is: that is why it is asked, and not killed. */
static void end_check(struct running *r, bool ask)
{
    if (!r->pid)
        return;
    if (ask)
        (void)kill(r->pid, SIGTERM);
    while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    close_fd(&r->pidfd);
    r->pid = 0;
}

static void tell_waiting(const struct check_options *o)
{
    CLEANUP(free_ptr) char *path = text_printable(o->path, strlen(o->path));

    putchar('\n');
    printf(_("watching '%s': save a file to check again, Ctrl-C to end"), path);
    putchar('\n');
    (void)fflush(stdout);
}

/* Until a signal says that it is enough. */
static int watch_loop(const struct cmd_globals *g, const struct check_options *o, int watch, struct running *r, struct err *err)
{
    if (start_check(g, o, NULL, r, err) < 0)
        return CMD_INTERNAL;
    for (;;) {
        struct pollfd p[] = {
            {.fd = interrupt_fd(), .events = POLLIN}, {.fd = watch, .events = POLLIN},
            {.fd = r->pid ? r->pidfd : -1, .events = POLLIN},
        };
        if (poll(p, 3, -1) < 0 && errno != EINTR) {
            (void)err_errno(err, errno, "poll");
            return CMD_INTERNAL;
        }
        if (interrupt_signal())
            return 128 + interrupt_signal();
        CLEANUP(free_ptr) char *saved = watch_take(watch, o->path, folders);
        if (saved) {
            end_check(r, true);
            if (start_check(g, o, saved, r, err) < 0)
                return CMD_INTERNAL;
        } else if (r->pid && p[2].revents) {
            end_check(r, false);
            tell_waiting(o);
        }
    }
}

static int check_watch(const struct cmd_globals *g, const struct check_options *o, struct err *err)
{
    CLEANUP(close_fd) int watch = -1;
    struct running running = {.pidfd = -1};
    struct stat st;

    if (stat(o->path, &st) == 0 && !S_ISDIR(st.st_mode)) {
        (void)err_set(err, _("--watch wants a folder, and '%s' is none"), o->path);
        return CMD_USAGE;
    }
    if (watch_open(o->path, folders, &watch, err) < 0)
        return CMD_USAGE;
    int status = watch_loop(g, o, watch, &running, err);
    end_check(&running, true);
    return status;
}

int cmd_check(const struct cmd_globals *g, int argc, char **argv, struct err *err)
{
    static const struct argp argp = {
        options, parse, "[LAB [DIR]]",
        N_("Runs the public tests on your code, in DIR or the folder you stand in, and tells each verdict as it comes. Gives no "
           "score: hidden tests are run by who grades.") "\v" N_("Exit status 0: all passed; 1: not."),
        NULL, NULL, NULL,
    };
    CLEANUP(free_ptr) char *guessed = NULL;
    struct check_options o = {0};
    int status = CMD_OK;

    cmd_parse(&argp, argc, argv, &o);
    if (!o.path)
        o.path = ".";
    if (!o.lab)
        status = cmd_guess_lab(g, o.path, &guessed, err);
    if (!o.lab)
        o.lab = guessed;
    if (status == CMD_OK)
        status = o.watch ? check_watch(g, &o, err) : check_once(g, &o, err);
    strs_release(&o.tests);
    return status;
}
