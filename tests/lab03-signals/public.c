/* SPDX-License-Identifier: MIT */
/* The public tests of lab03. Each checks what its row in lab.yaml says and tolerates the rest. */
#include "signals.h"

/* A. Names and default actions ----------------------------------------------------------------- */

/* SIGIO is not among them: it has two names, IO and POLL. */
static const struct {
    const char *name;
    int signo;
    const char *act;
} standard[] = {
    {"HUP", SIGHUP, "TERM"},   {"INT", SIGINT, "TERM"},   {"QUIT", SIGQUIT, "CORE"},
    {"ILL", SIGILL, "CORE"},   {"TRAP", SIGTRAP, "CORE"}, {"ABRT", SIGABRT, "CORE"},
    {"BUS", SIGBUS, "CORE"},   {"FPE", SIGFPE, "CORE"},   {"KILL", SIGKILL, "TERM"},
    {"USR1", SIGUSR1, "TERM"}, {"SEGV", SIGSEGV, "CORE"}, {"USR2", SIGUSR2, "TERM"},
    {"PIPE", SIGPIPE, "TERM"}, {"ALRM", SIGALRM, "TERM"}, {"TERM", SIGTERM, "TERM"},
    {"STKFLT", SIGSTKFLT, "TERM"}, {"CHLD", SIGCHLD, "IGN"}, {"CONT", SIGCONT, "CONT"},
    {"STOP", SIGSTOP, "STOP"}, {"TSTP", SIGTSTP, "STOP"}, {"TTIN", SIGTTIN, "STOP"},
    {"TTOU", SIGTTOU, "STOP"}, {"URG", SIGURG, "IGN"},    {"XCPU", SIGXCPU, "CORE"},
    {"XFSZ", SIGXFSZ, "CORE"}, {"VTALRM", SIGVTALRM, "TERM"}, {"PROF", SIGPROF, "TERM"},
    {"WINCH", SIGWINCH, "IGN"}, {"PWR", SIGPWR, "TERM"},  {"SYS", SIGSYS, "CORE"},
};
enum { STANDARD = sizeof(standard) / sizeof(standard[0]) };

/* Line by line: a failure quotes the first line that is wrong. */
static void check_lines(struct proc *p, const char *const asked[], const char *const want[], int n,
                        const char *call)
{
    for (int i = 0; i < n; i++)
        check_str(written(next_line(p)), want[i], NULL, text("%s of %s", call, asked[i]));
    expect_exit(p, 0);
}

