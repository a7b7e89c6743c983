/* SPDX-License-Identifier: MIT */
/* The hidden tests of lab03. Each checks what its row in lab.yaml says and tolerates the rest. */
#include "signals.h"

/* B. Handlers ---------------------------------------------------------------------------------- */

/* What the guard (wrap.c) has noted in this file. */
static void check_guard(const char *file, const char *program)
{
    const char *notes = file_text(file, NULL), *other = notes;

    while (strncmp(other, "errno\n", 6) == 0)
        other += 6;
    check(!*other, "unsafe-in-handler", "a handler of %s calls %.*s", program,
          (int)strcspn(other, "\n"), other);
    check(!*notes, "errno-in-handler", "a handler of %s leaves errno changed", program);
}

/* How to start a program whose handlers are guarded. Its commands are not what this is about. */
static const struct start *guarded(const char *file, const char *commands)
{
    struct start *how = bytes_of(0, sizeof(*how));
    const char **env = bytes_of(0, 3 * sizeof(*env));

    make_file(file, "", 0);
    env[0] = text("LAB_GUARD=%s", file);
    env[1] = PARENT_FIRST;
    how->env = env;
    how->stdin_file = commands;
    return how;
}

static void send_and_await(struct proc *p, int sig)
{
    send_signal(p, sig);
    await_signal_taken(p, sig);
}

LAB_TEST(hidden, handler_safety)
{
    static const char commands[] = "true\nsh stay\n", stay[] = "read line <go\n";
    struct proc *p;

    p = ready(guarded("g1", NULL), "survivor", "-a", "1000");
    send_and_await(p, SIGINT);
    send_and_await(p, SIGTERM);
    send_signal(p, SIGALRM);
    (void)await_exit(p);
    check_guard("g1", "survivor");

    p = ready(guarded("g2", NULL), "masked");
    send_and_await(p, SIGHUP);
    send_signal(p, SIGINT);
    send_signal(p, SIGQUIT);
    send_and_await(p, SIGUSR1);
    send_and_await(p, SIGUSR2);
    await_signal_taken(p, SIGQUIT);
    finish(p);
    check_guard("g2", "masked");

    p = ready(guarded("g3", NULL), "led");
    send_and_await(p, SIGUSR1);
    queue_signal(p, SIGRTMIN, 0);
    await_signal_taken(p, SIGRTMIN);
    finish(p);
    check_guard("g3", "led");

    make_file("commands", commands, sizeof(commands) - 1);
    make_file("stay", stay, sizeof(stay) - 1);
    make_fifo("go");
    p = start_with(guarded("g4", "commands"), "supervise", "-j", "2", NULL);
    await_line(p, "EXIT 1 0"); /* the other one stays */
    send_signal(p, SIGUSR1);
    close_sock(write_fifo("go"));
    (void)await_exit(p);
    check_guard("g4", "supervise");
    /* And a last child: waitpid then fails inside a handler that reaps until nothing is left. */
    make_file("commands", commands, 5);
    p = start_with(guarded("g5", "commands"), "supervise", NULL);
    await_line(p, "DONE ok=1 failed=0 killed=0");
    (void)await_exit(p);
    check_guard("g5", "supervise");
}

/* C. Waiting ----------------------------------------------------------------------------------- */

#define RIVAL "rival-was-here"

/* A signal that lands just before the program goes to sleep. */
static const struct start *with_rival(int sig)
{
    struct start *how = bytes_of(0, sizeof(*how));
    const char **env = bytes_of(0, 2 * sizeof(*env));

    env[0] = text("LAB_RIVAL=%d:" RIVAL, sig);
    how->env = env;
    (void)unlink(RIVAL);
    expected_file(RIVAL);
    return how;
}

struct rival {
    struct proc *p;
    int sig;
};

