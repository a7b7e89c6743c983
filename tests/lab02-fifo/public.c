/* SPDX-License-Identifier: MIT */
/* The public tests of lab02. Each checks what its row in lab.yaml says and tolerates the rest. */
#include "service.h"

#include <fcntl.h>

/* What the probe printed, unless the function is still a stub. */
static const char *written(const char *printed)
{
    if (strstr(printed, "-1 ENOSYS"))
        lab_fail(KIND_STATE, "not implemented", "not-implemented", "the function is not implemented");
    return printed;
}

/* A. FIFO basics ------------------------------------------------------------------------------- */

static const char *ensured(const char *path, const char *mode)
{
    struct proc *p = start("probe", "ensure", path, mode, NULL);

    expect_exit(p, 0);
    return written(stdout_of(p));
}

LAB_TEST(public, ensure_fifo)
{
    static const char kept[] = "not a FIFO\n";
    struct stat st;

    clue("ensure-mode");
    check_str(ensured("new", "0640"), "1\n", NULL, "fifo_ensure where nothing is");
    check(lstat("new", &st) == 0 && S_ISFIFO(st.st_mode), NULL, "there is no FIFO 'new'");
    check((st.st_mode & 0777) == 0640, NULL, "the FIFO's permissions are %03o instead of 640",
          (unsigned)st.st_mode & 0777);
    expected_file("new"); /* the probe leaves it: it is the test's */
    check_str(ensured("new", "0640"), "0\n", "eexist-fatal", "fifo_ensure where a FIFO is");
    check(file_kind("new") == S_IFIFO, "eexist-fatal", "the FIFO is not there any more");

    clue("not-a-fifo");
    make_file("plain", kept, sizeof(kept) - 1);
    check_str(ensured("plain", "0640"), "-1 EEXIST\n", NULL, "fifo_ensure where a regular file is");
    check(file_kind("plain") == S_IFREG, NULL, "the regular file is not there any more");
    check_str(file_text("plain", NULL), kept, NULL, "the regular file");
}

static bool is_done_or_sleeps(void *arg)
{
    struct proc *p = arg;

    return has_ended(p) || blocked_in(p, CALL_SLEEP);
}

static bool is_done_or_waits_for_room(void *arg)
{
    struct proc *p = arg;

    return has_ended(p) || blocked_in(p, CALL_OUTPUT);
}

LAB_TEST(public, send_messages)
{
    static const char *const noted[] = {"LAB02_CALLS=calls", NULL}; /* see wrap.c */
    enum { PAGE = 4096, MANY = 300 };
    int calls;
    struct sock *r;
    struct proc *p;

    make_fifo("box");
    make_file("calls", "", 0);
    r = read_fifo("box");
    clue("send-format");
    p = start_with(&(struct start){.env = noted}, "fifosend", "box", NULL);
    await(is_done_or_sleeps, p, "fifosend to end"); /* five lines fit into the FIFO, unread */
    check(has_ended(p), "sleep", "fifosend sleeps between its messages");
    expect_exit(p, 0);
    for (int i = 0; i < 5; i++)
        expect_line(r, text("Message %d - Number %d", (int)pid_of(p), i));
    expect_eof(r);
    calls = lines_in(file_text("calls", NULL)); /* 0: it has another way of writing */
    check(calls == 0 || calls == 5, "several-writes",
          "fifosend has sent its five lines by %d calls of write", calls);

    /* More than fits, and nobody reads until the FIFO is full. */
    clue("send-full");
    make_fifo("narrow");
    r = read_fifo("narrow");
    (void)fcntl(sock_fd(r), F_SETPIPE_SZ, PAGE);
    p = start("fifosend", "-n", text("%d", MANY), "narrow", NULL);
    await(is_done_or_waits_for_room, p, "fifosend to fill the FIFO and to wait for room");
    for (int i = 0; i < MANY; i++)
        expect_line(r, text("Message %d - Number %d", (int)pid_of(p), i));
    expect_eof(r);
    expect_exit(p, 0);
}

LAB_TEST(public, send_no_reader)
{
    struct sock *r;
    struct proc *p;

    clue("usage");
    expect_usage(start("fifosend", NULL));
    clue("own-reader");
    make_fifo("box");
    expect_complaint(start("fifosend", "box", "hello", NULL), 3);
    clue("no-peer");
    expect_complaint(start("fifosend", "nowhere", "hello", NULL), 3);
    clue("wait-in-open");
    p = start("fifosend", "-w", "box", "hello", NULL);
    await_blocked(p, CALL_OPEN);
    r = read_fifo("box");
    expect_line(r, "hello");
    expect_exit(p, 0);
    expect_eof(r);
}

