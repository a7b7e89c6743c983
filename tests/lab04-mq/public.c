/* SPDX-License-Identifier: MIT */
/* The public tests of lab04. Each checks what its row in lab.yaml says and tolerates the rest. */
#include "tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

/* What the probe printed, unless the function is still a stub. */
static const char *written(const char *printed)
{
    if (strstr(printed, "-1 ENOSYS"))
        lab_fail(KIND_STATE, "not implemented", "not-implemented", "the function is not implemented");
    return printed;
}

/* The probe: all that it prints. */
static const char *probed(const char *const argv[])
{
    struct proc *p = (start_argv)(NULL, argv);

    (expect_exit)(p, 0);
    return written(stdout_of(p));
}
#define PROBED(...) (HERE, probed((const char *const[]){"probe", __VA_ARGS__, NULL}))

/* The next line of what the probe printed, without its LF. */
static const char *line_of(const char **at)
{
    size_t n = strcspn(*at, "\n");
    const char *line = text("%.*s", (int)n, *at);

    *at += n + ((*at)[n] == '\n');
    return line;
}

/* A. Queue functions --------------------------------------------------------------------------- */

LAB_TEST(public, q_create_excl)
{
    const char *name = queue_name("/q");
    struct queue_state s;
    size_t size;

    expected_queue(name);
    clue("create-attributes");
    check_str(PROBED("create", name, "4", "64"), "0 x\n", NULL, "q_create and a message through the queue");
    s = queue_state(name);
    check_int(s.maxmsg, 4, NULL, "mq_maxmsg of the new queue");
    check_int(s.msgsize, 64, NULL, "mq_msgsize of the new queue");
    check(s.mode == 0600, NULL, "the mode of the new queue is %03o instead of 600", (unsigned)s.mode);

    clue("create-excl");
    queue_put(name, "kept", 4, 1);
    check_str(PROBED("create", name, "8", "32"), "-1 EEXIST\n", NULL, "q_create of a name that exists");
    s = queue_state(name);
    check_int(s.messages, 1, NULL, "messages in the queue that existed");
    check_int(s.maxmsg, 4, NULL, "mq_maxmsg of the queue that existed");
    check_str(queue_take(name, &size, NULL), "kept", NULL, "the message in the queue that existed");
    check_str(PROBED("create", name + 1, "4", "64"), "-1 EINVAL\n", "name-without-slash",
              "q_create of a name without its slash");
}

LAB_TEST(public, q_roundtrip_prio)
{
    static const char *const order[] = {"9 0 ", "5 1 62", "5 1 63", "1 1 61"};
    const char *name = queue_name("/q"), *got, *all = "";

    make_queue(name, 8, 256);
    got = PROBED("exchange", name);
    for (int i = 0; i < 4; i++)
        check_str(line_of(&got), "0", i == 3 ? "length-is-strlen" : "priority-ignored", "the result of q_send");
    for (int i = 0; i < 4; i++) {
        const char *line = line_of(&got);

        check(strncmp(line, "-1", 2) != 0, "length-is-strlen", "q_recv failed: %s", line);
        check(i > 0 || strncmp(line, "9 ", 2) != 0 || strcmp(line, order[0]) == 0, "length-is-strlen",
              "the empty message came back as '%s' (priority, length, bytes)", line);
        check_str(line, order[i], "priority-ignored",
                  text("the %d. message received (priority, length, bytes)", i + 1));
    }
    for (int i = 0; i < 256; i++)
        all = text("%s%02x", all, (unsigned)i);
    check_str(line_of(&got), "0", "length-is-strlen", "the result of q_send with all byte values");
    check_str(line_of(&got), text("3 256 %s", all), "length-is-strlen", "the message of all byte values");
}

/* A timeout of 50 ms: the error, and how long it took. A thousandth for clocks that are not one. */
static void timed_out(const char **got, const char *what)
{
    const char *result = line_of(got);
    long long us = strtoll(line_of(got), NULL, 10);

    check_str(result, "-1 ETIMEDOUT", "absolute-deadline", text("%s, timeout 50", what));
    check(us >= 49950, "absolute-deadline", "%s with a timeout of 50 ms gave up after %lld microseconds", what, us);
}

