/* SPDX-License-Identifier: MIT */
/* A lab whose tests end in every way a test can end; ../harness.c knows how each should. */
#include "harness.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

LAB_TEST(public, passes)
{
    struct proc *p = start_with(&(struct start){.stdin_text = "one\ntwo\n"}, "good", "echo", NULL);

    await_line(p, "two");
    expect_exit(p, 0);
    expect_output(p, "one\ntwo\n");
    expect_stderr(p, "");
    expect_usage(start("good", NULL));
}

LAB_TEST(public, probe_passes)
{
    struct proc *p = start("probe", "21", NULL);

    expect_exit(p, 0);
    expect_output(p, "42\n");
    p = start("good", "twice", "4", NULL);
    expect_output(p, "8\n");
    expect_exit(p, 0);
}

LAB_TEST(public, server_passes)
{
    struct proc *p = start_with(&(struct start){.nofile = 8}, "good", "serve", "room", NULL);
    struct sock *a, *b;
    int fds;

    await_line(p, "READY room");
    expect_idle(p);
    fds = open_fds(p);
    a = connect_to("room");
    b = connect_to("room");
    for (int i = 0; i < 100; i++) {
        send_line(i & 1 ? a : b, "line %d", i);
        expect_line(i & 1 ? a : b, text("line %d", i));
    }
    check_int(open_fds(p), fds + 2, NULL, "descriptors with two clients");
    send_bytes(a, "h", 1);
    await_drained(a);
    send_bytes(a, "alf\n", 4);
    expect_line(a, "half");
    expect_nothing(b);
    half_close(a);
    expect_eof(a);
    close_abruptly(b);
    expect_idle(p);
    check_int(open_fds(p), fds, NULL, "descriptors after the clients left");
    freeze(p);
    a = connect_to("room");
    send_line(a, "late");
    expect_nothing(a);
    thaw(p);
    expect_line(a, "late");
    await_blocked(p, CALL_POLL);
    stop(p);
    expect_eof(a);
    check(!exists("room"), NULL, "the socket file is still there");
}

/* Whoever is thawed may have ended before anybody looks. */
LAB_TEST(public, thawed_and_gone)
{
    struct proc *p = start("bad", "exit", "3", NULL);

    check_int(await_exit(p), 3, NULL, "its code");
    thaw(p);
}

LAB_TEST(public, wrong_exit)
{
    clue("the-code");
    expect_exit(start("bad", "exit", "3", NULL), 0);
}

LAB_TEST(public, wrong_output)
{
    struct proc *p = start("bad", "print", "hullo", NULL);

    expect_exit(p, 0);
    expect_output(p, "hello\n");
}

LAB_TEST(public, wrong_state)
{
    check(1 + 1 == 3, "arithmetic", "one and one is %d", 2);
}

LAB_TEST(public, wrong_count)
{
    check_int(2, 3, NULL, "things");
}

LAB_TEST(public, missing_line)
{
    await_line(start("bad", "print", "x", NULL), "y");
}

LAB_TEST(public, not_built)
{
    expect_exit(start("absent", NULL), 0);
}

LAB_TEST(public, crashes)
{
    expect_exit(start("bad", "crash", NULL), 0);
}

LAB_TEST(public, crash_seen_as_eof)
{
    struct proc *p = start("bad", "crash-server", "room", NULL);
    struct sock *s;

    await_line(p, "READY");
    s = connect_to("room");
    send_line(s, "hello");
    expect_line(s, "hello");
}

LAB_TEST(public, crash_nobody_asked_about)
{
    struct proc *p = start("bad", "crash", NULL);

    check(pid_of(p) > 0, NULL, "no pid");
}

LAB_TEST(public, expected_death)
{
    struct proc *p = start("bad", "hang", NULL);

    await_line(p, "READY");
    send_signal(p, SIGUSR1);
    expect_killed_by(p, SIGUSR1);
}