/* B. fifolog ----------------------------------------------------------------------------------- */

LAB_TEST(public, log_one_session)
{
    struct sock *w;
    struct proc *d;

    clue("usage");
    expect_usage(start("fifolog", NULL));
    clue("not-flushed");
    d = start("fifolog", "-s", "1", "log", NULL);
    fifo_ready(d, "log");
    clue("log-format");
    w = write_fifo("log");
    send_line(w, "first");
    expect_next_line(d, "[1] first");
    send_line(w, "and a second line");
    expect_next_line(d, "[1] and a second line");
    send_line(w, "third");
    expect_next_line(d, "[1] third");
    close_sock(w);
    clue("log-end");
    expect_next_line(d, "-- eof 1");
    expect_exit(d, 0);
}

static bool is_ready_or_ended(void *arg)
{
    struct proc *p = arg;

    return has_ended(p) || strstr(stdout_of(p), "READY");
}

/* A FIFO that was there already is somebody else's. */
static void check_found_fifo_stays(void)
{
    struct proc *d;
    struct sock *w;

    clue("log-found");
    make_fifo("found");
    d = start("fifolog", "-s", "1", "found", NULL);
    await(is_ready_or_ended, d, "fifolog to be ready");
    if (has_ended(d))
        return; /* whether it takes one that is there is judged in ensure_fifo */
    w = write_fifo("found");
    send_line(w, "hello");
    await_line(d, "[1] hello");
    close_sock(w);
    (void)await_exit(d);
    check(exists("found"), NULL, "fifolog has removed a FIFO that it had not made");
}

LAB_TEST(public, log_reopen)
{
    struct proc *d;

    clue("not-flushed");
    d = start("fifolog", "log", NULL);
    fifo_ready(d, "log");
    for (int k = 1; k <= 2; k++) {
        struct sock *w;

        clue("log-reopen");
        w = write_fifo("log");
        send_line(w, "hello");
        expect_next_line(d, text("[%d] hello", k));
        close_sock(w);
        expect_next_line(d, text("-- eof %d", k));
    }
    clue("log-end");
    await_blocked(d, CALL_OPEN | CALL_INPUT | CALL_PAUSE); /* for the third writer */
    send_signal(d, SIGTERM);
    expect_exit(d, 0);
    check(!exists("log"), "fifo-left", "fifolog has ended, and the FIFO that it made is still there");
    check_found_fifo_stays();
}

/* C. led --------------------------------------------------------------------------------------- */

LAB_TEST(public, led_toggle)
{
    struct watch *w;
    struct proc *d;

    clue("usage");
    expect_usage(start("led", NULL));
    clue("not-flushed");
    d = start("led", "lamp", NULL);
    fifo_ready(d, "lamp");
    clue("spins");
    expect_idle(d); /* whether it is open when it says READY is not judged here */
    w = watch("lamp");
    for (int i = 0; i < 3; i++) {
        clue("reopen");
        expect_exit(start("fifosend", "lamp", "press", NULL), 0);
        clue("led-state");
        expect_next_line(d, i % 2 ? "LED off" : "LED on");
    }
    clue("spins");
    expect_idle(d); /* it has seen that the last button has left */
    check_int(count_events(w, EVENT_READER_CLOSED, NULL), 0, "reopen",
              "how often led closed its read end between the buttons");
    clue("led-state");
    send_signal(d, SIGTERM);
    expect_next_line(d, "presses=3");
    expect_exit(d, 0);
}

/* D. Requests ---------------------------------------------------------------------------------- */

/* The probe's next line. */
static void expect_probe(struct proc *p, const char *want, const char *key, const char *what)
{
    check_str(written(next_line(p)), want, key, what);
}

/* A line of so many bytes with its LF, as a request without it. */
static const char *long_request(size_t bytes)
{
    static const char head[] = "4711 7 ECHO ";
    char *line = bytes_of('x', bytes);

    (void)memcpy(line, head, sizeof(head) - 1);
    line[bytes - 1] = '\0';
    return line;
}

enum { REQUEST_MAX = 512 };