LAB_TEST(public, q_timeouts_nonblock)
{
    static const char *const previous[] = {"0", "1", "1", "0"}; /* on, on, off, off */
    const char *name = queue_name("/q"), *got;

    make_queue(name, 1, 16);
    got = PROBED("timeouts", name);
    check_str(line_of(&got), "-1 EAGAIN", "timeout-zero", "q_recv of an empty queue, timeout 0");
    timed_out(&got, "q_recv of an empty queue");
    check_str(line_of(&got), "0", "timeout-zero", "q_send with room in the queue, timeout 0");
    check_str(line_of(&got), "-1 EAGAIN", "timeout-zero", "q_send to a full queue, timeout 0");
    timed_out(&got, "q_send to a full queue");
    for (int i = 0; i < 4; i++)
        check_str(line_of(&got), previous[i], "setattr-nonblock",
                  text("q_nonblock, call %d of on, on, off, off", i + 1));
    check_str(line_of(&got), "1 16 1", "setattr-nonblock", "sizes of the queue (maxmsg, msgsize, messages)");
    check_str(line_of(&got), "0 1 78", "absolute-deadline", "q_recv of the message that is there, timeout 14400999");
}

/* B. mqtool ------------------------------------------------------------------------------------ */

/* A command that succeeds, and all that it prints. */
static void tool(const char *const argv[], const char *output)
{
    struct proc *p = (start_argv)(NULL, argv);

    (expect_exit)(p, 0);
    (expect_output)(p, output);
}
#define TOOL(output, ...) (HERE, tool((const char *const[]){"mqtool", __VA_ARGS__, NULL}, output))

LAB_TEST(public, mqtool_cli)
{
    const struct start timed = {.env = carrying};
    const char *name = queue_name("/q");
    struct proc *p;

    expected_queue(name);
    clue("usage");
    expect_usage(start("mqtool", NULL));
    expect_usage(start("mqtool", "send", name, NULL));
    clue("mqtool-create");
    p = start("mqtool", "create", name, "-m", "4", "-s", "64", NULL);
    check(await_exit(p) == 0 || !strstr(stderr_of(p), strerror(EINVAL)), "name-without-slash",
          "mqtool create %s says %s", name, stderr_of(p));
    expect_exit(p, 0);
    expect_output(p, "");
    check(queue_exists(name), NULL, "mqtool create has ended, and there is no such queue");
    TOOL("maxmsg=4 msgsize=64 curmsgs=0\n", "stat", name);
    clue("create-excl");
    expect_complaint(start("mqtool", "create", name, NULL), 5);

    clue("mqtool-messages");
    TOOL("", "send", "-p", "1", name, "low");
    TOOL("", "send", "-p", "9", name, "high priority");
    TOOL("", "send", "-p", "5", name, "");
    TOOL("maxmsg=4 msgsize=64 curmsgs=3\n", "stat", name);
    TOOL("", "send", "-n", name, "none");
    clue("mqtool-exit");
    expect_complaint(start("mqtool", "send", "-n", name, "one too many", NULL), 3);
    clue("priority-inverted");
    TOOL("9 13 high priority\n", "recv", name);
    TOOL("5 0 \n1 3 low\n", "recv", "-c", "2", name);
    TOOL("0 4 none\n", "recv", "-n", "-c", "1", name);

    clue("mqtool-exit");
    expect_complaint(start("mqtool", "recv", "-n", name, NULL), 3);
    expect_complaint(start_with(&timed, "mqtool", "recv", "-t", "50", name, NULL), 4);
    clue("mqtool-create");
    TOOL("", "unlink", name);
    check(!queue_exists(name), NULL, "mqtool unlink has ended, and the queue is still there");
    clue("mqtool-exit");
    expect_complaint(start("mqtool", "recv", "-n", name, NULL), 3);
    expect_complaint(start("mqtool", "stat", name, NULL), 3);
    expect_complaint(start("mqtool", "unlink", name, NULL), 3);
}

/* C. Remote procedure calls --------------------------------------------------------------------- */

