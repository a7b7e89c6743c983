/* SPDX-License-Identifier: MIT */
/* The hidden tests of lab01. Each checks what its row in lab.yaml says and tolerates the rest. */
#include "harness.h"

#include "pattern.h"
#include "settle.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A. Robust input and output, messages --------------------------------------------------------- */

/* A signal for a program that is blocked in one of these calls; returns when it is blocked again.
 * From the moment that a signal is sent a sleeper is not asleep any more: to see it sleep means
 * that the handler has run. */
static void interrupt(struct proc *p, int calls)
{
    (await_blocked)(p, calls);
    (send_signal)(p, SIGUSR1);
    (await_blocked)(p, calls);
}
#define interrupt(...) (HERE, interrupt(__VA_ARGS__))

LAB_TEST(hidden, io_eintr_partial)
{
    enum { LONG = 200000, FIRST = 1000, SECOND = 3000 };
    struct start full = {.stdout_held = true}, fed = {.stdin_pipe = true};
    unsigned char *bytes = bytes_of(0, LONG);
    struct proc *p;

    /* A pipe that nobody reads: what fits is written, and the call waits with the rest. */
    pattern_fill(bytes, LONG);
    p = start_with(&full, "probe", "write", "1", text("%d", LONG), NULL);
    clue("short-write");
    interrupt(p, CALL_OUTPUT); /* a short count */
    clue("eintr");
    interrupt(p, CALL_OUTPUT); /* and, as nothing has moved, EINTR */
    release_stdout(p);
    expect_exit(p, 0);
    expect_stderr(p, "0\n");
    clue("short-write");
    expect_output_bytes(p, bytes, LONG);

    p = start_with(&fed, "probe", "read", "0", text("%d", FIRST + SECOND), NULL);
    clue("eintr");
    interrupt(p, CALL_INPUT);
    pattern_fill(bytes, FIRST + SECOND);
    write_stdin_bytes(p, bytes, FIRST);
    await_stdin_read(p);
    clue("read-is-not-all");
    await_blocked(p, CALL_INPUT);
    clue("eintr");
    interrupt(p, CALL_INPUT);
    write_stdin_bytes(p, bytes + FIRST, SECOND);
    expect_exit(p, 0);
    expect_output(p, text("%d %08x\n", FIRST + SECOND,
                          (unsigned)pattern_sum(bytes, FIRST + SECOND)));
}

/* msg_recv with room for 'cap' bytes, and these as all its input. From a file, where a read is never
 * short: that is what other tests are about. */
static struct proc *receive(const char *cap, const void *bytes, size_t size)
{
    struct start in = {.stdin_file = text("wire%zu", size)};

    make_file(in.stdin_file, bytes, size);
    return (start_with)(&in, "probe", "recv", cap, NULL);
}
#define receive(...) (HERE, receive(__VA_ARGS__))

LAB_TEST(hidden, msg_malformed)
{
    static const char after[] = "\0\0\0\5hello\0\0\0\0\0\0\0\1!";
    enum { TOO_LONG = 65536 };
    static char wire[4 + TOO_LONG + sizeof(after) - 1] = "\0\1\0\0";
    struct proc *p;

    clue("message-cut");
    p = receive("100", "\0\0", 2);
    expect_exit(p, 0);
    expect_output(p, "-1 EPROTO\n");
    p = receive("100", "\0\0\0\12abcd", 8);
    expect_exit(p, 0);
    expect_output(p, "-1 EPROTO\n");

    clue("message-bounds");
    p = receive("100", "\377\377\377\377whatever", 12);
    expect_exit(p, 0);
    expect_output(p, "-1 EPROTO\n");
    p = receive("100000", "\0\1\0\1whatever is here", 20); /* MSG_MAX + 1 */
    expect_exit(p, 0);
    expect_output(p, "-1 EPROTO\n");

    (void)memset(wire + 4, 'x', TOO_LONG);
    (void)memcpy(wire + 4 + TOO_LONG, after, sizeof(after) - 1);
    p = receive("16", wire, sizeof(wire));
    expect_next_line(p, "-1 EMSGSIZE");
    clue("out-of-step");
    expect_next_line(p, text("5 %08x", (unsigned)pattern_sum("hello", 5)));
    clue("empty-message");
    expect_next_line(p, text("0 %08x", (unsigned)pattern_sum("", 0)));
    clue("out-of-step");
    expect_next_line(p, text("1 %08x", (unsigned)pattern_sum("!", 1)));
    expect_next_line(p, "EOF");
    expect_exit(p, 0);
}

/* C. filter ---------------------------------------------------------------------------------------- */