LAB_TEST(public, hangs_in_read)
{
    struct proc *p = start_with(&(struct start){.stdin_pipe = true}, "bad", "read", NULL);

    await_line(p, "READY");
    clue("half-close");
    expect_exit(p, 0);
}

LAB_TEST(public, hangs_on_own_pipe)
{
    expect_exit(start("bad", "own-pipe", NULL), 0);
}

LAB_TEST(public, hangs_on_socketpair)
{
    expect_exit(start("bad", "socketpair", NULL), 0);
}

LAB_TEST(public, hangs_in_open)
{
    expect_exit(start("bad", "fifo-open", NULL), 0);
}

LAB_TEST(public, hangs_on_the_test)
{
    struct sock *l = listen_at("room");
    struct proc *p = start("bad", "connect", "room", NULL);

    expect_line(accept_from(l), "hello");
    stop(p);
}

LAB_TEST(public, hangs_spinning)
{
    await_line(start("bad", "spin", NULL), "never");
}

/* Not in the table: only where the processors are busy with something else. */
LAB_TEST(public, starved)
{
    struct proc *p = start("bad", "spin", NULL);
    const struct sched_param none = {0};

    check(sched_setscheduler(pid_of(p), SCHED_IDLE, &none) == 0, NULL, "sched_setscheduler: %s", strerror(errno));
    /* Where each session has its own share of the processors (sched(7)), that as well. */
    FILE *share = fopen(text("/proc/%d/autogroup", (int)pid_of(p)), "w");
    if (share) {
        (void)fputs("19", share);
        (void)fclose(share);
    }
    await_line(p, "never");
}

LAB_TEST(public, hangs_stopped)
{
    struct proc *p = start("bad", "spin", NULL);

    await_line(p, "READY");
    send_signal(p, SIGSTOP);
    await_line(p, "never");
}

LAB_TEST(public, hangs_frozen)
{
    struct proc *p = start("bad", "spin", NULL);

    await_line(p, "READY");
    freeze(p);
    await_line(p, "never");
}

LAB_TEST(public, awake_spinning)
{
    struct proc *p = start("bad", "spin", NULL);

    await_line(p, "READY");
    expect_idle(p);
}

LAB_TEST(public, awake_napping)
{
    struct proc *p = start("bad", "nap", NULL);

    await_line(p, "READY");
    expect_idle(p);
}

LAB_TEST(public, awake_polling)
{
    struct proc *p = start("bad", "short-poll", NULL);

    await_line(p, "READY");
    expect_idle(p);
}

LAB_TEST(public, patient_is_idle)
{
    struct proc *p = start("bad", "patient-poll", NULL);

    await_line(p, "READY");
    expect_idle(p);
    send_signal(p, SIGTERM);
    expect_killed_by(p, SIGTERM);
}

LAB_TEST(public, endless_output)
{
    expect_exit(start("bad", "endless", NULL), 0);
}

LAB_TEST(public, endless_output_by_limit)
{
    expect_exit(start("bad", "endless", NULL), 0);
}

LAB_TEST(public, limited_processor)
{
    struct proc *p = start("bad", "relay", NULL);

    for (;;) /* it gets on, so that no deadline is reached, however slow the machine is */
        expect_next_line(p, "next");
}

LAB_TEST(public, limited_processes)
{
    expect_exit(start("bad", "breed", NULL), 0);
}

LAB_TEST(public, many_threads)
{
    expect_exit(start("good", "threads", "190", NULL), 0);
}

/* What it has used the processor for before is no sign that it is awake now. */
LAB_TEST(public, rests_after_work)
{
    struct proc *p = start("good", "rest", under_memcheck() ? "1" : "400", NULL);

    await_line(p, "READY");
    expect_idle(p);
    send_signal(p, SIGTERM);
    (void)await_exit(p);
}

/* The C library knows its name. */
LAB_TEST(public, names_itself)
{
    expect_complaint(start("good", "warn", NULL), 1);
}

