/* SPDX-License-Identifier: MIT */
/* The hidden tests of lab02. Each checks what its row in lab.yaml says and tolerates the rest. */
#include "service.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* B. fifolog ----------------------------------------------------------------------------------- */

/* Sends these bytes and waits until the program has taken them. */
static void send_piece(struct sock *w, const char *bytes)
{
    send_bytes(w, bytes, strlen(bytes));
    await_drained(w);
}

/* The program finds all these bytes at once: its reads are as long as it lets them be. */
static void send_at_once(struct proc *d, struct sock *w, const char *bytes, size_t n)
{
    size_t sent;

    service_hold(d);
    sent = send_some(w, bytes, n); /* all of it, unless the program has made the FIFO smaller */
    service_let_go(d);
    send_bytes(w, bytes + sent, n - sent);
    await_drained(w);
}

/* 'count' different lines of 'size' bytes each, LF included. */
static char *many_lines(int count, int size)
{
    char *bytes = bytes_of('.', (size_t)count * (size_t)size + 1);

    for (int i = 0; i < count; i++) {
        char *line = bytes + (size_t)i * (size_t)size;
        const char *head = text("line %d ", i);

        (void)memcpy(line, head, strlen(head));
        line[size - 1] = '\n';
    }
    return bytes;
}

static void expect_many(struct proc *d, const char *bytes, int count, int size)
{
    for (int i = 0; i < count; i++)
        expect_next_line(d, text("[1] %.*s", size - 1, bytes + (size_t)i * (size_t)size));
}

LAB_TEST(hidden, lines_split_joined)
{
    enum { OVERLONG = 10000, SHORT = 10, LINE = 64, SMALLEST = 256, LARGEST = 16384 };
    struct proc *d;
    struct sock *w;
    char *bytes;

    clue("not-flushed");
    d = start("fifolog", "-s", "2", "log", NULL);
    fifo_ready(d, "log");
    clue("read-is-not-a-message");
    w = write_fifo("log");
    send_piece(w, "he");
    send_piece(w, "llo\nwor");
    expect_next_line(d, "[1] hello");
    send_piece(w, "ld\n");
    expect_next_line(d, "[1] world");
    send_piece(w, "above\n\nbelow\n");
    expect_next_line(d, "[1] above");
    expect_next_line(d, "[1] ");
    expect_next_line(d, "[1] below");
    bytes = many_lines(40, SHORT);
    send_at_once(d, w, bytes, 40 * SHORT);
    expect_many(d, bytes, 40, SHORT);

    clue("full-buffer");
    for (int size = SMALLEST; size <= LARGEST; size *= 2) {
        bytes = many_lines(size / LINE, LINE);
        send_at_once(d, w, bytes, (size_t)size);
        expect_many(d, bytes, size / LINE, LINE);
    }

    clue("overlong-line");
    bytes = bytes_of('x', OVERLONG);
    send_at_once(d, w, bytes, OVERLONG);
    send_piece(w, "\nnext\n");
    expect_next_line(d, "-- overlong 1");
    expect_next_line(d, "[1] next");

    clue("unfinished-line");
    send_piece(w, "no end");
    close_sock(w);
    expect_next_line(d, "[1] no end");
    expect_next_line(d, "-- eof 1");
    w = write_fifo("log");
    send_piece(w, "anew\n");
    expect_next_line(d, "[2] anew");
    close_sock(w);
    expect_next_line(d, "-- eof 2");
    expect_exit(d, 0);
}

/* E. The server's own FIFO --------------------------------------------------------------------- */

LAB_TEST(hidden, keepalive_no_reopen)
{
    enum { OPENINGS = 200 };
    struct watch *w;
    struct proc *d;

    clue("not-flushed");
    d = start("fifod", "server", NULL);
    fifo_ready(d, "server");
    clue("spins");
    expect_idle(d);
    w = watch("server");
    for (int i = 0; i < 2; i++) {
        clue("reopen");
        ask(d, "hello", "server", "ECHO", "hello");
        clue("spins");
        expect_idle(d);
        check_int(count_events(w, EVENT_READER_CLOSED, NULL), 0, "reopen",
                  "how often fifod closed its read end after a client");
    }
    for (int i = 0; i < OPENINGS; i++)
        check(has_reader("server"), "reopen",
              "when the test opened the FIFO for the %d. time, nobody was reading", i + 1);
    expect_idle(d);
    check_int(count_events(w, EVENT_READER_CLOSED, NULL), 0, "reopen",
              "how often fifod closed its read end");
    clue("reopen");
    ask(d, "hello", "server", "ECHO", "hello");
    clue(NULL);
    service_end(d);
}