LAB_TEST(hidden, filter_early_exit_idle)
{
    enum { SIZE = 8 * 1024 * 1024 };
    struct start big = {.stdin_file = "in"}, held = {.stdin_pipe = true};
    struct sock *gate;
    struct proc *p;

    make_file("in", bytes_of('i', SIZE), SIZE);
    make_fifo("gate");
    clue("sigpipe");
    p = start_with(&big, "filter", "head", "-c", "10", NULL);
    expect_exit(p, 0);
    expect_output(p, "iiiiiiiiii");
    expect_exit(start_with(&big, "filter", "true", NULL), 0);
    clue("drain");
    p = start_with(&big, "filter", "sh", "-c", "exec <&-; echo still; echo here", NULL);
    expect_exit(p, 0);
    expect_output(p, "still\nhere\n");

    clue("busy");
    p = start_with(&held, "filter", "cat", NULL);
    expect_idle(p);
    clue("filter-ends");
    write_stdin(p, "hello\n");
    close_stdin(p);
    expect_exit(p, 0);
    expect_output(p, "hello\n");

    /* Its own input has ended, and the command lives on; then the other way round. */
    clue("busy");
    p = start("filter", "sh", "-c", "cat; read x <gate; echo end", NULL);
    gate = write_fifo("gate");
    expect_idle(p);
    close_sock(gate);
    expect_exit(p, 0);
    expect_output(p, "end\n");
    p = start_with(&held, "filter", "sh", "-c", "exec <&-; read x <gate; echo end", NULL);
    gate = write_fifo("gate");
    expect_idle(p);
    close_sock(gate);
    clue("input-goes-on");
    expect_exit(p, 0);
    expect_output(p, "end\n");
}

/* D. pipeline ---------------------------------------------------------------------------------------- */

enum { STAGES = 5 };

static const char *stage_file(int stage)
{
    return text("stage%d", stage);
}

/* They may be late: whether stages are waited for is pipeline_status's question. */
static bool all_written(void *arg)
{
    struct stat st;

    (void)arg;
    for (int i = 1; i <= STAGES; i++)
        if (stat(stage_file(i), &st) < 0 || st.st_size == 0)
            return false;
    return true;
}

LAB_TEST(hidden, pipeline_fd_hygiene)
{
    static const char three[] = "0 pipe r\n1 pipe w\n2 pipe w\n";
    const char *argv[3 * STAGES + 1] = {"pipeline"};
    struct proc *p;
    size_t n = 1;

    for (int i = 1; i <= STAGES; i++) {
        expected_file(stage_file(i));
        if (i > 1)
            argv[n++] = ":";
        argv[n++] = helper("fdprobe");
        argv[n++] = stage_file(i);
    }
    clue("stage-descriptors");
    p = start_argv(NULL, argv);
    expect_exit(p, 0);
    await(all_written, NULL, "each stage to list its descriptors");
    for (int i = 1; i <= STAGES; i++)
        check_str(file_text(stage_file(i), NULL), three, NULL, "the descriptors of a stage");
    p = start("filter", helper("fdprobe"), NULL);
    expect_exit(p, 0);
    check_str(stdout_of(p), three, NULL, "the descriptors of the command of filter");
}

LAB_TEST(hidden, pipeline_sigpipe_chain)
{
    enum { CHAIN = 20 };
    struct start words = {.stdin_text = "through twenty pipes\n"};
    const char *argv[2 * CHAIN + 1];
    const char *codes;
    struct proc *p;

    clue("stage-descriptors");
    p = start("probe", "pipeline", "yes", ":", "head", "-n", "1", NULL);
    expect_next_line(p, "y");
    codes = next_line(p);
    expect_exit(p, 0);
    /* Whose code is whose is pipeline_status's question. */
    check(strstr(codes, " 141"), "sigpipe-inherited",
          "a stage that writes to one which has ended did not die of SIGPIPE: \"%s\" (result and codes)", codes);

    for (size_t i = 0; i < CHAIN; i++) {
        argv[2 * i] = i ? ":" : "pipeline";
        argv[2 * i + 1] = "cat";
    }
    argv[2 * CHAIN] = NULL;
    clue("write-end-left-open");
    p = start_argv(&words, argv);
    expect_exit(p, 0);
    expect_output(p, "through twenty pipes\n");
}

static const char clean[] = "blocked:\nignored:\n"; /* what sigprobe says of what it was born with */

/* What a call of the probe has written, its result and the report of its side effects. The text that
 * waited in stdio's buffer may come before what the call wrote, too: it may flush before it forks.
 * NULL as result: whichever it is. "-1": a failure, whatever errno says. */
