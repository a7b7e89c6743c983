/* SPDX-License-Identifier: MIT */
/* test: the life of one test: its folder and user, its failure, its end. */
#include "inside.h"

#include <criterion/internal/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct test lab = {.factor = 1};

static const char *const kind_names[] = {
    [KIND_HANG] = "hang",   [KIND_DIED] = "died",   [KIND_EXIT] = "exit",
    [KIND_BYTES] = "bytes", [KIND_COUNT] = "count", [KIND_ORDER] = "order",
    [KIND_AWAKE] = "awake", [KIND_LEFTOVER] = "leftover", [KIND_LIMIT] = "limit", [KIND_STATE] = "state",
};

const char *kind_name(enum kind kind)
{
    return kind_names[kind];
}

void lab_at(const char *file, int line)
{
    lab.file = file;
    lab.line = line;
}

void clue(const char *key)
{
    lab.clue = key;
}

bool under_memcheck(void)
{
    return lab.memcheck;
}

/* Set-up ---------------------------------------------------------------------------------------- */

static char *absolute(const char *path)
{
    char *cwd = getcwd(NULL, 0);
    const char *s;

    if (path[0] == '/' || !cwd)
        return copy_text(path);
    s = text("%s/%s", cwd, path);
    free(cwd);
    return (char *)s;
}

static long number_of(const char *variable, long otherwise)
{
    const char *s = getenv(variable);
    char *end;
    long n;

    if (!s || !*s)
        return otherwise;
    errno = 0;
    n = strtol(s, &end, 10);
    if (errno || *end || n < 0)
        broken("%s=%s is not a number", variable, s);
    return n;
}

static double time_factor(void)
{
    const char *s = getenv("LAB_TIME_FACTOR");
    double factor = s && *s ? strtod(s, NULL) : 1;

    if (!(factor > 0.001 && factor < 1000))
        broken("LAB_TIME_FACTOR=%s is not a number", s);
    return factor;
}

static char *beside_runner(const char *name)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

    if (n < 0)
        return copy_text(name);
    exe[n] = '\0';
    *(strrchr(exe, '/') + 1) = '\0';
    return (char *)text("%s%s", exe, name);
}

/* The folder, and with it the user: the first number that nobody has taken. */
static void take_folder(void)
{
    const char *work = getenv("LAB_WORK"), *tmp = getenv("TMPDIR");
    long first = number_of("LAB_FIRST_UID", 0), number = first ? first : 1;

    if (!work || !*work) {
        lab.folder = (char *)text("%s/lab-%s-XXXXXX", tmp && *tmp ? tmp : "/tmp", lab.name);
        if (!mkdtemp(lab.folder))
            broken("cannot make a folder %s: %s", lab.folder, strerror(errno));
    } else {
        char *base = absolute(work);

        for (;; number++) {
            lab.folder = (char *)text("%s/%ld", base, number);
            if (mkdir(lab.folder, 0700) == 0)
                break;
            if (errno != EEXIST)
                broken("cannot make a folder %s: %s", lab.folder, strerror(errno));
        }
    }
    lab.memcheck = getenv("LAB_MEMCHECK") && *getenv("LAB_MEMCHECK");
    if (lab.memcheck) {
        lab.uid = (uid_t)number_of("LAB_MEMCHECK_UID", 0);
    } else if (first) {
        lab.uid = (uid_t)number;
        lab.own_uid = true;
    }
    if (lab.uid && chown(lab.folder, lab.uid, lab.uid) < 0)
        broken("cannot give %s to user %d: %s", lab.folder, (int)lab.uid, strerror(errno));
}

/* A worker that hangs in spite of all deadlines is our fault, and must not keep the others waiting.
 * SIGKILL cannot be blocked, handled, or slept through by a stopped process. */
static timer_t watchdog;

static void set_watchdog(void)
{
    struct itimerspec spec = {.it_value.tv_sec = (time_t)(WATCHDOG * DEADLINE_MS * lab.factor / 1000) + 1};

    if (timer_settime(watchdog, 0, &spec, NULL) < 0)
        broken("cannot set the watchdog: %s", strerror(errno));
}

static void make_watchdog(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};

    if (timer_create(CLOCK_MONOTONIC, &event, &watchdog) < 0)
        broken("cannot make the watchdog: %s", strerror(errno));
    set_watchdog();
}