static bool has_no_reader(void *path)
{
    return !has_reader(path);
}

/* Kills a server with all its processes, and waits until they are gone. */
static void kill_server(struct proc *d)
{
    send_signal(d, SIGKILL);
    (void)kill(-pid_of(d), SIGKILL); /* each program is a process group of its own */
    expect_killed_by(d, SIGKILL);
    while (waitpid(-pid_of(d), NULL, 0) > 0)
        ; /* they cannot be waited for by the server any more */
    await(has_no_reader, "server", "the processes of the killed fifod to end");
}

static bool is_printing(void *arg)
{
    struct proc *d = arg;

    return has_ended(d) || blocked_in(d, CALL_WRITE) || (exists("server") && has_reader("server"));
}

/* Its standard output is full: it waits where it says READY, and by then its FIFO must be open. (Which of
 * its processes says it is its own affair.) */
static void check_open_when_ready(void)
{
    struct start printing = {.stdout_file = "box"};
    enum { PAGE = 4096 };
    char bytes[PAGE] = "";
    struct sock *out, *full;
    struct proc *d;

    clue("not-open-when-ready");
    make_fifo("box");
    out = serve_fifo("box");
    (void)fcntl(sock_fd(out), F_SETPIPE_SZ, PAGE);
    full = write_fifo("box");
    while (send_some(full, bytes, sizeof(bytes)) > 0)
        ;
    while (send_some(full, bytes, 1) > 0)
        ;
    d = start_with(&printing, "fifod", "server", NULL);
    await(is_printing, d, "fifod to say READY");
    check(has_ended(d) || has_reader("server"), NULL,
          "fifod says READY, and its FIFO is not open yet");
    while (read(sock_fd(out), bytes, sizeof(bytes)) > 0)
        ;
    service_end(d);
}

LAB_TEST(hidden, stale_and_second_server)
{
    struct stat before, after;
    struct proc *d, *other;

    d = service_start(NULL, "server", NULL);
    kill_server(d);
    check(file_kind("server") == S_IFIFO, NULL, "the FIFO of the killed server is not there");
    clue("eexist-fatal");
    d = start("fifod", "server", NULL);
    fifo_ready(d, "server");
    (void)write_fifo("server");
    ask(d, "hello", "server", "ECHO", "hello");

    clue("second-server");
    check(lstat("server", &before) == 0, NULL, "the FIFO of the server is not there");
    other = start("fifod", "server", NULL);
    expect_output(other, ""); /* until it has ended: no READY */
    expect_complaint(other, 5);
    check(lstat("server", &after) == 0 && after.st_ino == before.st_ino, NULL,
          "the FIFO of the first server is not there any more");
    ask(d, "hello", "server", "ECHO", "hello");

    clue("sigint");
    send_signal(d, SIGINT);
    expect_exit(d, 0);
    check_open_when_ready();
}

/* E. Many clients ------------------------------------------------------------------------------ */

/* The gate (wrap.c): whoever has it in its environment is held before its next write to a FIFO. */
static const char *const gate_env[] = {"LAB02_GATE=gate", "LAB02_CALLS=calls", NULL};

static void shut_gate(void)
{
    make_fifo("gate");
}

/* Opens the gate, for good: who looked just before, and comes only now, is not held any more. */
static void open_gate(void)
{
    check(rename("gate", "gate.open") == 0, NULL, "rename");
    (void)serve_fifo("gate.open"); /* opening it is what is waited for there */
    (void)unlink("gate.open");
}

static int unread_bytes(struct sock *s)
{
    int n = 0;

    return ioctl(sock_fd(s), FIONREAD, &n) == 0 ? n : 0;
}

