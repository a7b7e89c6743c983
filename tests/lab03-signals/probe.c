/* SPDX-License-Identifier: MIT */
/* probe: calls the functions of the student's library, as told by its arguments, and prints what it
 * saw. It judges nothing: what is right is known to the tests alone.
 *
 *     numbers NAME...      sig_number of each, a line each
 *     labels CAP N...      sig_label of each: "LENGTH LABEL"
 *     defaults N...        sig_default of each: "TERM", "CORE", ...
 *     alarm LEFT           work_until_alarm for an hour, whose work raises SIGALRM in its third
 *                          round; the caller has a handler, a mask, and an alarm in LEFT seconds
 *                          (0: none; else the first round takes a little more than a second)
 *     reap                 reap_all with five dead children, with none, with a living one
 *     wait pending|set|plain   wait_for_flag for SIGUSR1; the flag is set by its handler
 *     blocked              with_blocked, also nested, with signals that arrive meanwhile
 *     rt-send PID TEXT MS  rt_send
 *     rt-recv CAP MS       rt_recv once: "LENGTH FROM TEXT"
 *     rt-silent            has the channel's signals blocked and answers nothing
 *     rt-raw PID           sends the values that it reads from standard input, one a line, waits for
 *                          the acknowledgement of each, and says from whom: "ack VALUE from it"
 *
 * A function that fails is told as "-1 ERRNO". */
#include "lab03.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t flag, other_calls, deliveries[65];

static int failed(void)
{
    const char *name = strerrorname_np(errno);

    printf("-1 %s\n", name ? name : "0");
    return 0;
}

static void block(int how, const int *sigs, size_t n)
{
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < n; i++)
        (void)sigaddset(&set, sigs[i]);
    (void)sigprocmask(how, &set, NULL);
}

static void handle(int signo, void (*handler)(int))
{
    struct sigaction sa = {.sa_handler = handler};

    (void)sigemptyset(&sa.sa_mask);
    (void)sigaction(signo, &sa, NULL);
}

static void print_set(const sigset_t *set)
{
    int any = 0;

    for (int signo = 1; signo < SIGRTMIN; signo++)
        if (sigismember(set, signo) == 1)
            any += printf(" %s", sigabbrev_np(signo));
    if (!any)
        printf(" -");
}

static void print_mask(void)
{
    sigset_t now;

    (void)sigprocmask(SIG_SETMASK, NULL, &now);
    printf(" mask");
    print_set(&now);
}

/* A. Names ------------------------------------------------------------------------------------- */

static int probe_numbers(char *const names[])
{
    for (; *names; names++) {
        int n = sig_number(*names);

        if (n < 0)
            failed();
        else
            printf("%d\n", n);
    }
    return 0;
}

static int probe_labels(size_t cap, char *const numbers[])
{
    char label[64];

    for (; *numbers; numbers++) {
        (void)memset(label, '?', sizeof(label)); /* a NUL that is seen was put there */
        label[sizeof(label) - 1] = '\0';
        int n = sig_label(atoi(*numbers), label, cap);

        if (n < 0)
            failed();
        else
            printf("%d %s\n", n, label);
    }
    return 0;
}

static int probe_defaults(char *const numbers[])
{
    static const char *const names[] = {
        [ACT_TERM] = "TERM", [ACT_CORE] = "CORE", [ACT_IGN] = "IGN", [ACT_STOP] = "STOP",
        [ACT_CONT] = "CONT",
    };

    for (; *numbers; numbers++) {
        enum sig_act act = ACT_TERM;

        if (sig_default(atoi(*numbers), &act) < 0)
            failed();
        else
            printf("%s\n", act <= ACT_CONT ? names[act] : "?");
    }
    return 0;
}

/* B. work_until_alarm -------------------------------------------------------------------------- */

static void on_other_alarm(int signo)
{
    (void)signo;
    other_calls++;
}

static unsigned callers_alarm;

/* By the clock, because what is left of an alarm is told in whole seconds. */
static void work_long(void)
{
    struct timespec end;

    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += 1 + (end.tv_nsec + 100000000) / 1000000000;
    end.tv_nsec = (end.tv_nsec + 100000000) % 1000000000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
        ;
}

static void work(void *arg)
{
    int *rounds = arg;

    if (++*rounds == 1 && callers_alarm)
        work_long();
    if (*rounds == 3)
        (void)raise(SIGALRM);
    if (*rounds > 1000) { /* it will never end */
        printf("more than 1000 rounds\n");
        exit(0);
    }
}