LAB_TEST(public, limited_file)
{
    expect_exit(start("bad", "grow", NULL), 0);
}

LAB_TEST(public, works_long)
{
    expect_exit(start("bad", "work", getenv("WORK_MS") ? getenv("WORK_MS") : "1", NULL), 0);
}

LAB_TEST(public, leaves_zombie)
{
    expect_exit(start("bad", "zombie", NULL), 0);
}

LAB_TEST(public, leaves_late_zombie)
{
    expect_exit(start("bad", "late-zombie", NULL), 0);
}

LAB_TEST(public, leaves_orphan)
{
    expect_exit(start("bad", "orphan", NULL), 0);
}

LAB_TEST(public, leaves_daemon)
{
    expect_exit(start("bad", "daemon", NULL), 0);
}

LAB_TEST(public, leaves_family)
{
    expect_exit(start("bad", "family", NULL), 0);
}

LAB_TEST(public, leaves_itself)
{
    struct proc *p = start("bad", "hang", NULL);

    await_line(p, "READY");
    start_with(&(struct start){.from = FROM_HELPERS}, "stubborn", NULL);
}

LAB_TEST(public, leaves_names)
{
    struct proc *p = start("bad", "names", NULL);

    make_file("input", "x", 1);
    expected_file("meant");
    expect_exit(p, 0);
    expect_output(p, "made\n");
}

LAB_TEST(public, leaves_names_and_crashes)
{
    expect_exit(start("bad", "names", "crash", NULL), 0);
}

LAB_TEST(public, leaves_names_when_killed)
{
    struct proc *p = start("bad", "names", "hang", NULL);

    await_line(p, "made");
    check(false, NULL, "no");
}

LAB_TEST(public, leaves_a_replaced_socket)
{
    leave_stale_socket("old");
    leave_stale_socket("new");
    expect_exit(start("bad", "replace", "new", NULL), 0);
}

LAB_TEST(public, attacks)
{
    struct proc *p;

    if (!getenv("LAB_FIRST_UID") || under_memcheck())
        return; /* as ourselves it would reach all that we may reach */
    p = start("bad", "attack", NULL);
    expect_exit(p, 0);
    expect_output(p, "");
}

LAB_TEST(public, clean_start)
{
    struct proc *p = start_with(&(struct start){.from = FROM_HELPERS}, "fdprobe", NULL);

    expect_exit(p, 0);
    expect_output(p, "0 pipe r\n1 pipe w\n2 pipe w\n");
    p = start_with(&(struct start){.from = FROM_HELPERS}, "sigprobe", NULL);
    expect_exit(p, 0);
    expect_output(p, "blocked:\nignored:\n");
}

LAB_TEST(public, helpers_work)
{
    struct sock *l = listen_at(unique("@room")), *s;
    struct proc *talk = start_with(&(struct start){.from = FROM_HELPERS}, "talk",
                                   unique("@room"), "+hello\\n", "=you\\n", ".", "$", NULL);
    struct proc *hog;

    s = accept_from(l);
    expect_line(s, "hello");
    send_line(s, "you");
    expect_eof(s);
    close_sock(s);
    expect_exit(talk, 0);
    hog = start_with(&(struct start){.from = FROM_HELPERS}, "hog", "3000000", NULL);
    expect_exit(hog, 0);
    check_int((long long)stdout_size(hog), 3000000, NULL, "bytes of the hog");
}

LAB_TEST(public, datagrams)
{
    struct sock *a = datagram_at("a"), *b = datagram_at(unique("@b"));
    char from[128], got[8];

    send_datagram(a, unique("@b"), "xyz", 3);
    check_int((long long)receive_datagram(b, got, sizeof(got), from), 3, NULL, "bytes");
    check_str(from, "a", NULL, "the sender");
    send_datagram(b, from, "", 0);
    expect_datagram(a, "", 0);
    expect_nothing(a);
}