LAB_TEST(public, sig_names)
{
    static const char *const bad[] = {"", "SIG", "FOO", "INTX", "int", "0", "-1", "2x", "1000",
                                      "RTMIN+", "RTMIN+x", "RTMIN+99"};
    enum { BAD = sizeof(bad) / sizeof(bad[0]), MAX = 80 };
    const char *argv[MAX], *want[MAX];
    int n = 0, realtime = SIGRTMAX - SIGRTMIN + 1;

    clue("signal-table");
    argv[n++] = "probe";
    argv[n++] = "numbers";
    for (int i = 0; i < STANDARD; i++) {
        want[n - 2] = text("%d", standard[i].signo);
        argv[n++] = i % 2 ? standard[i].name : text("SIG%s", standard[i].name);
    }
    want[n - 2] = text("%d", SIGINT);
    argv[n++] = text("%d", SIGINT);
    argv[n] = NULL;
    check_lines(start_argv(NULL, argv), argv + 2, want, n - 2, "sig_number");

    clue("realtime-names");
    n = 2;
    for (int i = 0; i < realtime; i++) {
        want[n - 2] = text("%d", SIGRTMIN + i);
        argv[n++] = text(i % 2 ? "SIGRTMIN+%d" : "RTMIN+%d", i);
    }
    argv[n] = NULL;
    check_lines(start_argv(NULL, argv), argv + 2, want, n - 2, "sig_number");

    clue("bad-names");
    n = 2;
    for (int i = 0; i < BAD; i++) {
        want[i] = "-1 EINVAL";
        argv[n++] = bad[i];
    }
    argv[n] = NULL;
    check_lines(start_argv(NULL, argv), argv + 2, want, BAD, "sig_number");

    clue("signal-table");
    argv[1] = "labels";
    argv[2] = "16";
    n = 3;
    for (int i = 0; i < STANDARD; i++) {
        want[n - 3] = text("%zu %s", strlen(standard[i].name), standard[i].name);
        argv[n++] = text("%d", standard[i].signo);
    }
    argv[n] = NULL;
    check_lines(start_argv(NULL, argv), argv + 3, want, n - 3, "sig_label");
    clue("realtime-names");
    n = 3;
    for (int i = 0; i < realtime; i++) {
        want[n - 3] = text("%zu RTMIN+%d", strlen(text("RTMIN+%d", i)), i);
        argv[n++] = text("%d", SIGRTMIN + i);
    }
    want[n - 3] = "-1 EINVAL";
    argv[n++] = text("%d", SIGRTMAX + 1);
    want[n - 3] = "-1 EINVAL";
    argv[n++] = "0";
    argv[n] = NULL;
    check_lines(start_argv(NULL, argv), argv + 3, want, n - 3, "sig_label");
    clue("label-room");
    check_lines(start("probe", "labels", "6", text("%d", SIGVTALRM), NULL),
                (const char *[]){"VTALRM"}, (const char *[]){"-1 ERANGE"}, 1,
                "sig_label with 6 bytes");
    check_lines(start("probe", "labels", "7", text("%d", SIGVTALRM), NULL),
                (const char *[]){"VTALRM"}, (const char *[]){"6 VTALRM"}, 1,
                "sig_label with 7 bytes");

    clue("default-actions");
    argv[1] = "defaults";
    n = 2;
    for (int i = 0; i < STANDARD; i++) {
        want[n - 2] = standard[i].act;
        argv[n++] = text("%d", standard[i].signo);
    }
    want[n - 2] = "TERM";
    argv[n++] = text("%d", SIGIO);
    want[n - 2] = "TERM";
    argv[n++] = text("%d", SIGRTMIN);
    want[n - 2] = "-1 EINVAL";
    argv[n++] = "0";
    argv[n] = NULL;
    check_lines(start_argv(NULL, argv), argv + 2, want, n - 2, "sig_default");
}

/* B. Survivor ---------------------------------------------------------------------------------- */

LAB_TEST(public, survivor_int_term)
{
    struct proc *p;

    clue("usage");
    expect_usage(start("survivor", "-a", "soon", NULL));
    p = ready(NULL, "survivor", "-a", "1000");
    clue("one-shot-handler");
    send_signal(p, SIGINT);
    expect_next_line(p, "INT 1");
    send_signal(p, SIGINT);
    expect_next_line(p, "INT 2");
    clue("term-refused");
    send_signal(p, SIGTERM);
    expect_next_line(p, "TERM refused");
    clue("one-shot-handler");
    send_signal(p, SIGINT);
    expect_next_line(p, "INT 3");
    check(!has_ended(p), NULL, "survivor has ended");
    send_signal(p, SIGKILL);
    (void)await_exit(p);
}

static bool says_ready(void *file)
{
    return strncmp(file_text(file, NULL), "READY", 5) == 0 && strchr(file_text(file, NULL), '\n');
}

LAB_TEST(public, survivor_alarm_kill)
{
    struct start to_first = {.stdout_file = "first"}, to_second = {.stdout_file = "second"};
    struct proc *by_clock, *by_signal;
    static char second[] = "second";

    clue("output-lost");
    by_clock = start_with(&to_first, "survivor", "-a", "1", NULL);
    by_signal = start_with(&to_second, "survivor", "-a", "1000", NULL);
    await(says_ready, second, "survivor to be READY");
    send_signal(by_signal, SIGALRM);
    clue("not-killed");
    expect_killed_by(by_signal, SIGKILL);
    check_str(file_text("second", NULL), text("READY %d\nALARM\n", (int)pid_of(by_signal)),
              "output-lost", "what survivor has written into a file");
    expect_killed_by(by_clock, SIGKILL);
    check_str(file_text("first", NULL), text("READY %d\nALARM\n", (int)pid_of(by_clock)),
              "output-lost", "what survivor -a 1 has written into a file");
}