/* A client, and an end of the FIFO that nobody reads now. */
struct asking {
    struct proc *c;
    struct sock *server;
};

/* It is held at the gate; or it sends in a way that does not pass there, and has sent. */
static bool is_about_to_ask(void *arg)
{
    const struct asking *a = arg;

    return has_ended(a->c) || blocked_in(a->c, CALL_OPEN)
           || (unread_bytes(a->server) && blocked_in(a->c, CALL_INPUT | CALL_PAUSE));
}

/* Before a client asks, its reply FIFO has the right name and is open for reading. Returns a writer
 * of it, which lasts until the reply, so that the client sees no end of file; NULL: it has ended. */
static struct sock *check_ready_to_receive(struct proc *c, struct sock *server)
{
    const char *reply = text("server.%d", (int)pid_of(c));
    struct asking a = {c, server};
    struct sock *out;

    await(is_about_to_ask, &a, "fifoc to send its request");
    if (has_ended(c))
        return NULL;
    check(exists(reply) || !strstr(names_here(), "server."), "shared-reply",
          "fifoc is about to ask, and its reply FIFO is not 'server.PID', but among these: %s",
          names_here());
    check(exists(reply), "late-reply-fifo", "fifoc is about to ask, and has no reply FIFO yet");
    out = try_write_fifo(reply);
    check(out, "late-reply-fifo", "fifoc is about to ask, and does not have its reply FIFO open yet");
    return out;
}

enum { CLIENTS = 12, REQUESTS = 25, FAKE_PID = 900001 };

/* A number that NEXT gave: in range and new. */
static void take_number(bool seen[], const char *number)
{
    char *end;
    unsigned long n = strtoul(number, &end, 10);

    check(end > number && !*end && n < CLIENTS * REQUESTS, "process-per-request",
          "NEXT has given '%s' to the %d. request or an earlier one", number, CLIENTS * REQUESTS);
    check(!seen[n], "process-per-request", "NEXT has given %lu twice", n);
    seen[n] = true;
}

LAB_TEST(hidden, concurrent_clients)
{
    struct start gated = {.env = gate_env};
    bool seen[CLIENTS * REQUESTS] = {false};
    struct sock *w, *reply[CLIENTS];
    struct proc *d, *one, *c[CLIENTS];

    d = service_start(NULL, "server", &w);

    /* One client, and how it does it. */
    clue("late-reply-fifo");
    make_file("calls", "", 0);
    shut_gate();
    service_hold(d); /* or the reply may be there before it is looked for */
    one = start_with(&gated, "fifoc", "-t", FOREVER, "server", "ECHO", "hello", NULL);
    (void)check_ready_to_receive(one, w);
    service_let_go(d);
    open_gate();
    expect_exit(one, 0);
    expect_output(one, "hello\n");
    check(lines_in(file_text("calls", NULL)) <= 1, "several-writes",
          "fifoc has sent its request by %d calls of write", lines_in(file_text("calls", NULL)));

    /* All of them at once: the frozen server finds their requests joined. */
    clue("read-is-not-a-message");
    for (int i = 0; i < CLIENTS; i++) {
        (void)unlink(text("server.%d", FAKE_PID + i));
        make_fifo(text("server.%d", FAKE_PID + i));
        reply[i] = serve_fifo(text("server.%d", FAKE_PID + i));
    }
    for (int round = 1; round < REQUESTS; round++) {
        service_hold(d);
        for (int i = 0; i < CLIENTS; i++)
            send_line(w, "%d %d NEXT", FAKE_PID + i, round * 100 + i);
        service_let_go(d);
        for (int i = 0; i < CLIENTS; i++) {
            const char *line = receive_line(reply[i]), *head = text("%d OK ", round * 100 + i);

            check(strncmp(line, head, strlen(head)) == 0, NULL,
                  "the client that sent request %d got the reply '%s'", round * 100 + i, line);
            take_number(seen, line + strlen(head));
        }
    }
    service_hold(d);
    for (int i = 0; i < CLIENTS; i++)
        c[i] = start("fifoc", "-t", FOREVER, "server", "NEXT", NULL);
    for (int i = 0; i < CLIENTS; i++)
        await_blocked(c[i], CALL_INPUT | CALL_OPEN | CALL_PAUSE);
    service_let_go(d);
    for (int i = 0; i < CLIENTS; i++) {
        expect_exit(c[i], 0);
        take_number(seen, next_line(c[i]));
    }

    clue("service-ops");
    send_line(w, "%d 7 DANCE", FAKE_PID);
    expect_line(reply[0], "7 ERR op");
    for (int i = 0; i < CLIENTS; i++)
        expect_nothing(reply[i]);
    clue(NULL);
    service_end(d);
}