static void leaves_nothing(struct proc *p, const char *written, const char *result)
{
    static const char pending[] = "pending\n", rest[] = "descriptors:\nsignals:\nmask:\nchildren:\n";
    const char *all, *waited, *report, *line;

    (expect_exit)(p, 0);
    all = stdout_of(p);
    waited = strstr(all, pending);
    if (!waited || strstr(waited + 1, pending))
        lab_fail(KIND_STATE, "pending once", "exit-flushes",
                 "text that was in stdio's buffer before the call appears %s",
                 waited ? "more than once" : "not at all");
    all = text("%.*s%s", (int)(waited - all), all, waited + strlen(pending));
    report = strstr(all, "descriptors:");
    check(report && report > all && report[-1] == '\n', NULL, "the probe has not said its result: %s", all);
    if (strstr(report, "children: left"))
        lab_fail(KIND_STATE, "no children", "not-reaped", "there are children left after the call");
    for (line = report - 1; line > all && line[-1] != '\n'; line--)
        ;
    (check_str)(text("%.*s", (int)(line - all), all), written,
                strcmp(written, clean) == 0 ? "sigpipe-inherited" : NULL,
                "what was written during the call");
    if (strncmp(report, "descriptors:\n", strlen("descriptors:\n")) != 0)
        lab_fail(KIND_STATE, "same descriptors", "descriptors-left",
                 "the caller's descriptors are not those of before the call: %s", report);
    (check_str)(report, rest, "side-effects", "side effects of the call");
    line = text("%.*s", (int)(report - 1 - line), line);
    if (result && strcmp(result, "-1") == 0)
        check(strncmp(line, "-1 ", 3) == 0, NULL, "the call has not failed, its result is %s", line);
    else if (result)
        (check_str)(line, result, NULL, "the result of the call");
}
#define leaves_nothing(...) (HERE, leaves_nothing(__VA_ARGS__))

/* Its handler has run; or it sleeps all the same, and has the signal blocked. */
static bool has_met_signal(void *arg)
{
    return !signal_pending(arg, SIGUSR1) || blocked_in(arg, SLEEPS);
}

/* A signal while the call waits for something; then its input comes. */
static struct proc *interrupted(const char *call)
{
    struct start held = {.stdin_pipe = true};
    struct proc *p = (start_with)(&held, "probe", "effects", call, "cat", NULL);

    (settle)(p);
    (send_signal)(p, SIGUSR1);
    (await)(has_met_signal, p, "the signal to arrive");
    (write_stdin)(p, "on\n");
    (close_stdin)(p);
    return p;
}
#define interrupted(...) (HERE, interrupted(__VA_ARGS__))

LAB_TEST(hidden, no_side_effects)
{
    const char *sigprobe = helper("sigprobe");

    clue("wait-before-close");
    leaves_nothing(start("probe", "effects", "relay", "hi", NULL), "child: hi\n", "0");
    clue("filter-ends");
    leaves_nothing(start("probe", "effects", "filter", sigprobe, NULL), clean, "0 0");
    clue("exec-failed");
    leaves_nothing(start("probe", "effects", "filter", "no-such-command", NULL), "", "0 127");
    make_file("plain", "not a program\n", 14);
    if (!under_memcheck()) /* whose posix_spawn does not tell why it failed */
        leaves_nothing(start("probe", "effects", "filter", "./plain", NULL), "", "0 126");
    clue("write-end-left-open");
    leaves_nothing(start("probe", "effects", "pipeline", "true", ":", sigprobe, NULL), clean,
                   "0 0 0");
    clue("exec-failed");
    leaves_nothing(start("probe", "effects", "pipeline", "no-such-command", NULL), "", "0 127");
    /* No room for the first pipe; or for the second, unless an end of the first is closed by then. */
    clue("side-effects");
    leaves_nothing(start("probe", "effects", "1", "relay", "hi", NULL), "", "-1");
    leaves_nothing(start("probe", "effects", "1", "filter", "true", NULL), "", "-1");
    leaves_nothing(start("probe", "effects", "3", "filter", "true", NULL), "", NULL);
    leaves_nothing(start("probe", "effects", "1", "pipeline", "true", ":", "true", NULL), "", "-1");
    /* Room for one pipe, when the first stage may have been started. */
    leaves_nothing(start("probe", "effects", "2", "pipeline", "true", ":", "true", ":", "true", NULL),
                   "", NULL);
    /* A caller that has done nothing for itself. */
    leaves_nothing(start("probe", "effects", "plain", "relay", "hi", NULL), "child: hi\n", "0");
    leaves_nothing(start("probe", "effects", "plain", "filter", "true", NULL), "", "0 0");
    leaves_nothing(start("probe", "effects", "plain", "pipeline", "true", ":", "true", NULL), "",
                   "0 0 0");
    clue("eintr");
    leaves_nothing(interrupted("filter"), "on\n", "0 0");
    leaves_nothing(interrupted("pipeline"), "on\n", "0 0");
}