static int probe_alarm(unsigned left)
{
    struct sigaction now;
    int rounds = 0;
    long result;

    handle(SIGALRM, on_other_alarm);
    block(SIG_SETMASK, (const int[]){SIGUSR1, SIGHUP}, 2);
    callers_alarm = left;
    (void)alarm(left);
    result = work_until_alarm(3600, work, &rounds);
    if (result < 0)
        return failed();
    (void)sigaction(SIGALRM, NULL, &now);
    printf("rounds %ld of %d\n", result, rounds);
    printf("handler %s\n", now.sa_handler == on_other_alarm ? "restored" : "lost");
    printf("alarm %u\n", alarm(0));
    print_mask();
    printf("\n");
    (void)fflush(stdout);
    (void)raise(SIGALRM);
    printf("delivered %d\n", (int)other_calls);
    return 0;
}

/* C. Masks and waiting ------------------------------------------------------------------------- */

static void on_flag(int signo)
{
    (void)signo;
    flag = 1;
}

static int probe_wait(const char *how)
{
    handle(SIGUSR1, on_flag);
    handle(SIGUSR2, on_other_alarm);
    block(SIG_SETMASK, (const int[]){SIGUSR1, SIGHUP}, 2);
    if (strcmp(how, "pending") == 0)
        (void)raise(SIGUSR1);
    if (strcmp(how, "set") == 0)
        flag = 1;
    if (wait_for_flag(&flag, SIGUSR1) < 0)
        return failed();
    printf("0 flag %d", (int)flag);
    print_mask();
    printf("\n");
    return 0;
}

static void count(int signo)
{
    deliveries[signo]++;
}

static void print_counts(const char *when)
{
    printf("%s: USR1 %d USR2 %d HUP %d TERM %d", when, (int)deliveries[SIGUSR1],
           (int)deliveries[SIGUSR2], (int)deliveries[SIGHUP], (int)deliveries[SIGTERM]);
    print_mask();
    printf("\n");
}

static int raise_three(void *arg)
{
    print_counts(arg);
    (void)raise(SIGUSR1);
    (void)raise(SIGUSR2);
    (void)raise(SIGTERM);
    print_counts(arg);
    return 42;
}

static int raise_two(void *arg)
{
    (void)raise(SIGUSR2);
    (void)raise(SIGHUP);
    print_counts(arg);
    return 7;
}

static int call_inner(void *arg)
{
    sigset_t arrived;
    int result;

    (void)sigfillset(&arrived);
    result = with_blocked((const int[]){SIGUSR2, SIGHUP}, 2, raise_two, arg, &arrived);
    printf("inner result %d arrived", result);
    print_set(&arrived);
    printf("\n");
    print_counts("between");
    return result + 1;
}

static int probe_blocked(void)
{
    static char in_first[] = "inside", in_second[] = "innermost";
    sigset_t arrived;
    int result;

    for (int i = 0; i < 4; i++)
        handle((const int[]){SIGUSR1, SIGUSR2, SIGHUP, SIGTERM}[i], count);
    block(SIG_SETMASK, (const int[]){SIGUSR1, SIGTERM}, 2);
    (void)sigfillset(&arrived);
    result = with_blocked((const int[]){SIGUSR1, SIGUSR2}, 2, raise_three, in_first, &arrived);
    if (result < 0)
        return failed();
    printf("result %d arrived", result);
    print_set(&arrived);
    printf("\n");
    print_counts("after");
    block(SIG_SETMASK, NULL, 0);
    print_counts("opened");
    (void)sigfillset(&arrived);
    result = with_blocked((const int[]){SIGUSR2}, 1, call_inner, in_second, &arrived);
    printf("outer result %d arrived", result);
    print_set(&arrived);
    printf("\n");
    print_counts("at the end");
    return 0;
}

/* D. The real-time channel --------------------------------------------------------------------- */

static void block_channel(void)
{
    block(SIG_BLOCK, (const int[]){SIGRTMIN + 1, SIGRTMIN + 2}, 2);
}

static int probe_rt_recv(size_t cap, int timeout_ms)
{
    char buf[RT_MESSAGE_MAX];
    pid_t from = 0;
    ssize_t n;

    block_channel();
    printf("READY\n");
    (void)fflush(stdout);
    n = rt_recv(buf, cap, &from, timeout_ms);
    if (n < 0)
        return failed();
    printf("%zd %ld %.*s\n", n, (long)from, (int)n, buf);
    return 0;
}

static int probe_rt_silent(void)
{
    char c;

    block_channel();
    printf("READY\n");
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
    return 0;
}

