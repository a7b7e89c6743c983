/* SPDX-License-Identifier: MIT */
/* The public tests of lab01. Each checks what its row in lab.yaml says and tolerates the rest. */
#include "harness.h"

#include "pattern.h"
#include "settle.h"

#include <stdio.h>
#include <string.h>

/* A. Robust input and output, messages --------------------------------------------------------- */

LAB_TEST(public, io_full_basic)
{
    struct start pieces = {.stdin_pipe = true}, three = {.stdin_text = "abc"};
    struct proc *p;

    clue("read-is-not-all");
    p = start_with(&pieces, "probe", "read", "0", "12", NULL);
    write_stdin(p, "abcd");
    await_stdin_read(p); /* so that the next piece needs another read */
    write_stdin(p, "efgh");
    await_stdin_read(p);
    write_stdin(p, "ijkl");
    expect_exit(p, 0);
    expect_output(p, "12 abcdefghijkl\n");

    clue("read-at-the-end");
    p = start_with(&three, "probe", "read", "0", "10", NULL);
    expect_exit(p, 0);
    expect_output(p, "3 abc\n");
    p = start("probe", "read", "0", "10", NULL);
    expect_exit(p, 0);
    expect_output(p, "0 \n");

    clue("error-hidden");
    p = start("probe", "read", "99", "10", NULL);
    expect_exit(p, 0);
    expect_output(p, "-1 EBADF\n");
    p = start("probe", "write", "99", "10", NULL);
    expect_exit(p, 0);
    expect_stderr(p, "-1 EBADF\n");

    unsigned char want[1000];

    pattern_fill(want, sizeof(want));
    p = start("probe", "write", "1", "1000", NULL);
    expect_exit(p, 0);
    expect_stderr(p, "0\n");
    expect_output_bytes(p, want, sizeof(want));
}

/* A message of this size on the wire, made at *at. Returns what is behind it. */
static unsigned char *put_message(unsigned char *at, size_t size)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (unsigned char)(size >> shift);
    pattern_fill(at, size);
    return at + size;
}

static const char *received_line(size_t size)
{
    unsigned char *block = bytes_of(0, size + 1);

    pattern_fill(block, size);
    return text("%zu %08x", size, (unsigned)pattern_sum(block, size));
}

LAB_TEST(public, msg_roundtrip)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 65535, 65536};
    enum { COUNT = sizeof(sizes) / sizeof(sizes[0]), WIRE = 4 * COUNT + 139263 };
    struct start all = {0}, pieces = {.stdin_pipe = true};
    unsigned char *wire = bytes_of(0, WIRE), *end = wire;
    struct proc *p;

    for (size_t i = 0; i < COUNT; i++)
        end = put_message(end, sizes[i]);
    check_int(end - wire, WIRE, NULL, "bytes on the wire");

    clue("byte-order");
    p = start("probe", "send", "258", NULL);
    expect_exit(p, 0);
    check(stdout_size(p) == 4 + 258, "message-sent", "msg_send of 258 bytes wrote %zu bytes",
          stdout_size(p));
    check_bytes(stdout_of(p), 4, "\0\0\1\2", 4, NULL, "the header of a message of 258 bytes");

    clue("message-sent");
    p = start("probe", "send", "0", "1", "4095", "4096", "65535", "65536", NULL);
    expect_exit(p, 0);
    expect_stderr(p, "");
    expect_output_bytes(p, wire, WIRE);
    p = start("probe", "send", "65537", NULL);
    expect_exit(p, 0);
    expect_stderr(p, "-1 EMSGSIZE\n");
    expect_output(p, "");

    clue("empty-message");
    all.stdin_text = (const char *)wire;
    all.stdin_size = 4 + 4 + 1;
    p = start_with(&all, "probe", "recv", "65536", NULL);
    expect_next_line(p, received_line(0));
    expect_next_line(p, received_line(1));
    clue("message-received");
    expect_next_line(p, "EOF");
    expect_exit(p, 0);

    all.stdin_size = WIRE;
    p = start_with(&all, "probe", "recv", "65536", NULL);
    clue("read-is-not-all"); /* more than fits into a pipe at once */
    for (size_t i = 0; i < COUNT; i++)
        expect_next_line(p, received_line(sizes[i]));
    clue("message-received");
    expect_next_line(p, "EOF");
    expect_exit(p, 0);

    clue("read-is-not-all");
    end = put_message(wire, 1000);
    p = start_with(&pieces, "probe", "recv", "1000", NULL);
    for (const unsigned char *at = wire; at < end;) { /* 2 bytes of the header, 2, and 500 at a time */
        size_t n = at < wire + 4 ? 2 : 500;

        write_stdin_bytes(p, at, n);
        await_stdin_read(p);
        at += n;
    }
    expect_next_line(p, received_line(1000));
    clue("message-received");
    close_stdin(p);
    expect_next_line(p, "EOF");
    expect_exit(p, 0);
}