/* E. fanin --------------------------------------------------------------------------------------------- */

/* A record on the wire, at *at. Returns what is behind it. */
static unsigned char *put_record(unsigned char *at, uint32_t worker, uint32_t seq, uint32_t size)
{
    const uint32_t head[3] = {worker, seq, size};

    (void)memcpy(at, head, sizeof(head));
    (void)memset(at + sizeof(head), (int)((worker + seq) & 0xff), size - sizeof(head));
    return at + size;
}

/* rec_send writes such a record, at once. */
static void sends_at_once(uint32_t worker, uint32_t seq, uint32_t size)
{
    unsigned char record[PIPE_BUF];
    struct proc *p = (start)("probe", "rec-send", text("%u", worker), text("%u", seq),
                             text("%u", size), NULL);

    (expect_exit)(p, 0);
    (void)put_record(record, worker, seq, size);
    (check_str)((next_line)(p), "0", "record-bytes", "the result of rec_send");
    (check_str)((next_line)(p), text("write %u", size), "two-writes",
                "the first write of a record");
    (check_str)((next_line)(p), text("record %08x", (unsigned)pattern_sum(record, size)),
                "record-bytes", "the sum of a record's bytes");
}
#define sends_at_once(...) (HERE, sends_at_once(__VA_ARGS__))

/* rec_send refuses such a size. */
static void refuses(const char *size)
{
    struct proc *p = (start)("probe", "rec-send", "1", "1", size, NULL);

    (expect_exit)(p, 0);
    (expect_output)(p, "-1 EINVAL\n");
}
#define refuses(...) (HERE, refuses(__VA_ARGS__))

/* rec_collect, for three workers and records of 'size' bytes, takes these bytes for corrupt. */
static void takes_for_corrupt(const void *bytes, size_t count, size_t size)
{
    struct start all = {.stdin_text = bytes, .stdin_size = count};
    struct proc *p = (start_with)(&all, "probe", "rec-collect", text("%zu", size), "3", NULL);

    (expect_exit)(p, 0);
    (expect_output)(p, "-1 EPROTO\n");
}
#define takes_for_corrupt(...) (HERE, takes_for_corrupt(__VA_ARGS__))

LAB_TEST(hidden, fanin_atomic)
{
    enum { SIZE = 20, RECORDS = 5 };
    unsigned char wire[SIZE * RECORDS], *end = wire;
    struct start fed = {.stdin_pipe = true};
    const char *want = "";
    struct proc *p;

    sends_at_once(3, 5, 16);
    sends_at_once(7, 300, 64);
    sends_at_once(0, 1, PIPE_BUF);
    clue("record-size");
    refuses("15");
    refuses(text("%d", PIPE_BUF + 1));

    for (uint32_t i = 0; i < RECORDS; i++) /* worker 2 has three, worker 0 has two, worker 1 none */
        end = put_record(end, i % 2 ? 0 : 2, i / 2, SIZE);
    clue("read-is-not-all");
    p = start_with(&fed, "probe", "rec-collect", text("%d", SIZE), "3", NULL);
    for (const unsigned char *at = wire; at < end; at++) {
        write_stdin_bytes(p, at, 1);
        await_stdin_read(p);
    }
    close_stdin(p);
    expect_exit(p, 0);
    expect_output(p, "0 2 0 3\n");

    clue("corrupt-record");
    takes_for_corrupt(wire, 2 * SIZE - 1, SIZE); /* the second one is cut */
    wire[SIZE - 1] ^= 1;
    takes_for_corrupt(wire, SIZE, SIZE);
    (void)put_record(wire, 2, 0, SIZE - 1);
    wire[SIZE - 1] = 2;
    takes_for_corrupt(wire, SIZE, SIZE); /* the size word is another */
    (void)put_record(wire, 3, 0, SIZE);
    takes_for_corrupt(wire, SIZE, SIZE); /* there is no worker 3 */

    clue("fanin-reads-late");
    p = start("fanin", "-j", "8", "-m", "2000", "-s", "200", NULL);
    (void)await_exit(p);
    for (int i = 0; i < 8; i++)
        want = text("%sworker %d: 2000\n", want, i);
    clue("worker-forks");
    expect_output(p, text("%stotal 16000\n", want));
    expect_exit(p, 0);
}