void test_clock_restart(void)
{
    lab.begin_ns = now_ns();
    set_watchdog();
}

static void set_up(const char *name)
{
    const char *programs = getenv("LAB_PROGRAMS"), *helpers = getenv("LAB_PEERS");

    lab.name = name;
    lab.begin_ns = now_ns();
    lab.tail = &lab.procs;
    lab.factor = time_factor();
    lab.programs = absolute(programs && *programs ? programs : "build");
    lab.helpers = helpers && *helpers ? absolute(helpers) : beside_runner("peers");
    (void)umask(022);
    (void)signal(SIGPIPE, SIG_IGN);
    take_folder();
    if (lab.memcheck)
        lab.factor *= MEMCHECK_FACTOR;
    make_watchdog();
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        broken("cannot become a subreaper: %s", strerror(errno));
    if (chdir(lab.folder) < 0)
        broken("cannot enter %s: %s", lab.folder, strerror(errno));
}

/* Its end ----------------------------------------------------------------------------------------- */

static bool all_ended(void)
{
    for (const struct proc *p = lab.procs; p; p = p->next)
        if (!p->ended || p->killed)
            return false;
    return true;
}

static void clean_up(bool charge)
{
    audit(charge);
    under_finish();
    proc_records();
    if (chdir("/") == 0)
        (void)rmdir(lab.folder);
}

/* A program that died although nobody meant it to is the better explanation of whatever the test
 * saw: a server that crashed looks like a closed socket. */
static const struct proc *unexpected_death(void)
{
    for (const struct proc *p = lab.procs; p; p = p->next) {
        if (!p->ended || p->awaited || p->killed || !p->student || !WIFSIGNALED(p->status))
            continue;
        if (WTERMSIG(p->status) >= 64 || !(p->sent >> WTERMSIG(p->status) & 1))
            return p;
    }
    return NULL;
}

/* Likewise one that gave up; but what the test itself judged (it has a condition) was seen as it
 * was. */
static const struct proc *unexpected_end(void)
{
    for (const struct proc *p = lab.procs; p; p = p->next)
        if (p->ended && !p->awaited && p->student && WIFEXITED(p->status)
            && WEXITSTATUS(p->status) != 0 && !p->sent)
            return p;
    return NULL;
}

static void send_failure(enum kind kind, const char *key, const char *message,
                         const char *signature, json_t *lines)
{
    json_t *r = json_pack("{s:s, s:s, s:s}", "record", "failure", "test", lab.name, "kind",
                          kind_name(kind));

    if (key)
        (void)json_object_set_new(r, "clue", json_text(key));
    (void)json_object_set_new(r, "message", json_text(message));
    (void)json_object_set_new(r, "signature", json_text(signature));
    if (lines)
        (void)json_object_set(r, "explain", lines);
    record_send(r);
}

static _Noreturn void end_failed(const char *message)
{
    struct criterion_assert_stats stats = {
        .message = message, .passed = false, .line = (unsigned)lab.line, .file = lab.file};

    criterion_send_assert(&stats);
    criterion_abort_test();
}

/* A program that is still the template's says so itself, and then no other hint is worth reading. */
static bool is_stub(void)
{
    for (const struct proc *p = lab.procs; p; p = p->next)
        if (p->student && p->ended && p->err.data && strstr(p->err.data, ": not implemented\n"))
            return true;
    return false;
}

/* What was seen without the values: "%d of %d bytes" -> "… of … bytes". The same from run to run, and
 * what a student may read of a hidden test. */
static const char *without_values(const char *format)
{
    char *plain = grab(3 * strlen(format) + 1), *to = plain;

    for (const char *p = format; *p; p++) {
        if (*p != '%') {
            *to++ = *p;
        } else if (p[1] == '%') {
            *to++ = *p++;
        } else {
            p += 1 + strspn(p + 1, "-+ #0123456789.*hljztL");
            to = stpcpy(to, "…");
            if (!*p)
                break;
        }
    }
    *to = '\0';
    return plain;
}