LAB_TEST(public, req_parse_format)
{
    static const char *const good[][2] = {
        {"4711 7 ECHO hello", "0 4711 7 ECHO(hello)"},
        {"12 0 NEXT", "0 12 0 NEXT()"},
        {"12 4294967295 ECHO two  words and more", "0 12 4294967295 ECHO(two  words and more)"},
        {"1 1 ADD -5 7", "0 1 1 ADD(-5 7)"},
        {"2147483647 1 ECHO a\303\247\303\243o", "0 2147483647 1 ECHO(a\303\247\303\243o)"},
    };
    static const char *const bad[] = {
        "", "12", "12 1", "12 1 ", "NEXT", "x 1 NEXT", "12x 1 NEXT", "12 y NEXT", "-12 1 NEXT",
        "0 1 NEXT", "2147483648 1 NEXT", "99999999999999999999 1 NEXT", "+12 1 NEXT", "12 +1 NEXT",
        " 12 1 NEXT", "12  1 NEXT", "12 1  NEXT", "12 4294967296 NEXT", "12 1 NE\tXT",
        "12 1 ECHO a\001b", "12 1 ECHO a\nb", "12 1 SIXTEENLETTERSOP hello",
    };
    enum { GOOD = sizeof(good) / sizeof(good[0]), BAD = sizeof(bad) / sizeof(bad[0]) };
    const char *largest = long_request(REQUEST_MAX), *larger = long_request(REQUEST_MAX + 1);
    const char *args[GOOD + BAD + 5] = {"probe", "parse"};
    size_t n = 2;
    struct proc *p;

    clue("req-format");
    p = start("probe", "format", "1024", "4711", "7", "ECHO", "hello",
              "1024", "12", "0", "NEXT", "",
              "1024", "12", "4294967295", "ECHO", "two  words and more",
              "1024", "4711", "7", "ECHO", largest + strlen("4711 7 ECHO "),
              "1024", "4711", "7", "ECHO", larger + strlen("4711 7 ECHO "),
              "10", "4711", "7", "ECHO", "hello", NULL);
    for (size_t i = 0; i < 3; i++)
        expect_probe(p, text("%zu %s", strlen(good[i][0]) + 1, good[i][0]), NULL, "req_format");
    expect_probe(p, text("%d %s", REQUEST_MAX, largest), NULL, "req_format of the longest line");
    expect_probe(p, "-1 EMSGSIZE", NULL, "req_format of a line of 513 bytes");
    expect_probe(p, "-1 EMSGSIZE", NULL, "req_format into a buffer that is too small");
    expect_exit(p, 0);

    for (size_t i = 0; i < GOOD; i++)
        args[n++] = good[i][0];
    for (size_t i = 0; i < BAD; i++)
        args[n++] = bad[i];
    args[n++] = largest;
    args[n++] = larger;
    clue("scanf-parsing");
    p = start_argv(NULL, args);
    for (size_t i = 0; i < GOOD; i++)
        expect_probe(p, good[i][1], NULL, text("req_parse of '%s'", good[i][0]));
    for (size_t i = 0; i < BAD; i++)
        expect_probe(p, "-1 EBADMSG", NULL, text("req_parse of '%s'", bad[i]));
    expect_probe(p, text("0 4711 7 ECHO(%s)", largest + strlen("4711 7 ECHO ")), NULL,
                 "req_parse of the longest line");
    expect_probe(p, "-1 EBADMSG", NULL, "req_parse of a line of 513 bytes");
    expect_exit(p, 0);
}

/* D. fifod and fifoc --------------------------------------------------------------------------- */

LAB_TEST(public, server_basic_ops)
{
    struct proc *d;

    clue("usage");
    expect_usage(start("fifod", NULL));
    expect_usage(start("fifoc", "server", NULL));
    clue("no-peer");
    expect_complaint(start("fifoc", "-t", FOREVER, "nobody", "NEXT", NULL), 3);

    d = service_start(NULL, "server", NULL);
    clue("service-ops");
    ask(d, "hello", "server", "ECHO", "hello");
    clue("scanf-parsing");
    ask(d, "two words", "server", "ECHO", "two", "words");
    clue("service-ops");
    ask(d, "HELLO, WORLD 1", "server", "UPPER", "Hello, world", "1");
    ask(d, "42", "server", "ADD", "-5", "47");
    ask(d, "0", "server", "NEXT");
    clue("process-per-request");
    ask(d, "1", "server", "NEXT");
    clue("service-ops");
    refuse(d, "server", "DANCE");
    refuse(d, "server", "ADD", "9223372036854775807", "1");
    ask(d, "served=8 dropped=0", "server", "STATS");
    clue(NULL);
    service_end(d);
}

LAB_TEST(public, server_shutdown)
{
    const char *before = names_here();
    struct proc *d = service_start(NULL, "server", NULL);

    clue("service-ops");
    ask(d, "hello", "server", "ECHO", "hello");
    clue("shutdown-bye");
    send_signal(d, SIGTERM);
    expect_next_line(d, "BYE served=1 dropped=0");
    expect_exit(d, 0);
    check_str(names_here(), before, "fifo-left", "the names in the folder when fifod has ended");
}