LAB_TEST(public, tokend_basic)
{
    const char *name = queue_name("/tok");
    struct proc *d;

    clue("usage");
    expect_usage(start("tokend", NULL));
    expect_usage(start("tokenc", name, "multiply", "6", "7", NULL));
    clue("no-server");
    expect_complaint(start("tokenc", "-t", NO_TIMEOUT, name, "token", NULL), 3);

    clue("server-name");
    d = start("tokend", name, NULL);
    expect_next_line(d, text("READY %s", name));
    check(queue_exists(name), NULL, "tokend said READY, and there is no queue with the name of its argument");
    clue("rpc");
    token_ask(d, name, WORDS("echo", "two  words,  spaces and all"), 0, "two  words,  spaces and all\n");
    clue("token-copies");
    token_ask(d, name, WORDS("token"), 0, "0\n");
    token_ask(d, name, WORDS("token"), 0, "1\n");
    clue("marshalling");
    token_ask(d, name, WORDS("sum", "1", "2", "39"), 0, "42\n");
    token_ask(d, name, WORDS("sum", "40", "-47"), 0, "-7\n");
    token_ask(d, name, WORDS("div", "17", "5"), 0, "3 2\n");
    clue("division-trap");
    token_ask(d, name, WORDS("div", "1", "0"), 1, "remote error 3\n");
    clue(NULL);
    token_end(d);
}

/* Asleep where a signal wakes it. One that never sleeps is another test's affair. */
static bool is_waiting(void *arg)
{
    return blocked_in(arg, WAITING) || cpu_ms(arg) > (under_memcheck() ? 3000 : 1000);
}

LAB_TEST(public, tokend_shutdown)
{
    const char *name = queue_name("/tok");
    struct proc *d = token_server(name);

    clue("server-shutdown");
    await(is_waiting, d, "tokend to wait for a request");
    send_signal(d, SIGTERM);
    expect_exit(d, 0);
    check_int(offspring_of(d), 0, "process-left", "processes of tokend after its end");
    expect_output(d, text("READY %s\nBYE served=0 dropped=0\n", name));
    check(!queue_exists(name), "server-name-left", "tokend has ended, and its queue is still there");
}

/* What rpc_dispatch makes of one message. */
struct dispatch_case {
    const char *what;
    uint32_t op;
    int64_t data[3];
    size_t len;
    const char *expected; /* from "status" on */
    const char *clue;
};

static const char *hex_of(const void *bytes, size_t n)
{
    char *s = bytes_of(0, 2 * n + 1);

    for (size_t i = 0; i < n; i++)
        (void)sprintf(s + 2 * i, "%02x", ((const unsigned char *)bytes)[i]);
    return s;
}

static const char *numbers(int64_t a, int64_t b, size_t n)
{
    const int64_t v[2] = {a, b};

    return hex_of(v, n * sizeof(v[0]));
}