/* It has come; or the program sleeps without having met it, and expects the signal. */
static bool rival_is_past(void *arg)
{
    const struct rival *r = arg;

    return has_ended(r->p) || exists(RIVAL)
           || (blocked_in(r->p, ~0) && (signal_caught(r->p, r->sig) || signal_blocked(r->p, r->sig)));
}

/* Whoever sleeps in a call that the rival does not know gets the signal now: nothing can have been lost. */
static struct proc *after_rival(struct proc *p, int sig)
{
    struct rival r = {p, sig};

    await(rival_is_past, &r, "the program to go to sleep");
    if (!exists(RIVAL) && !has_ended(p))
        send_signal(p, sig);
    return p;
}

LAB_TEST(hidden, lost_wakeup)
{
    static const char done[] = "0 flag 1 mask HUP USR1\n";
    struct proc *p;

    clue("lost-wakeup");
    check_str(said_by(start("probe", "wait", "set", NULL)), done, NULL,
              "wait_for_flag when the flag is set already");
    check_str(said_by(start("probe", "wait", "pending", NULL)), done, NULL,
              "wait_for_flag when the signal is pending already");
    p = after_rival(start_with(with_rival(SIGUSR1), "probe", "wait", "plain", NULL), SIGUSR1);
    check_str(said_by(p), done, NULL,
              "wait_for_flag when the signal arrives just before it sleeps");

    clue("busy-waiting");
    p = start("probe", "wait", "plain", NULL);
    expect_idle(p);
    clue("wait-until-flag");
    send_signal(p, SIGUSR2); /* handled, but not what it waits for */
    expect_idle(p);
    check(!has_ended(p), NULL, "wait_for_flag has returned, and the flag is not set");
    send_signal(p, SIGUSR1);
    check_str(said_by(p), done, NULL, "wait_for_flag after two signals");

    clue("busy-waiting");
    p = ready(NULL, "survivor", "-a", "1000");
    expect_idle(p);
    send_signal(p, SIGKILL);
    (void)await_exit(p);
    p = ready(NULL, "masked");
    expect_idle(p);
    finish(p);

    clue("lost-wakeup");
    p = after_rival(ready(with_rival(SIGINT), "survivor", "-a", "1000"), SIGINT);
    expect_next_line(p, "INT 1");
    send_signal(p, SIGKILL);
    (void)await_exit(p);
    p = after_rival(ready(with_rival(SIGHUP), "masked"), SIGHUP);
    expect_next_line(p, "HUP 1");
    finish(p);
}

LAB_TEST(hidden, mask_restore)
{
    struct proc *p = start("probe", "blocked", NULL);

    clue("mask-added");
    check_str(written(next_line(p)), "inside: USR1 0 USR2 0 HUP 0 TERM 0 mask USR1 USR2 TERM", NULL,
              "inside with_blocked");
    check_str(next_line(p), "inside: USR1 0 USR2 0 HUP 0 TERM 0 mask USR1 USR2 TERM", NULL,
              "there, after one of each was raised");
    clue("arrived-set");
    check_str(next_line(p), "result 42 arrived USR1 USR2", NULL, "what with_blocked tells");
    clue("mask-restored");
    check_str(next_line(p), "after: USR1 0 USR2 1 HUP 0 TERM 0 mask USR1 TERM", NULL,
              "after with_blocked");
    check_str(next_line(p), "opened: USR1 1 USR2 1 HUP 0 TERM 1 mask -", NULL,
              "after the caller's own unblocking");
    check_str(next_line(p), "innermost: USR1 1 USR2 1 HUP 0 TERM 1 mask HUP USR2", NULL,
              "inside a call of with_blocked in another one");
    clue("arrived-set");
    check_str(next_line(p), "inner result 7 arrived HUP USR2", NULL, "what the inner call tells");
    clue("mask-restored");
    check_str(next_line(p), "between: USR1 1 USR2 1 HUP 1 TERM 1 mask USR2", NULL,
              "between the end of the inner call and that of the outer one");
    clue("arrived-set");
    check_str(next_line(p), "outer result 8 arrived USR2", NULL, "what the outer call tells");
    clue("mask-restored");
    check_str(next_line(p), "at the end: USR1 1 USR2 2 HUP 1 TERM 1 mask -", NULL, "at the end");
    expect_exit(p, 0);
}