LAB_TEST(public, work_until_alarm)
{
    static const char same_handler[] = "handler restored";
    struct proc *p;
    const char *line;
    long left;

    clue("work-rounds");
    p = start("probe", "alarm", "3000", NULL);
    check_str(written(next_line(p)), "rounds 3 of 3", NULL, "work_until_alarm");
    clue("alarm-borrowed");
    check_str(next_line(p), same_handler, NULL, "the caller's handler of SIGALRM");
    line = next_line(p);
    left = strncmp(line, "alarm ", 6) == 0 ? atol(line + 6) : -1;
    check(left > 0 && left <= 3000, NULL,
          "the caller's alarm, in 3000 seconds, is afterwards one in %ld seconds (0: none)", left);
    check(left < 3000, "alarm-less-time",
          "the caller's alarm is as far away as before, and the work has taken more than a second");
    check_str(next_line(p), " mask HUP USR1", NULL, "the caller's mask");
    check_str(next_line(p), "delivered 1", NULL, "SIGALRM for the caller's handler");
    expect_exit(p, 0);

    p = start("probe", "alarm", "0", NULL);
    check_str(said_by(p), "rounds 3 of 3\nhandler restored\nalarm 0\n mask HUP USR1\ndelivered 1\n",
              NULL, "work_until_alarm for a caller without an alarm");
}

/* C. Masked ------------------------------------------------------------------------------------ */

LAB_TEST(public, masked_pending)
{
    const char *line;
    struct proc *p;

    clue("usage");
    expect_usage(start("masked", "surplus", NULL));
    p = ready(NULL, "masked");
    clue("not-blocked");
    await_blocked(p, ~0);
    check(signal_blocked(p, SIGINT) && signal_blocked(p, SIGQUIT), NULL,
          "INT and QUIT are not in the mask of masked while it waits");
    for (int i = 0; i < 3; i++)
        send_signal(p, SIGINT);
    send_signal(p, SIGQUIT);
    check(signal_pending(p, SIGINT) && signal_pending(p, SIGQUIT), NULL,
          "INT and QUIT were sent and are not pending");
    send_signal(p, SIGUSR1);
    expect_next_line(p, "PENDING INT QUIT");
    clue("hup-handled");
    send_signal(p, SIGHUP);
    expect_next_line(p, "HUP 1");
    clue("handlers-first");
    send_signal(p, SIGUSR2);
    line = next_line(p); /* one that lives */
    check_str(line, "INT 1", "signals-merge",
              "the line for three SIGINT that were sent while blocked");
    expect_next_line(p, "QUIT 1");
    clue("blocked-again");
    send_signal(p, SIGUSR1);
    expect_next_line(p, "PENDING -");
    send_signal(p, SIGQUIT);
    send_signal(p, SIGUSR1);
    expect_next_line(p, "PENDING QUIT");
    send_signal(p, SIGHUP);
    expect_next_line(p, "HUP 2");
    send_signal(p, SIGUSR2);
    expect_next_line(p, "QUIT 1");
    clue(NULL);
    stop(p);
}

/* D. Led and button ---------------------------------------------------------------------------- */