LAB_TEST(public, rpc_dispatch_unit)
{
    enum { NEXT = 7, ID = 77 }; /* the probe's next token */
    const struct dispatch_case cases[] = {
        {"ECHO of 'abcdefgh'", OP_ECHO, {0x6867666564636261}, 8,
         text("status 0 len 8 next 7 %s", numbers(0x6867666564636261, 0, 1)), "marshalling"},
        {"ECHO of nothing", OP_ECHO, {0}, 0, "status 0 len 0 next 7 ", "marshalling"},
        {"TOKEN", OP_TOKEN, {0}, 0, text("status 0 len 8 next 8 %s", numbers(NEXT, 0, 1)), "token-copies"},
        {"SUM of 1 and -3", OP_SUM, {1, -3}, 16, text("status 0 len 8 next 7 %s", numbers(-2, 0, 1)), "marshalling"},
        {"SUM of nothing", OP_SUM, {0}, 0, text("status 0 len 8 next 7 %s", numbers(0, 0, 1)), "marshalling"},
        {"SUM of INT64_MAX and 1", OP_SUM, {INT64_MAX, 1}, 16, "status 2 len 0 next 7 ", "rpc-overflow"},
        {"SUM of INT64_MIN and -1", OP_SUM, {INT64_MIN, -1}, 16, "status 2 len 0 next 7 ", "rpc-overflow"},
        {"SUM of 15 bytes", OP_SUM, {1, 1}, 15, "status 1 len 0 next 7 ", "rpc-argument"},
        {"DIV of -7 by 2", OP_DIV, {-7, 2}, 16, text("status 0 len 16 next 7 %s", numbers(-3, -1, 2)), "marshalling"},
        {"DIV by zero", OP_DIV, {1, 0}, 16, "status 3 len 0 next 7 ", "division-trap"},
        {"DIV of INT64_MIN by -1", OP_DIV, {INT64_MIN, -1}, 16, "status 2 len 0 next 7 ", "division-trap"},
        {"DIV of one number", OP_DIV, {1}, 8, "status 1 len 0 next 7 ", "rpc-argument"},
        {"DIV of three numbers", OP_DIV, {1, 2, 3}, 24, "status 1 len 0 next 7 ", "rpc-argument"},
        {"TOKEN with an argument", OP_TOKEN, {1}, 8, "status 1 len 0 next 7 ", "rpc-argument"},
        {"operation 99", 99, {0}, 0, "status 4 len 0 next 7 ", "rpc-argument"},
    };
    enum { CASES = sizeof(cases) / sizeof(cases[0]) };
    const char *argv[CASES + 3] = {"probe", "dispatch"}, *got;
    struct rpc_req r;

    for (size_t i = 0; i < CASES; i++) /* one process for each: one that dies does so for one of them */
        check_str(PROBED("dispatch", hex_of(&r, token_request(&r, cases[i].op, ID, "/x.1", cases[i].data, cases[i].len))),
                  text("0 reply id %d %s\n", ID, cases[i].expected), cases[i].clue, cases[i].what);
    got = PROBED("dispatch", hex_of(&r, token_request(&r, OP_STAT, ID, "/x.1", "", 0)));
    check(strncmp(got, "0 reply id 77 status 0 len 16 next 7 ", 37) == 0, "marshalling", "STAT: %s", got);

    clue("bad-message");
    argv[2] = "";
    check_str(probed(argv), "-1 EBADMSG\n", NULL, "an empty message");
    (void)token_request(&r, OP_ECHO, ID, "/x.1", "abcd", 4);
    argv[2] = hex_of(&r, RPC_REQ_HEADER - 1);
    check_str(probed(argv), "-1 EBADMSG\n", NULL, "a message that is shorter than its header");
    argv[2] = hex_of(&r, RPC_REQ_HEADER + 3);
    check_str(probed(argv), "-1 EBADMSG\n", NULL, "a message whose len is more than what came");
    r.magic = RPC_REP_MAGIC;
    argv[2] = hex_of(&r, RPC_REQ_HEADER + 4);
    check_str(probed(argv), "-1 EBADMSG\n", NULL, "a message with another magic number");
}

/* D. mqpool ------------------------------------------------------------------------------------- */

/* The parent has said all that it has to say: it waits for its workers, or for room in the queue. */
static bool is_waiting_for_workers(void *arg)
{
    return has_ended(arg) || blocked_in(arg, CALL_WAIT | WAITING);
}

LAB_TEST(public, mqpool_priority)
{
    static const char jobs[] = "1 last\n5 first of two\n3 middle\n5 second of two\n";
    static const char *const gated[] = {"LAB_GATE=gate", NULL};
    struct start how = {.stdin_file = "jobs", .env = gated};
    const char *name = queue_name("/pool");
    struct proc *p;
    int gate;

    clue("usage");
    expect_usage(start("mqpool", "-j", "none", name, NULL));
    make_file("jobs", jobs, sizeof(jobs) - 1);
    make_fifo("gate");
    /* The worker takes its first message when the stop message is there, too. */
    clue("pool-stop");
    p = start_with(&how, "mqpool", "-b", "-j", "1", name, NULL);
    await(is_waiting_for_workers, p, "mqpool to have sent everything");
    gate = open("gate", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    check(gate >= 0, NULL, "cannot open the gate");
    expect_exit(p, 0);
    check(strstr(stdout_of(p), "first of two\n"), "stop-overtakes", "a job was not done; mqpool printed '%s'",
          stdout_of(p));
    clue("priority-inverted");
    expect_output(p, "1 5 first of two\n1 5 second of two\n1 3 middle\n1 1 last\nDONE jobs=4\n");
    check(!queue_exists(name), "pool-name-left", "mqpool has ended, and its queue is still there");
}