/* E. Supervise --------------------------------------------------------------------------------- */

/* Opens a gate. */
static void release(const char *go)
{
    close_sock(write_fifo(go));
}

LAB_TEST(hidden, supervise_concurrency)
{
    enum { JOBS = 6 };
    static const char the_end[] = "the line for the end of a command";
    const char *commands = "";
    struct story said = {.jobs = JOBS};
    struct sock *here;
    struct proc *p;

    make_fifo("here");
    here = serve_fifo("here");
    for (int i = 1; i <= JOBS; i++) {
        make_fifo(text("go%d", i));
        commands = text("%s%s here go%d\n", commands, helper("gate"), i);
    }
    make_file("commands", commands, strlen(commands));
    p = said.p =
        start_with(&(struct start){.stdin_file = "commands"}, "supervise", "-j", "2", NULL);
    clue("one-at-a-time");
    (void)receive_line(here);
    expect_idle(p);
    check_int(running_children(p), 2, NULL, "jobs that run at once");
    await_start(&said, 1);
    await_start(&said, 2);
    (void)receive_line(here);
    clue("supervise-asleep");
    send_signal(p, SIGUSR1);
    expect_next_line(p, "RUNNING 1 2");
    for (int i = 1; i <= JOBS - 2; i++) {
        clue("one-at-a-time");
        release(text("go%d", i));
        check_str(end_of(&said, i), text("EXIT %d 0", i), NULL, the_end);
        clue("blocking-wait");
        await_start(&said, i + 2);
        (void)receive_line(here);
        clue("supervise-asleep");
        expect_idle(p);
        check_int(running_children(p), 2, "one-at-a-time", "jobs that run at once");
        send_signal(p, SIGUSR1);
        expect_next_line(p, text("RUNNING %d %d", i + 1, i + 2));
    }
    clue("one-at-a-time");
    release(text("go%d", JOBS)); /* the last one first */
    expect_next_line(p, text("EXIT %d 0", JOBS));
    send_signal(p, SIGUSR1);
    expect_next_line(p, text("RUNNING %d", JOBS - 1));
    release(text("go%d", JOBS - 1));
    expect_next_line(p, text("EXIT %d 0", JOBS - 1));
    expect_next_line(p, text("DONE ok=%d failed=0 killed=0", JOBS));
    expect_exit(p, 0);
}

enum { MANY = STORY_MAX };

/* Runs so many commands that end at once. 'late': every child is dead before its parent goes on. */
static void run_many(int jobs, bool late)
{
    static const char *const env[] = {"LAB_FORK=child-first", NULL};
    char *commands = bytes_of(0, 5 * MANY + 1);
    struct story said = {.jobs = jobs};
    struct proc *p;

    for (int i = 0; i < jobs; i++)
        (void)memcpy(commands + 5 * i, "true\n", 5);
    make_file("commands", commands, strlen(commands));
    clue("child-before-table");
    p = said.p = start_with(&(struct start){.stdin_file = "commands", .env = late ? env : NULL},
                            "supervise", "-j", "8", NULL);
    for (int id = 1; id <= jobs; id++)
        check_str(end_of(&said, id), text("EXIT %d 0", id), NULL,
                  "the line for the end of a command");
    expect_next_line(p, text("DONE ok=%d failed=0 killed=0", jobs));
    expect_exit(p, 0);
    check_int(left_by(p), 0, "final-reap", "children that supervise left behind, dead or alive");
}