/* E. Hostile clients --------------------------------------------------------------------------- */

/* The server is held at the gate, between open and write, or has dealt with the request without
 * passing there. */
struct gate {
    struct proc *d;
    struct sock *w;
};

static bool is_at_gate(void *arg)
{
    const struct gate *g = arg;

    return blocked_in(g->d, CALL_OPEN)
           || (!unread_bytes(g->w) && blocked_in(g->d, CALL_INPUT | CALL_PAUSE));
}

/* Whatever was sent has been read and dealt with, and a normal client is served. */
static void expect_served(struct proc *d, struct sock *w)
{
    await_drained(w);
    expect_idle(d);
    ask(d, "hello", "server", "ECHO", "hello");
}

/* The reader leaves when the server has opened the reply FIFO and not yet written. */
static void leave_before_reply(struct proc *d, struct sock *w, const char *reply, int pid)
{
    struct gate g = {d, w};
    struct sock *r;

    make_fifo(reply);
    shut_gate();
    r = read_fifo(reply);
    send_line(w, "%d 3 ECHO too late", pid);
    await(is_at_gate, &g, "the server to reply");
    close_sock(r);
    open_gate();
    (void)unlink(reply);
}

LAB_TEST(hidden, hostile_clients)
{
    struct start gated = {.env = gate_env};
    const int pid = (int)getpid();
    const char *reply = text("server.%d", pid);
    struct sock *w, *half, *lazy;
    char bytes[600];
    struct proc *d;
    size_t size;

    d = service_start(&gated, "server", &w);

    clue("no-reply-fifo");
    send_line(w, "%d 1 ECHO nobody there", pid);
    expect_served(d, w);

    clue("blocking-reply-open");
    make_fifo(reply);
    send_line(w, "%d 2 ECHO nobody reads", pid);
    expect_served(d, w);
    (void)unlink(reply);

    clue("sigpipe-server");
    leave_before_reply(d, w, reply, pid);
    expect_served(d, w);

    clue("reply-into-file");
    make_file(reply, "", 0);
    send_line(w, "%d 4 ECHO into a file", pid);
    await_drained(w);
    expect_idle(d);
    (void)file_text(reply, &size);
    check_int((long long)size, 0, NULL, "bytes in the regular file that has the name of a reply FIFO");
    expect_served(d, w);
    (void)unlink(reply);

    clue("lazy-client");
    make_fifo(reply);
    (void)read_fifo(reply); /* and never reads */
    lazy = write_fifo(reply);
    (void)memset(bytes, 'f', sizeof(bytes));
    while (send_some(lazy, bytes, sizeof(bytes)) > 0)
        ;
    while (send_some(lazy, bytes, 1) > 0)
        ;
    send_line(w, "%d 5 ECHO no room", pid);
    expect_served(d, w);
    (void)unlink(reply);

    clue("malformed-request");
    (void)memcpy(bytes, "77 6 ECHO ", 10);
    bytes[sizeof(bytes) - 1] = '\n';
    send_bytes(w, bytes, sizeof(bytes));
    expect_served(d, w);
    for (size_t i = 0; i < sizeof(bytes) - 1; i++)
        bytes[i] = (char)(i * 7);
    send_bytes(w, bytes, sizeof(bytes));
    expect_served(d, w);

    /* Half a line spoils what follows it up to the next LF, but no more. */
    half = write_fifo("server");
    send_bytes(half, "77 8 ECH", 8);
    close_sock(half);
    send_line(w, "%d 9 ECHO spoilt", pid);
    expect_served(d, w);
    clue(NULL);
    service_end(d);
}