/* Presses five times while the led cannot look, and says what it has counted. */
static void press_frozen(const char *option, const char *const lit[], const char *presses)
{
    struct proc *led = ready(NULL, "led"), *button;
    const char *pid = text("%d", (int)pid_of(led));

    freeze(led);
    button = option ? start("button", option, pid, "5", NULL) : start("button", pid, "5", NULL);
    expect_exit(button, 0);
    thaw(led);
    expect_idle(led);
    send_signal(led, SIGTERM);
    (void)await_exit(led);
    check(strstr(stdout_of(led), presses), NULL,
          "led says %s after five presses while it was stopped, not %s",
          strstr(stdout_of(led), "presses=") ? text("%.12s", strstr(stdout_of(led), "presses="))
                                             : "nothing",
          presses);
    for (int i = 0; lit[i]; i++)
        expect_next_line(led, lit[i]);
    expect_exit(led, 0);
}

LAB_TEST(public, led_std_vs_rt)
{
    static const char *const once[] = {"LED on", NULL};
    static const char *const five[] = {"LED on", "LED off", "LED on", "LED off", "LED on", NULL};
    struct proc *gone;

    clue("usage");
    expect_usage(start("led", "surplus", NULL));
    expect_usage(start("button", "1", NULL));
    expect_usage(start("rtsend", "1", NULL));
    expect_usage(start("rtrecv", "-n", "many", NULL));
    clue("signals-merge");
    press_frozen(NULL, once, "presses=1\n");
    clue("realtime-counted");
    press_frozen("-r", five, "presses=5\n");
    clue("nobody-there");
    gone = start_with(&(struct start){.from = FROM_PATH}, "true", NULL);
    expect_exit(gone, 0);
    expect_complaint(start("button", text("%d", (int)pid_of(gone)), "1", NULL), 3);
}

/* E. Children ---------------------------------------------------------------------------------- */

LAB_TEST(public, reap_all)
{
    struct proc *p = start("probe", "reap", NULL);

    clue("one-wait-per-signal");
    check_str(written(next_line(p)), "five dead: 5, calls 5, codes 1 2 3 4 5, strange 0", NULL,
              "reap_all with five dead children");
    clue("reap-none");
    check_str(next_line(p), "none: 0", NULL, "reap_all without children");
    clue("reap-waits");
    check_str(next_line(p), "one alive: 0", NULL, "reap_all with a living child");
    check_str(next_line(p), "left to us: 1", NULL, "the living child, afterwards");
    expect_exit(p, 0);
}

LAB_TEST(public, supervise_basic)
{
    static const char three[] = "exit 3\n", die[] = "kill -9 $$\n";
    static const char look[] = "test /proc/self/fd/0 -ef /dev/null\n";
    static const char commands[] = "true\nsh three\n\n  sh \t die  \nno-such-program here\nsh look\n";
    static const char the_end[] = "the line for the end of a command";
    static const char *const env[] = {PARENT_FIRST, NULL};
    struct start typed = {.stdin_file = "commands", .env = env};
    struct story said = {.jobs = 5};
    struct proc *p;

    clue("usage");
    expect_usage(start("supervise", "-j", "none", NULL));
    expect_usage(start("supervise", "true", NULL));
    make_file("three", three, sizeof(three) - 1);
    make_file("die", die, sizeof(die) - 1);
    make_file("look", look, sizeof(look) - 1);
    make_file("commands", commands, sizeof(commands) - 1);

    clue("supervise-lines");
    p = said.p = start_with(&typed, "supervise", NULL);
    check_str(end_of(&said, 1), "EXIT 1 0", NULL, the_end);
    check_str(end_of(&said, 2), "EXIT 2 3", NULL, the_end);
    clue("signalled-child");
    check_str(end_of(&said, 3), "SIGNAL 3 KILL", NULL, the_end);
    clue("missing-program");
    check_str(end_of(&said, 4), "EXIT 4 127", NULL, the_end);
    check_str(end_of(&said, 5), "EXIT 5 0", "command-stdin",
              "the end of a command that looks whether its standard input is /dev/null");
    clue("supervise-lines");
    expect_next_line(p, "DONE ok=2 failed=2 killed=1");
    expect_exit(p, 1);

    p = start("supervise", NULL);
    expect_exit(p, 0);
    expect_output(p, "DONE ok=0 failed=0 killed=0\n");
}