LAB_TEST(hidden, supervise_fast_children)
{
    static const char commands[] = "./text\n", text_file[] = "exit 3\n";
    struct story said = {.jobs = 1};

    run_many(40, true);
    run_many(MANY, false);

    /* Here, and not beside the one that is not found: under valgrind posix_spawn cannot tell why. */
    clue("missing-program");
    make_file("text", text_file, sizeof(text_file) - 1); /* may be read, not executed */
    make_file("commands", commands, sizeof(commands) - 1);
    said.p = start_with(&(struct start){.stdin_file = "commands"}, "supervise", NULL);
    check_str(end_of(&said, 1), "EXIT 1 126", NULL, "the end of a command that is not executable");
    expect_next_line(said.p, "DONE ok=0 failed=1 killed=0");
    expect_exit(said.p, 1);
}

/* Is this one of the lines, but the first? */
static bool among(const char *lines, const char *line)
{
    return strstr(lines, text("\n%s\n", line));
}

/* Opens the gate whenever supervise sleeps and somebody stands there, until it has ended. */
static bool has_let_it_pass(void *arg)
{
    struct proc *p = arg;
    struct sock *go = blocked_in(p, ~0) ? try_write_fifo("gate") : NULL;

    if (go)
        close_sock(go);
    return has_ended(p);
}

/* A job that SIGTERM does not end at once, and that has all the time that it needs. (Whether the signal
 * ends its wait at the gate, differs between shells: the gate is opened, too.) */
static void grace_is_granted(void)
{
    static const char polite[] = "trap : TERM\necho here >usher\nread line <gate\nexit 5\n";
    static const char *const env[] = {PARENT_FIRST, NULL};
    struct start typed = {.stdin_file = "commands", .env = env};
    static const char commands[] = "sh polite\n";
    const char *end;
    struct sock *usher;
    struct proc *p;

    make_fifo("usher");
    make_fifo("gate");
    usher = serve_fifo("usher");
    make_file("polite", polite, sizeof(polite) - 1);
    make_file("commands", commands, sizeof(commands) - 1);
    clue("grace-first");
    for (int ms = 50;; ms *= 4) { /* as above: it may not have set its trap in time */
        p = start_with(&typed, "supervise", "-t", text("%d", ms), "-g", "1000000", NULL);
        await_start(&(struct story){.p = p, .jobs = 1}, 1);
        expect_next_line(p, "TIMEOUT 1");
        await(has_let_it_pass, p, "the end of a job that is over its time");
        end = next_line(p);
        if (strcmp(end, "EXIT 1 5") == 0 || pending_bytes(usher))
            break;
    }
    check_str(end, "EXIT 1 5", NULL, "the end of a job that finishes its work after SIGTERM");
    expect_next_line(p, "DONE ok=0 failed=1 killed=0");
    expect_exit(p, 1);
}