/* D. The client -------------------------------------------------------------------------------- */

/* The test is the server. The line of a client that asks for NEXT or ECHO: its seq. */
static unsigned long receive_request(struct sock *s, const struct proc *c, const char *request)
{
    const char *line = receive_line(s), *head = text("%d ", (int)pid_of(c));
    unsigned long seq = 0;
    char *end = NULL;

    if (strncmp(line, head, strlen(head)) == 0)
        seq = strtoul(line + strlen(head), &end, 10);
    check(end && *end == ' ' && strcmp(end + 1, request) == 0, "request-format",
          "the request is '%s' instead of '%sSEQ %s'", line, head, request);
    return seq;
}

static void check_reply_fifo_gone(const struct proc *c)
{
    check(!exists(text("server.%d", (int)pid_of(c))), "reply-fifo-left",
          "fifoc has ended, and its reply FIFO is still there");
}

/* The server leaves when fifoc has opened its FIFO and not yet written. (One that does not pass the
 * gate has written, and waits for its answer until the time is over.) */
static void leave_before_request(struct sock *s)
{
    struct start gated = {.env = gate_env};
    struct proc *c;
    struct asking a;
    int code;

    clue("sigpipe-client");
    shut_gate();
    c = start_with(&gated, "fifoc", "-t", "1000", "server", "NEXT", NULL);
    a = (struct asking){c, s};
    await(is_about_to_ask, &a, "fifoc to send its request");
    close_sock(s);
    open_gate();
    code = await_exit(c);
    check(code == 1 || code == 3 || code == 4, NULL,
          "fifoc has ended with exit code %d when its server had left", code);
    check_reply_fifo_gone(c);
}

LAB_TEST(hidden, client_protocol_cleanup)
{
    struct start gated = {.env = gate_env};
    struct sock *s, *out;
    unsigned long seq;
    struct proc *c;

    make_fifo("server");
    s = serve_fifo("server");

    clue("request-format");
    shut_gate();
    c = start_with(&gated, "fifoc", "-t", FOREVER, "server", "ECHO", "two words", NULL);
    out = check_ready_to_receive(c, s);
    open_gate();
    seq = receive_request(s, c, "ECHO two words");
    clue("client-reply");
    if (!out)
        expect_exit(c, 0); /* it has ended before any reply: say how */
    send_line(out, "%lu OK for somebody else", seq ^ 1);
    await_drained(out);
    send_line(out, "%lu OK two words", seq);
    close_sock(out);
    expect_exit(c, 0);
    expect_output(c, "two words\n");
    check_reply_fifo_gone(c);

    clue("no-timeout");
    c = start("fifoc", "-t", "1000", "server", "NEXT", NULL);
    expect_complaint(c, 4);
    if (pending_bytes(s) > 0) /* on a busy machine its time may be over before it has asked */
        (void)receive_request(s, c, "NEXT");
    check_reply_fifo_gone(c);

    clue("reply-fifo-left");
    c = start("fifoc", "-t", FOREVER, "server", "NEXT", NULL);
    (void)receive_request(s, c, "NEXT");
    await_blocked(c, CALL_INPUT | CALL_OPEN | CALL_PAUSE);
    send_signal(c, SIGTERM);
    check_int(await_exit(c), 128 + SIGTERM, "client-signal", "how fifoc ended after SIGTERM");
    check_reply_fifo_gone(c);

    leave_before_request(s);
}

/* A. fifosend ---------------------------------------------------------------------------------- */

static bool is_readable(void *s)
{
    return unread_bytes(s) > 0;
}

LAB_TEST(hidden, sigpipe_writer)
{
    struct sock *r;
    struct proc *p;

    make_fifo("box");
    r = read_fifo("box");
    clue("sigpipe-writer");
    p = start("fifosend", "-n", "100000", "box", NULL); /* more than fits into any FIFO */
    await(is_readable, r, "a line from fifosend");
    close_sock(r);
    expect_complaint(p, 1);
}