/* B. hello --------------------------------------------------------------------------------------- */

LAB_TEST(public, hello_line)
{
    struct start line = {.stdin_text = "Ola filho\n"};
    struct proc *p;

    clue("usage");
    expect_usage(start("hello", "surplus", NULL));
    clue("wait-before-close");
    p = start_with(&line, "hello", NULL);
    expect_exit(p, 0);
    clue("whole-array-sent");
    expect_output(p, "child: Ola filho\nparent: child exited 0\n");
}

/* hello with this input prints this line. */
static void hello_says(const char *input, const char *line)
{
    struct start in = {.stdin_text = input};
    struct proc *p = (start_with)(&in, "hello", NULL);

    (expect_exit)(p, 0);
    (expect_output)(p, text("child: %s\nparent: child exited 0\n", line));
}
#define hello_says(...) (HERE, hello_says(__VA_ARGS__))

LAB_TEST(public, hello_edges)
{
    enum { LONGEST = 4096 };
    char line[LONGEST + 2] = "";
    struct start in = {.stdin_text = line}, pieces = {.stdin_pipe = true};
    struct proc *p;
    const char *want;

    clue("wait-before-close");
    p = start("hello", NULL);
    expect_exit(p, 0);
    clue("hello-input");
    expect_output(p, "child: \nparent: child exited 0\n");
    clue("format-string");
    hello_says("100%s of %n\n", "100%s of %n");
    clue("hello-input");
    hello_says("no line feed", "no line feed");
    hello_says("one\ntwo\n", "one");

    clue("read-is-not-all");
    p = start_with(&pieces, "hello", NULL);
    write_stdin(p, "in two");
    await_stdin_read(p); /* so that the rest needs another read */
    write_stdin(p, " pieces\n");
    close_stdin(p);
    expect_exit(p, 0);
    expect_output(p, "child: in two pieces\nparent: child exited 0\n");

    for (size_t i = 0; i < LONGEST; i++)
        line[i] = (char)('a' + i % 26);
    want = text("child: %s\nparent: child exited 0\n", line);
    line[LONGEST] = '\n';
    p = start_with(&in, "hello", NULL);
    (void)await_exit(p);
    clue(stdout_size(p) < strlen(want) ? "line-truncated" : "no-terminator");
    expect_output(p, want);
    expect_exit(p, 0);

    clue("hello-input");
    line[LONGEST] = 'x';
    p = start_with(&in, "hello", NULL);
    expect_complaint(p, 1);
    expect_output(p, "");
}

/* C. filter ---------------------------------------------------------------------------------------- */

LAB_TEST(public, filter_upper)
{
    struct start words = {.stdin_text = "a pipe has two ends\nand no name\n"};
    struct proc *p;

    clue("usage");
    expect_usage(start("filter", NULL));
    clue("filter-ends");
    p = start_with(&words, "filter", "tr", "a-z", "A-Z", NULL);
    expect_exit(p, 0);
    clue("filter-bytes");
    expect_output(p, "A PIPE HAS TWO ENDS\nAND NO NAME\n");
    clue("exit-status");
    expect_exit(start("filter", "sh", "-c", "exit 7", NULL), 7);
    expect_exit(start("filter", "sh", "-c", "kill -TERM $$", NULL), 128 + SIGTERM);
}

LAB_TEST(public, filter_large)
{
    enum { SIZE = 8 * 1024 * 1024, PART = 1000000, TAKEN = 5000, ZEROS = 300000 };
    struct start files = {.stdin_file = "in", .stdout_file = "out"}, part = {.stdin_file = "part"};
    unsigned char *bytes = bytes_of(0, SIZE), *want = bytes_of(0, PART + ZEROS);
    uint32_t state = 1;
    struct sock *gate;
    struct proc *p;
    const char *out;
    size_t got;

    for (size_t i = 0; i < SIZE; i++) {
        state = state * 1103515245U + 12345U;
        bytes[i] = (unsigned char)(state >> 16);
    }
    make_file("in", bytes, SIZE);
    clue("write-all-then-read");
    expect_exit(start_with(&files, "filter", "cat", NULL), 0);
    out = file_text("out", &got);
    check_bytes(out, got, bytes, SIZE, "filter-bytes", "what came back through filter cat");

    /* The command takes 5000 bytes from its full pipe: there is room for a page, and not for more.
     * Once filter has used it the command says more than its own pipe holds, and then goes on to
     * read. */
    make_file("part", bytes, PART);
    make_fifo("gate");
    clue("write-blocks");
    p = start_with(&part, "filter", "sh", "-c",
                   "dd bs=5000 count=1 iflag=fullblock 2>/dev/null; read x <gate;"
                   " head -c 300000 /dev/zero; cat", NULL);
    gate = write_fifo("gate");
    settle(p);
    close_sock(gate);
    expect_exit(p, 0);
    clue("filter-bytes");
    (void)memcpy(want, bytes, TAKEN);
    (void)memcpy(want + TAKEN + ZEROS, bytes + TAKEN, PART - TAKEN);
    expect_output_bytes(p, want, PART + ZEROS);
}