LAB_TEST(public, tcp)
{
    struct sock *l = listen_at("tcp:0"), *c, *s;
    const char *address = text("tcp:%u", tcp_port(l));

    check_str(listening_address(tcp_port(l)), "127.0.0.1", NULL, "who listens");
    c = connect_to(address);
    s = accept_from(l);
    send_line(c, "hello");
    expect_line(s, "hello");
    await_drained(c);
    close_abruptly(s);
    expect_closed(c);
    close_sock(l);
    check_int(connect_error(address), ECONNREFUSED, NULL, "connecting to nobody");
}

LAB_TEST(public, queues)
{
    const char *name = queue_name("/q"), *another;
    struct queue_state s;
    struct proc *p;
    unsigned prio;
    size_t size;

    check(!queue_exists(name), NULL, "a queue that nobody has made");
    make_queue(name, 2, 16);
    queue_put(name, "low", 3, 1);
    queue_put(name, "", 0, 7);
    s = queue_state(name);
    check_int(s.messages, 2, NULL, "messages");
    check_int(s.maxmsg, 2, NULL, "room for messages");
    check_int(s.msgsize, 16, NULL, "room in a message");
    (void)queue_take(name, &size, &prio);
    check_int((long long)size, 0, NULL, "bytes of the first message");
    check_int(prio, 7, NULL, "priority of the first message");
    check_str(queue_take(name, &size, NULL), "low", NULL, "the second message");

    p = start("bad", "queue", name, NULL);
    await_blocked(p, CALL_QUEUE);
    check_int(queue_holders(name), 1, NULL, "programs that have the queue open");
    freeze_offspring(p); /* it has none */
    thaw_offspring(p);
    queue_put(name, "go", 2, 0);
    expect_exit(p, 0);
    expect_output(p, "go\n");
    check_int(offspring_of(p), 0, NULL, "what it forked");
    p = start("bad", "make-queue", name, NULL);
    another = text("%s.%d", name, (int)pid_of(p));
    expected_queue(another);
    expect_exit(p, 0);
    check_str(queues_named(name), text("%s\n%s\n", name, another), NULL, "all queues");
}

LAB_TEST(public, hangs_in_queue)
{
    const char *name = queue_name("/q");

    make_queue(name, 2, 16);
    expect_exit(start("bad", "queue", name, NULL), 0);
}

LAB_TEST(public, leaves_queue)
{
    expect_exit(start("bad", "make-queue", queue_name("/q"), NULL), 0);
}

LAB_TEST(public, has_its_share_of_queues)
{
    struct proc *p = start("bad", "many-queues", queue_name("/q"), NULL);

    expect_exit(p, 0);
    expect_output(p, getenv("LAB_FIRST_UID") && !under_memcheck() ? "2\n" : "3\n");
}

/* Faults of the test itself, or of this machine. */
LAB_TEST(public, lacks_room_for_queues)
{
    (void)queue_name("/q");
    need_queues(3, 10, 8192, QUEUE_SHARE);
}

LAB_TEST(public, test_aborts)
{
    abort();
}

LAB_TEST(public, test_exits)
{
    _exit(0);
}

LAB_TEST(public, test_asserts)
{
    cr_assert_eq(1, 2);
}

LAB_TEST(public, test_lacks_a_helper)
{
    expect_exit(start_with(&(struct start){.from = FROM_PATH}, "no-such-command", NULL), 0);
}

/* For memcheck. */
LAB_TEST(public, leaks)
{
    expect_exit(start("bad", "leak", NULL), 0);
}

LAB_TEST(public, reads_rubbish)
{
    expect_exit(start("bad", "uninit", NULL), 0);
}

LAB_TEST(public, child_leaks)
{
    expect_exit(start("bad", "child-leak", NULL), 0);
}

LAB_TEST(public, leaves_open)
{
    expect_exit(start("bad", "open", NULL), 0);
}