static int probe_rt_raw(pid_t to)
{
    siginfo_t info;
    sigset_t acks;
    char line[64];

    block_channel();
    (void)sigemptyset(&acks);
    (void)sigaddset(&acks, SIGRTMIN + 2);
    while (fgets(line, sizeof(line), stdin)) {
        const union sigval value = {.sival_int = (int)strtol(line, NULL, 16)};

        if (sigqueue(to, SIGRTMIN + 1, value) < 0)
            return failed();
        while (sigwaitinfo(&acks, &info) < 0 && errno == EINTR)
            ;
        printf("ack %x %s\n", (unsigned)info.si_value.sival_int,
               info.si_pid == to && info.si_code == SI_QUEUE ? "from it" : "from another");
        (void)fflush(stdout);
    }
    return 0;
}

/* E. Children ---------------------------------------------------------------------------------- */

enum { CHILDREN = 5 };

struct seen {
    pid_t pids[CHILDREN];
    int calls, strange, codes[CHILDREN];
};

static void note(pid_t pid, int wstatus, void *arg)
{
    struct seen *s = arg;
    int i = 0;

    s->calls++;
    while (i < CHILDREN && s->pids[i] != pid)
        i++;
    if (i < CHILDREN && WIFEXITED(wstatus))
        s->codes[i] = WEXITSTATUS(wstatus);
    else
        s->strange++;
}

static int probe_reap(void)
{
    struct seen seen = {.calls = 0};
    int got, ends[2];
    siginfo_t info;
    pid_t pid;

    for (int i = 0; i < CHILDREN; i++) {
        seen.pids[i] = fork();
        if (seen.pids[i] == 0)
            _exit(i + 1);
    }
    for (int i = 0; i < CHILDREN; i++)
        (void)waitid(P_PID, (id_t)seen.pids[i], &info, WEXITED | WNOWAIT);
    got = reap_all(note, &seen);
    if (got < 0) {
        failed();
        while (waitpid(-1, NULL, WNOHANG) > 0) /* nothing was promised */
            ;
        return 0;
    }
    printf("five dead: %d, calls %d, codes", got, seen.calls);
    for (int i = 0; i < CHILDREN; i++)
        printf(" %d", seen.codes[i]);
    printf(", strange %d\n", seen.strange);
    (void)fflush(stdout);
    printf("none: %d\n", reap_all(note, &seen));
    (void)fflush(stdout);
    if (pipe(ends) < 0)
        return failed();
    pid = fork();
    if (pid == 0) {
        char c;

        (void)close(ends[1]);
        (void)!read(ends[0], &c, 1);
        _exit(0);
    }
    (void)close(ends[0]);
    printf("one alive: %d\n", reap_all(note, &seen));
    (void)fflush(stdout);
    (void)close(ends[1]);
    printf("left to us: %d\n", waitpid(pid, NULL, 0) == pid);
    return 0;
}

int main(int argc, char *argv[])
{
    const char *what = argc > 1 ? argv[1] : "";

    if (argc > 2 && strcmp(what, "numbers") == 0)
        return probe_numbers(argv + 2);
    if (argc > 3 && strcmp(what, "labels") == 0)
        return probe_labels((size_t)atoi(argv[2]), argv + 3);
    if (argc > 2 && strcmp(what, "defaults") == 0)
        return probe_defaults(argv + 2);
    if (argc == 3 && strcmp(what, "alarm") == 0)
        return probe_alarm((unsigned)atoi(argv[2]));
    if (argc == 2 && strcmp(what, "reap") == 0)
        return probe_reap();
    if (argc == 3 && strcmp(what, "wait") == 0)
        return probe_wait(argv[2]);
    if (argc == 2 && strcmp(what, "blocked") == 0)
        return probe_blocked();
    if (argc == 5 && strcmp(what, "rt-send") == 0) {
        if (rt_send((pid_t)atoi(argv[2]), argv[3], strlen(argv[3]), atoi(argv[4])) < 0)
            return failed();
        printf("0\n");
        return 0;
    }
    if (argc == 4 && strcmp(what, "rt-recv") == 0)
        return probe_rt_recv((size_t)atoi(argv[2]), atoi(argv[3]));
    if (argc == 2 && strcmp(what, "rt-silent") == 0)
        return probe_rt_silent();
    if (argc == 3 && strcmp(what, "rt-raw") == 0)
        return probe_rt_raw((pid_t)atoi(argv[2]));
    fprintf(stderr, "usage: probe WHAT [ARGUMENT...]\n");
    return 2;
}