/* D. pipeline ---------------------------------------------------------------------------------------- */

LAB_TEST(public, pipeline_two_three)
{
    struct proc *p;

    clue("usage");
    expect_usage(start("pipeline", NULL));
    expect_usage(start("pipeline", "-x", "true", NULL));
    expect_usage(start("pipeline", ":", "true", NULL));
    expect_usage(start("pipeline", "true", ":", NULL));
    expect_usage(start("pipeline", "true", ":", ":", "true", NULL));

    clue("pipeline-bytes");
    p = start("pipeline", "echo", "alone", NULL);
    expect_exit(p, 0);
    expect_output(p, "alone\n");
    clue("write-end-left-open");
    p = start("pipeline", "printf", "b\\na\\nb\\n", ":", "sort", NULL);
    expect_exit(p, 0);
    expect_output(p, "a\nb\nb\n");
    p = start("pipeline", "printf", "b\\na\\nb\\n", ":", "sort", ":", "uniq", "-c", NULL);
    expect_exit(p, 0);
    expect_output(p, "      1 a\n      2 b\n");
}

static bool both_started(void *arg)
{
    (void)arg;
    return exists("first") && exists("second");
}

LAB_TEST(public, pipeline_status)
{
    struct start held = {.stdin_pipe = true};
    struct proc *p;

    clue("which-code"); /* whichever of them ends first */
    expect_exit(start("pipeline", "-p", "true", ":", "sh", "-c", "exit 4", NULL), 4);
    expect_exit(start("pipeline", "-p", "sh", "-c", "exit 3", ":", "true", NULL), 3);
    expect_exit(start("pipeline", "-p", "true", ":", "true", NULL), 0);

    /* The first stage lasts until the second one has ended for sure. */
    clue("stages-at-once");
    expected_file("first");
    expected_file("second");
    p = start_with(&held, "pipeline", "sh", "-c", ">first; cat; exit 3", ":", "sh", "-c",
                   ">second; exit 5", NULL);
    await(both_started, NULL, "both stages to start");
    await_running_children(p, 1);
    clue("order-of-ending");
    close_stdin(p);
    expect_exit(p, 5);

    clue("which-code");
    expect_exit(start("pipeline", "sh", "-c", "exit 3", ":", "true", NULL), 0);
    expect_exit(start("pipeline", "-p", "sh", "-c", "exit 3", ":", "sh", "-c", "exit 4", ":", "true",
                      NULL), 4);
    clue("exit-status");
    expect_exit(start("pipeline", "sh", "-c", "kill -TERM $$", NULL), 128 + SIGTERM);

    p = start("pipeline", "-p", "true", ":", "no-such-command", ":", "sh", "-c", "cat; echo end",
              NULL);
    clue("write-end-left-open");
    (void)await_exit(p);
    clue("exec-failed");
    expect_exit(p, 127);
    expect_output(p, "end\n");
    make_file("plain", "not a program\n", 14);
    if (!under_memcheck()) { /* whose posix_spawn does not tell why it failed */
        expect_stderr_prefix(p, "pipeline: ");
        check(strchr(stderr_of(p), '\n') == strrchr(stderr_of(p), '\n'), NULL,
              "one command cannot be run, and standard error has more than one line");
        expect_exit(start("pipeline", "-p", "true", ":", "./plain", NULL), 126);
    }
}

/* E. fanin --------------------------------------------------------------------------------------------- */

LAB_TEST(public, fanin_basic)
{
    static const char *const in_turns[] = {"LAB_TURNS=turns,64", NULL};
    struct start turns = {.env = in_turns}; /* whether records are whole is fanin_atomic's question */
    struct proc *p;

    make_file("turns", "", 0);
    clue("usage");
    expect_usage(start("fanin", "surplus", NULL));
    expect_usage(start("fanin", "-s", "15", NULL));
    clue("fanin-ends");
    p = start_with(&turns, "fanin", "-j", "4", "-m", "100", NULL);
    (void)await_exit(p);
    clue("worker-forks");
    expect_output(p, "worker 0: 100\nworker 1: 100\nworker 2: 100\nworker 3: 100\ntotal 400\n");
    expect_exit(p, 0);
}