LAB_TEST(hidden, supervise_term_timeout)
{
    static const char stubborn[] = "trap '' TERM\nexec \"$1\" \"$2\" go\n";
    const char *gate = helper("gate"), *commands, *out;
    static const char *const env[] = {PARENT_FIRST, NULL};
    static const char *const more[] = {PARENT_FIRST, "LAB_FOUND=1", NULL};
    struct start typed = {.stdin_file = "commands", .env = env};
    struct start found = {.stdin_file = "commands", .env = more};
    struct sock *here, *early;
    struct proc *p;

    make_fifo("here");
    make_fifo("herald");
    make_fifo("go");
    here = serve_fifo("here");
    early = serve_fifo("herald"); /* of its own: who was killed may have announced himself or not */
    make_file("stubborn", stubborn, sizeof(stubborn) - 1);

    clue("mask-inherited");
    commands = helper("sigprobe");
    make_file("commands", text("%s\n", commands), strlen(commands) + 1);
    p = start_with(&typed, "supervise", NULL);
    expect_exit(p, 0);
    out = stdout_of(p);
    check(strstr(out, "blocked:\n"), NULL, "a command of supervise starts with a mask: %s",
          text("%.*s", (int)strcspn(strstr(out, "blocked:") ? strstr(out, "blocked:") : "", "\n"),
               strstr(out, "blocked:") ? strstr(out, "blocked:") : ""));
    check(strstr(out, "ignored:\n"), NULL, "a command of supervise starts with ignored signals");
    clue("found-at-start");
    p = start_with(&found, "supervise", NULL);
    expect_exit(p, 0);
    check(strstr(stdout_of(p), "blocked:\nignored:\n"), NULL,
          "a command of supervise starts with what supervise itself has found: "
          "blocked or ignored signals");

    /* On a slow machine the time may be over before the job is stubborn: then it gets more. */
    clue("kill-after-grace");
    for (int ms = 50;; ms *= 4) {
        commands = text("sh stubborn %s herald\n", gate);
        make_file("commands", commands, strlen(commands));
        p = start_with(&typed, "supervise", "-t", text("%d", ms), "-g", "50", NULL);
        await_start(&(struct story){.p = p, .jobs = 1}, 1);
        expect_next_line(p, "TIMEOUT 1");
        out = next_line(p);
        expect_next_line(p, "DONE ok=0 failed=0 killed=1");
        expect_exit(p, 1);
        if (strcmp(out, "SIGNAL 1 TERM") != 0 || pending_bytes(early))
            break;
    }
    check_str(out, "SIGNAL 1 KILL", NULL, "the end of a stubborn job that is over its time");
    grace_is_granted();

    /* Both jobs have announced themselves: the first dies of SIGTERM, the second does not. */
    commands = text("%s here go\nsh stubborn %s here\ntrue\n", gate, gate);
    make_file("commands", commands, strlen(commands));
    clue("term-children-first");
    p = start_with(&typed, "supervise", "-j", "2", "-g", "100", NULL);
    (void)receive_line(here);
    (void)receive_line(here);
    send_signal(p, SIGTERM);
    expect_exit(p, 3);
    out = stdout_of(p);
    check_int(left_by(p), 0, NULL, "processes that supervise left behind");
    check(!strstr(out, "START 3"), NULL, "supervise has started another command after SIGTERM");
    check(among(out, "SIGNAL 1 TERM"), NULL, "the line of the job that SIGTERM ends: %s", out);
    check(among(out, "SIGNAL 2 KILL"), NULL, "the line of the job that ignores SIGTERM: %s", out);
    check(among(out, "DONE ok=0 failed=0 killed=2"), NULL, "DONE is wrong: %s", out);
}

/* D. The channel ------------------------------------------------------------------------------- */

/* A text of n bytes through rtsend and rtrecv. */
static void send_text(size_t n)
{
    char *bytes = bytes_of(0, n + 1);
    struct proc *to, *from;

    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)('!' + i * 7 % 94);
    to = ready(NULL, "rtrecv");
    from = start("rtsend", "-t", "3600000", text("%d", (int)pid_of(to)), bytes, NULL);
    expect_exit(from, 0);
    expect_exit(to, 0);
    expect_output(to, text("READY %d\n%d %s\n", (int)pid_of(to), (int)pid_of(from), bytes));
}

#define STRANGERS "strangers-were-here"

/* Whoever waits, and not for ever, gets a signal that does not count instead of what it waits for. */
static const struct start *with_stranger(int sig)
{
    struct start *how = bytes_of(0, sizeof(*how));
    const char **env = bytes_of(0, 2 * sizeof(*env));

    env[0] = text("LAB_STRANGER=%d:" STRANGERS, sig);
    how->env = env;
    expected_file(STRANGERS);
    return how;
}