void lab_vfail(enum kind kind, const char *condition, const char *key, const char *signature,
               const char *format, va_list ap)
{
    const struct proc *culprit = NULL;
    char *message = NULL, *who_waits = NULL;
    json_t *lines = NULL;

    if (lab.ending) /* while cleaning up: nothing is left that could be judged */
        end_failed("error: a check failed while the test was ending");
    lab.ending = true;
    if (vasprintf(&message, format, ap) < 0)
        message = copy_text("out of memory");
    if (kind == KIND_HANG) {
        lines = explain(&who_waits);
        if (!signature)
            signature = who_waits;
    } else {
        (void)settle();
        culprit = kind == KIND_DIED ? NULL : unexpected_death();
    }
    if (culprit) {
        kind = KIND_DIED;
        message = (char *)text("%s %s; %s", culprit->name, ending_of(culprit->status), message);
        signature = text("%s: %s", culprit->name, signal_name(WTERMSIG(culprit->status)));
    } else if (!condition && kind != KIND_HANG && kind != KIND_EXIT
               && (culprit = unexpected_end())) {
        kind = KIND_EXIT;
        message = (char *)text("%s %s too early; %s", culprit->name, ending_of(culprit->status),
                               message);
        signature = text("%s: ended with %d too early", culprit->name,
                         WEXITSTATUS(culprit->status));
    }
    under_failed();
    if (!signature)
        signature = condition && *condition && kind != KIND_STATE ? condition : without_values(format);
    send_failure(kind, is_stub() ? "not-implemented" : key ? key : lab.clue, message, signature, lines);
    if (!record_wanted() && lines) { /* at a student's desk the runner's output is all there is */
        size_t i;
        json_t *line;

        json_array_foreach(lines, i, line)
            message = (char *)text("%s\n    %s", message,
                                   json_string_value(json_object_get(line, "text")));
    }
    clean_up(all_ended());
    end_failed(text("%s: %s", kind_name(kind), message));
}

void lab_fail(enum kind kind, const char *condition, const char *key, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    lab_vfail(kind, condition, key, NULL, format, ap);
}

void fail_signed(enum kind kind, const char *signature, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    lab_vfail(kind, NULL, NULL, signature, format, ap);
}

void broken(const char *format, ...)
{
    va_list ap;
    char *message = NULL;

    va_start(ap, format);
    if (vasprintf(&message, format, ap) < 0)
        message = copy_text("out of memory");
    va_end(ap);
    if (!lab.name) { /* in the runner: nothing can be said but on its standard error */
        (void)fprintf(stderr, "harness: %s\n", message);
        _exit(3);
    }
    if (!lab.ending) {
        lab.ending = true;
        if (lab.folder)
            clean_up(false);
    }
    end_failed(text("error: %s", message));
}

void lab_test_run(const char *name, void (*body)(void))
{
    const struct proc *culprit;
    bool charge;

    set_up(name);
    body();
    (void)settle();
    culprit = unexpected_death();
    if (culprit)
        fail_signed(KIND_DIED,
                    text("%s: %s", culprit->name, signal_name(WTERMSIG(culprit->status))), "%s %s",
                    culprit->name, ending_of(culprit->status));
    lab.ending = true;
    charge = true;
    for (const struct proc *p = lab.procs; p; p = p->next)
        charge &= !p->killed;
    clean_up(charge);
    cri_asserts_passed_incr(); /* see hooks.c: without it the test has not passed */
}

/* Criterion runs this after an assertion of its own has failed, too. */
void lab_test_end(void)
{
    if (lab.ending || !lab.folder)
        return;
    lab.ending = true;
    clean_up(false);
}

/* Checks ----------------------------------------------------------------------------------------- */

void check_int(long long got, long long want, const char *key, const char *what)
{
    if (got != want)
        lab_fail(KIND_COUNT, what, key, "%s: %lld instead of %lld", what, got, want);
}

void check_bytes(const void *got, size_t got_size, const void *want, size_t want_size,
                 const char *key, const char *what)
{
    if (got_size != want_size || memcmp(got, want, want_size) != 0)
        lab_fail(KIND_BYTES, what, key, "%s: %s", what,
                 difference(got, got_size, want, want_size));
}

void check_str(const char *got, const char *want, const char *key, const char *what)
{
    if (!got)
        lab_fail(KIND_BYTES, what, key, "%s: nothing instead of %s", what,
                 quoted(want, strlen(want), 60));
    check_bytes(got, strlen(got), want, strlen(want), key, what);
}