LAB_TEST(hidden, rt_channel)
{
    struct start typed = {.stdin_pipe = true};
    struct proc *to, *from, *p;
    const char *pid;

    clue("channel-not-blocked");
    to = ready(NULL, "rtrecv");
    freeze(to);
    from = start("rtsend", "-t", "3600000", text("%d", (int)pid_of(to)), "punctual", NULL);
    expect_idle(from);
    thaw(to);
    expect_exit(from, 0);
    expect_exit(to, 0);
    expect_output(to, text("READY %d\n%d punctual\n", (int)pid_of(to), (int)pid_of(from)));

    clue("channel-bytes");
    send_text(0);
    send_text(1);
    send_text(1000);

    clue("channel-foreign");
    to = ready(NULL, "rtrecv");
    from = start_with(&typed, "probe", "rt-raw", text("%d", (int)pid_of(to)), NULL);
    write_stdin(from, "01000004\n");
    expect_next_line(from, "ack 1000004 from it");
    queue_signal(to, SIGRTMIN + 1, 0x02787878);
    send_signal(to, SIGRTMIN + 1);
    write_stdin(from, "02676f6f\n");
    expect_next_line(from, "ack 2676f6f from it");
    queue_signal(to, SIGRTMIN + 1, 0x03000001);
    write_stdin(from, "02640000\n");
    expect_next_line(from, "ack 2640000 from it");
    write_stdin(from, "030001a9\n");
    expect_next_line(from, "ack 30001a9 from it");
    close_stdin(from);
    expect_exit(from, 0);
    expect_exit(to, 0);
    expect_output(to, text("READY %d\n%d good\n", (int)pid_of(to), (int)pid_of(from)));

    clue("channel-timeout");
    to = start_with(&typed, "probe", "rt-silent", NULL);
    expect_next_line(to, "READY");
    pid = text("%d", (int)pid_of(to));
    check_str(said_by(start("probe", "rt-send", pid, "hello", "20", NULL)), "-1 ETIMEDOUT\n", NULL,
              "rt_send to somebody who does not answer");
    expect_complaint(start("rtsend", "-t", "20", pid, "hello", NULL), 4);
    clue("channel-anew");
    p = start_with(with_stranger(SIGRTMIN + 2), "probe", "rt-send", pid, "hello", "20", NULL);
    check_str(said_by(p), "-1 ETIMEDOUT\n", NULL,
              "rt_send to somebody who does not answer, when signals come that do not count");
    check(!exists(STRANGERS), NULL, "rt_send waits beyond its time when such signals come");
    clue("channel-timeout");
    close_stdin(to);
    expect_exit(to, 0);
    expect_complaint(start("rtsend", pid, "hello", NULL), 3);
    check_str(said_by(start("probe", "rt-recv", "100", "20", NULL)), "READY\n-1 ETIMEDOUT\n", NULL,
              "rt_recv when nobody sends");
    clue("channel-anew");
    p = start_with(with_stranger(SIGRTMIN + 1), "probe", "rt-recv", "100", "20", NULL);
    check_str(said_by(p), "READY\n-1 ETIMEDOUT\n", NULL,
              "rt_recv when only signals come that do not count");
    check(!exists(STRANGERS), NULL, "rt_recv waits beyond its time when such signals come");

    /* What others acknowledge is no acknowledgement. */
    clue("channel-foreign");
    to = start_with(&typed, "probe", "rt-silent", NULL);
    expect_next_line(to, "READY");
    from = start("probe", "rt-send", text("%d", (int)pid_of(to)), "x", "1000000", NULL);
    expect_idle(from);
    queue_signal(from, SIGRTMIN + 2, 0x01000001);
    expect_idle(from);
    check(!signal_pending(to, SIGRTMIN + 2), NULL,
          "the sender talks to its peer with the wrong signal");
    queue_signal(from, SIGRTMIN + 2, 0x02780000);
    queue_signal(from, SIGRTMIN + 2, 0x03000078);
    expect_idle(from);
    check(!has_ended(from), NULL,
          "rt_send has believed an acknowledgement that is not from its peer");
    send_signal(from, SIGKILL);
    (void)await_exit(from);
    close_stdin(to);
    expect_exit(to, 0);
}
