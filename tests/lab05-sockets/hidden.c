/* SPDX-License-Identifier: MIT */
/* The hidden tests of lab05. Each checks what its row in lab.yaml says and tolerates the rest. A
 * client reads the answer to each of its lines before it sends the next, wherever pieces of lines
 * are not what the test is about. */
#include "chat.h"

#include <sys/ioctl.h>
#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* E. Rude clients ------------------------------------------------------------------------------ */

/* Sends these bytes and waits until the server has taken them. */
static void send_piece(struct sock *s, const char *bytes, size_t n)
{
    send_bytes(s, bytes, n);
    await_drained(s);
}

LAB_TEST(hidden, chat_partial_lines)
{
    static const char three[] = "WHO\nPRIV nobody psst\nDANCE\n";
    static const char nick[] = "NICK ann\n";
    enum { LINE_MAX_SENT = 512, COMMAND = 4 }; /* a line with its LF; "MSG " */
    struct proc *d = chat_server("room");
    struct sock *bob, *ann;
    char line[2001], heard[LINE_MAX_SENT + 1];
    const char *told;

    clue("one-client-at-a-time");
    bob = connect_to("room");
    chat_ask_nameless(bob);
    ann = connect_to("room");
    chat_ask_nameless(ann);

    clue("recv-is-not-a-line");
    for (size_t i = 0; i < sizeof(nick) - 1; i++)
        send_piece(ann, nick + i, 1);
    expect_line(ann, "OK");
    send_piece(ann, "WH", 2);
    chat_ask_nameless(bob);
    send_piece(ann, "O\n", 2);
    expect_line(ann, "NAMES ann");
    send_piece(ann, three, sizeof(three) - 1);
    expect_line(ann, "NAMES ann");
    expect_line(ann, "ERR nouser");
    expect_line(ann, "ERR cmd");
    send_piece(ann, "DANCE\nWH", 8);
    expect_line(ann, "ERR cmd");
    chat_ask_nameless(bob);
    send_piece(ann, "O\n", 2);
    expect_line(ann, "NAMES ann");

    clue("line-overflow");
    (void)memset(line, 'x', sizeof(line));
    (void)memcpy(line, "MSG ", 4);
    line[sizeof(line) - 1] = '\n';
    send_piece(ann, line, sizeof(line));
    expect_line(ann, "ERR toolong");
    send_line(ann, "WHO"); /* another ERR toolong would come before the answer */
    expect_line(ann, "NAMES ann");
    send_piece(ann, line, 1200);
    chat_ask_nameless(bob);
    send_piece(ann, line + 1200, sizeof(line) - 1200);
    expect_line(ann, "ERR toolong");
    send_line(ann, "WHO");
    expect_line(ann, "NAMES ann");
    chat_ask_nameless(bob);

    /* Too long is told before its LF; one byte too many is too long. */
    clue("line-limit");
    send_piece(ann, line, 600);
    expect_line(ann, "ERR toolong");
    send_piece(ann, "\n", 1);
    line[LINE_MAX_SENT] = '\n';
    send_piece(ann, line, LINE_MAX_SENT + 1);
    expect_line(ann, "ERR toolong");

    /* The longest line arrives whole, with all its bytes; without its LF it is none. (Whether the two
     * know of each other at all is judged in other tests.) */
    send_line(bob, "NICK bob");
    expect_line(bob, "OK");
    send_line(ann, "WHO");
    do
        told = receive_line(ann);
    while (strcmp(told, "+ bob") == 0);
    if (strcmp(told, "NAMES ann bob") == 0) {
        line[LINE_MAX_SENT - 1] = '\n';
        line[LINE_MAX_SENT - 2] = '\r';
        line[LINE_MAX_SENT / 2] = '\0';
        send_piece(ann, line, LINE_MAX_SENT);
        chat_expect(&(struct client){ann, "ann"}, "OK");
        (void)memcpy(heard, "ann: ", 5);
        (void)memcpy(heard + 5, line + COMMAND, LINE_MAX_SENT - COMMAND);
        expect_bytes(bob, heard, 5 + LINE_MAX_SENT - COMMAND);
        clue("recv-is-not-a-line");
        send_bytes(bob, "MSG half", 8);
        half_close(bob);
        chat_expect(&(struct client){ann, "ann"}, "- bob");
    }
    clue(NULL);
    chat_end(d);
}

/* What chat_slow_reader counts: the notice that the lazy client is gone comes between other lines,
 * wherever it comes. */
static void hear_but_lazy(const struct client *c, const char *want, bool *lazy_gone)
{
    const char *line = chat_hear(c);

    if (!*lazy_gone && strcmp(line, "- lazy") == 0) {
        *lazy_gone = true;
        line = chat_hear(c);
    }
    check_str(line, want, NULL, text("the next line for %s", c->nick));
}

/* Arrived and not read, in the kernel: pending_bytes() would take it. */
static int unread(const struct sock *s)
{
    int n = 0;

    return ioctl(sock_fd(s), FIONREAD, &n) == 0 ? n : 0;
}

LAB_TEST(hidden, chat_slow_reader)
{
    enum {
        TOTAL = 1536 * 1024,    /* bytes for the lazy client, with room for any socket buffer */
        LINE = 500,             /* bytes of one message's text */
        HELD = 16 * 1024,       /* so much for the slow one is not in its socket: the server has it */
        AFTERWARDS = 32,        /* messages when the lazy one is gone */
        GROWTH_MAX_KIB = 1024   /* of the server; its own limit is 64 KiB for a client */
    };
    bool tom_knows = false, eve_knows = false;
    char words[LINE + 1];
    struct client tom, eve, slow;
    struct sock *nameless;
    const char *heard;
    struct proc *d;
    int said = 0;
    long before;

    clue("one-client-at-a-time");
    d = chat_server("room");
    tom = chat_join("room", "tom");
    eve = chat_join("room", "eve");
    clue("process-per-client");
    chat_expect(&tom, "+ eve");
    slow = chat_join("room", "slow");
    chat_expect(&tom, "+ slow");
    chat_expect(&eve, "+ slow");

    /* It reads only when it has said that it says nothing more; until then the server may not hold
     * more for it than a quarter of what is allowed. */
    clue("blocking-send");
    (void)memset(words, 'w', LINE);
    words[LINE] = '\0';
    for (int sent = 0; sent < TOTAL && sent - unread(slow.sock) < HELD; said++) {
        send_line(tom.sock, "MSG %d %s", said, words + 10);
        check_str(chat_hear(&tom), "OK", "pending-lost", "the next line for tom");
        heard = text("tom: %d %s", said, words + 10);
        check_str(chat_hear(&eve), heard, "pending-lost", "the next line for eve");
        sent += (int)strlen(heard) + 1;
    }
    clue("pending-lost");
    nameless = connect_to("room");
    half_close(slow.sock);
    chat_ask_nameless(nameless); /* now the server has seen that end */
    for (int i = 0; i < said; i++)
        chat_expect(&slow, text("tom: %d %s", i, words + 10));
    chat_expect(&tom, "- slow");
    chat_expect(&eve, "- slow");

    clue("blocking-send");
    heard = text("tom: %s", words);
    (void)chat_join("room", "lazy"); /* and never reads again */
    chat_expect(&tom, "+ lazy");
    chat_expect(&eve, "+ lazy");
    before = rss_kib(d);
    for (int sent = 0, left = AFTERWARDS; sent < TOTAL && left > 0; sent += LINE) {
        send_line(tom.sock, "MSG %s", words);
        hear_but_lazy(&tom, "OK", &tom_knows);
        hear_but_lazy(&eve, heard, &eve_knows); /* only the lazy one lags */
        if (eve_knows)
            left--;
    }
    check(eve_knows && tom_knows, "output-unbounded",
          "a client has not read %d bytes, and the server has not disconnected it", TOTAL);
    check(rss_kib(d) - before <= GROWTH_MAX_KIB, "output-unbounded",
          "the server has grown by %ld KiB", rss_kib(d) - before);
    chat_ask(&eve, "WHO", "NAMES eve tom");
    clue(NULL);
    chat_end(d);
}

static bool has_unread(void *sock)
{
    return unread(sock) > 0;
}

LAB_TEST(hidden, chat_abrupt_close)
{
    struct client first, second, tom, eve, last;
    struct proc *d;

    clue("one-client-at-a-time");
    d = chat_server("room");
    first = chat_join("room", "first");
    second = chat_join("room", "second");
    tom = chat_join("room", "tom");
    eve = chat_join("room", "eve");
    clue("process-per-client");
    chat_expect(&tom, "+ eve");
    last = chat_join("room", "last");
    chat_expect(&tom, "+ last");
    chat_expect(&eve, "+ last");

    /* Closes with unread data: the server's next receive fails. It is the last in every table. */
    clue("exit-on-client-error");
    chat_ask(&tom, "MSG one", "OK");
    chat_expect(&eve, "tom: one");
    await(has_unread, last.sock, "a message for 'last'");
    close_abruptly(last.sock);
    chat_expect(&tom, "- last");
    chat_expect(&eve, "- last");
    chat_ask(&tom, "MSG two", "OK");
    chat_expect(&eve, "tom: two");

    /* The same with one who came before the others. */
    clue("arrays-out-of-step");
    await(has_unread, second.sock, "a message for 'second'");
    close_abruptly(second.sock);
    chat_expect(&tom, "- second");
    chat_expect(&eve, "- second");
    chat_ask(&tom, "MSG three", "OK");
    chat_expect(&eve, "tom: three");
    chat_ask(&eve, "MSG four", "OK");
    chat_expect(&tom, "eve: four");
    chat_ask(&eve, "WHO", "NAMES eve first tom");

    /* In the middle of a broadcast: the server finds the message and the two that are gone at
     * once. In whatever order it looks at its clients, one of them comes after the sender. */
    clue("sigpipe");
    last = chat_join("room", "last");
    chat_expect(&tom, "+ last");
    chat_expect(&eve, "+ last");
    freeze(d);
    send_line(tom.sock, "MSG five");
    close_sock(first.sock);
    close_sock(last.sock);
    thaw(d);
    chat_expect_all(&tom, (const char *const[]){"OK", "- first", "- last", NULL});
    chat_expect_all(&eve, (const char *const[]){"tom: five", "- first", "- last", NULL});
    chat_ask(&tom, "MSG six", "OK");
    chat_expect(&eve, "tom: six");
    chat_ask(&eve, "WHO", "NAMES eve tom");
    clue(NULL);
    chat_end(d);
}

LAB_TEST(hidden, chat_fd_limit)
{
    enum { LIMIT = 32, IN_TURN = 200, COUNT_AT = 10, AT_ONCE = 40, LEAVING = 20 };
    struct start limited = {.nofile = LIMIT};
    struct sock *crowd[AT_ONCE], *s;
    struct client guest;
    int idle_fds, n = 0;
    struct proc *d;

    d = start_with(&limited, "chatd", "-u", "room", NULL);
    await_line(d, "READY");
    clue("hup-stays-in-poll");
    expect_idle(d);
    idle_fds = open_fds(d); /* of a server that may still open what it serves clients with */

    for (int i = 0; i < IN_TURN; i++) {
        clue("client-fd-not-closed");
        s = connect_to("room");
        chat_ask_nameless(s);
        close_sock(s);
        if (i == COUNT_AT || i == IN_TURN - 1) {
            clue("hup-stays-in-poll");
            expect_idle(d);
            if (i == COUNT_AT && open_fds(d) < idle_fds + COUNT_AT)
                idle_fds = open_fds(d);
            check_int(open_fds(d), idle_fds, "client-fd-not-closed",
                      "open descriptors of chatd when all clients have left");
        }
    }
    clue("client-fd-not-closed");
    guest = chat_join("room", "guest");
    chat_ask(&guest, "QUIT", "BYE");
    expect_eof(guest.sock);
    close_sock(guest.sock);

    /* More than it has descriptors for; how many wait in its backlog is its own affair. */
    clue("one-client-at-a-time");
    while (n < AT_ONCE) {
        s = try_connect("room");
        if (!s) { /* the backlog is full: for good, or has the server not come to it yet? */
            expect_idle(d);
            s = try_connect("room");
        }
        if (!s)
            break;
        send_line(s, "WHO");
        crowd[n++] = s;
        if (n <= LEAVING)
            expect_line(s, "ERR nick");
        else
            clue("emfile-spin");
    }
    check(n >= LEAVING, NULL, "the %d. client could not even connect", n + 1);
    expect_idle(d);
    for (int i = 0; i < LEAVING; i++)
        close_sock(crowd[i]);
    for (int i = LEAVING; i < n; i++)
        expect_line(crowd[i], "ERR nick");
    if (n > LEAVING)
        close_sock(crowd[n - 1]); /* so many at a time are promised, and no more */
    s = connect_to("room");
    chat_ask_nameless(s);
    clue("hup-stays-in-poll");
    expect_idle(d);
    clue(NULL);
    chat_end(d);
}

/* A server on all kinds of addresses; *port is what it says: one that would look different with its
 * bytes exchanged. */
static struct proc *mixed_server(const char *abstract, unsigned long *port)
{
    struct proc *d;

    for (int attempt = 0;; attempt++) {
        d = start("chatd", "-u", "room", "-u", abstract, "-t", "0", NULL);
        await_line(d, "READY");
        const char *line = strstr(stdout_of(d), "READY tcp 127.0.0.1:");

        check(line, "chat-ready", "no line READY with address and port from chatd -t");
        check(strstr(stdout_of(d), "READY unix room\n"), "chat-ready",
              "no line READY with the path from chatd -u");
        check(strstr(stdout_of(d), text("READY unix %s\n", abstract)), "chat-ready",
              "no line READY with the abstract name from chatd -u");
        *port = strtoul(line + strlen("READY tcp 127.0.0.1:"), NULL, 10);
        if (*port >> 8 != (*port & 0xff) || attempt == 3)
            return d;
        chat_end(d);
    }
}

LAB_TEST(hidden, chat_mixed_transports)
{
    enum { TALKERS = 20, CLIENTS_MAX = 64 };
    const char *abstract = unique("@room"), *names = "NAMES";
    struct client who[TALKERS];
    struct sock *s;
    unsigned long port = 0;
    struct proc *d;

    d = mixed_server(abstract, &port);
    if (exists(text("\\0%s", abstract + 1))) {
        chat_end(d); /* by itself, so that what it leaves is its own */
        fail(KIND_STATE, "abstract-backslash",
             "there is a file whose name begins with a backslash and a zero");
    }
    for (int i = 0; i < TALKERS; i++) {
        const char *const where[] = {"room", abstract, text("tcp:%lu", port)};
        const char *const why[] = {"one-client-at-a-time", "abstract-length", "port-byte-order"};

        clue(why[i % 3]);
        who[i] = (struct client){.sock = connect_to(where[i % 3]), .nick = text("c%02d", i)};
        clue("one-client-at-a-time");
        send_line(who[i].sock, "NICK %s", who[i].nick);
        chat_expect(&who[i], "OK");
        clue("process-per-client");
        for (int k = 0; k < i; k++)
            chat_expect(&who[k], text("+ %s", who[i].nick));
        names = text("%s %s", names, who[i].nick);
    }
    for (int i = 0; i < TALKERS; i++) {
        chat_ask(&who[i], text("MSG from %d", i), "OK");
        for (int k = 0; k < TALKERS; k++)
            if (k != i)
                chat_expect(&who[k], text("%s: from %d", who[i].nick, i));
    }
    for (int i = 0; i < TALKERS; i++) /* and nothing came twice */
        chat_ask(&who[i], "WHO", names);

    clue("too-many-clients");
    for (int i = TALKERS; i < CLIENTS_MAX; i++)
        chat_ask_nameless(connect_to("room"));
    s = connect_to("room");
    expect_line(s, "ERR full");
    expect_closed(s);

    /* One that cannot have all its addresses keeps none. */
    clue("in-use");
    expect_complaint(start("chatd", "-u", "second", "-t", text("%lu", port), NULL), 5);
    clue("too-many-clients");
    chat_ask(&who[0], "WHO", names);

    /* The server closes first: the connections on its side are what remains on the port, the more so
     * as the TCP clients here do not close theirs. */
    clue(NULL);
    chat_end(d);
    clue("reuseaddr");
    d = start("chatd", "-t", text("%lu", port), NULL);
    await_line(d, text("READY tcp 127.0.0.1:%lu", port));
    await_line(d, "READY");
    chat_ask_nameless(connect_to(text("tcp:%lu", port)));
    clue("stop-signals");
    send_signal(d, SIGINT);
    expect_exit(d, 0);
}

LAB_TEST(hidden, idle_half_close)
{
    struct proc *d = chat_server("room");
    struct client ann, bob, eve;

    clue("hup-stays-in-poll");
    expect_idle(d);
    ann = chat_join("room", "ann");
    expect_idle(d);
    half_close(ann.sock);
    expect_idle(d);
    bob = chat_join("room", "bob");

    clue("one-client-at-a-time");
    eve = chat_join("room", "eve");
    clue("process-per-client");
    chat_expect(&bob, "+ eve");

    /* Its last line and the end come together. */
    clue("lines-before-end");
    freeze(d);
    send_line(eve.sock, "MSG the last word");
    half_close(eve.sock);
    thaw(d);
    chat_expect(&eve, "OK");
    expect_closed(eve.sock);
    chat_expect(&bob, "eve: the last word");
    chat_expect(&bob, "- eve");
    clue("hup-stays-in-poll");
    expect_idle(d);
    close_sock(bob.sock);
    expect_idle(d);
    close_sock(ann.sock);
    expect_idle(d);
    chat_ask_nameless(connect_to("room"));
    clue(NULL);
    chat_end(d);
}

/* C. Datagrams --------------------------------------------------------------------------------- */

/* Sends n bytes to the server and expects "<n> <them reversed>". */
static void reversed(struct sock *s, const char *bytes, size_t n)
{
    const char *head = text("%zu ", n);
    size_t head_n = strlen(head);
    char *want = bytes_of(0, head_n + n + 1);

    (void)memcpy(want, head, head_n);
    for (size_t i = 0; i < n; i++)
        want[head_n + i] = bytes[n - 1 - i];
    send_datagram(s, "room", bytes, n);
    expect_datagram(s, want, head_n + n);
}

/* How many datagrams may wait for a receiver. */
static int queue_room(void)
{
    FILE *f = fopen("/proc/sys/net/unix/max_dgram_qlen", "re");
    int room = INT_MAX;

    if (!f || fscanf(f, "%d", &room) != 1)
        room = INT_MAX;
    if (f)
        (void)fclose(f);
    return room;
}

LAB_TEST(hidden, dgram_edges)
{
    enum { LARGEST = 1024, QUEUE_ROOM_MAX = 64 };
    static const char too_long[] = "ERR toolong";
    struct sock *s, *nameless, *gone, *lazy;
    char bytes[LARGEST + 1];
    struct proc *d;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7 % 251);
    d = start("dgramd", "room", NULL);
    await_line(d, "READY room");
    s = datagram_at("@");

    clue("dgram-truncated");
    reversed(s, bytes, LARGEST);
    send_datagram(s, "room", bytes, LARGEST + 1);
    expect_datagram(s, too_long, sizeof(too_long) - 1);
    reversed(s, "after", 5);
    clue("dgram-empty");
    reversed(s, "", 0);
    reversed(s, "after", 5);

    clue("dgram-exit-on-send-error");
    gone = datagram_at("@");
    freeze(d); /* so that it is gone before the reply for sure */
    send_datagram(gone, "room", "gone", 4);
    close_sock(gone);
    thaw(d);
    reversed(s, "after", 5);
    clue("dgram-nameless");
    nameless = datagram_at(NULL);
    send_datagram(nameless, "room", "who am I?", 9);
    reversed(s, "after", 5);

    /* It never fetches its replies: one day its queue is full. Where a queue has room for hundreds of them
     * they would fill the buffer of the server's own socket first, and nobody could be answered. */
    clue("dgram-blocking-send");
    lazy = datagram_at("@");
    if (queue_room() <= QUEUE_ROOM_MAX)
        for (int i = 0; i < queue_room() + 4; i++) {
            send_datagram(lazy, "room", "lazy", 4);
            reversed(s, "after", 5);
        }
    clue(NULL);
    chat_end(d);
}

/* B. Unnamed sockets --------------------------------------------------------------------------- */

struct copy {
    const char *file;
    size_t size;
    struct proc *p;
};

static bool is_whole(void *arg)
{
    const struct copy *c = arg;
    struct stat st;

    return has_ended(c->p) || (stat(c->file, &st) == 0 && (size_t)st.st_size >= c->size);
}

/* Is descriptor 2 the last one that fdprobe lists? */
static bool ends_with_stderr(const char *list)
{
    const char *two = strstr(list, "\n2 "), *lf = two ? strchr(two + 1, '\n') : NULL;

    return lf && !lf[1];
}

LAB_TEST(hidden, coproc_large)
{
    enum { SIZE = 4 * 1024 * 1024 };
    struct start files = {.stdin_file = "in", .stdout_file = "out"}, held = {.stdin_pipe = true};
    struct copy copy = {.file = "out", .size = SIZE};
    unsigned char *bytes = bytes_of(0, SIZE);
    unsigned state = 1;
    struct proc *p;
    size_t got;

    for (size_t i = 0; i < SIZE; i++) {
        state = state * 1103515245U + 12345U;
        bytes[i] = (unsigned char)(state >> 16);
    }
    make_file("in", bytes, SIZE);
    clue("write-all-then-read");
    copy.p = start_with(&files, "coproc", "cat", NULL);
    await(is_whole, &copy, "4 MiB on the standard output of coproc");
    clue("no-half-close");
    expect_exit(copy.p, 0);
    const char *out = file_text("out", &got);
    check_bytes(out, got, bytes, SIZE, "coproc-bytes", "what came back through coproc cat");

    clue("child-not-reaped");
    expect_exit(start("coproc", "sh", "-c", "kill -KILL $$", NULL), 128 + SIGKILL);
    clue("command-not-found");
    expect_exit(start("coproc", "./no-such-command", NULL), 127);

    clue("waits-for-stdin");
    p = start_with(&held, "coproc", "sh", "-c", "read line; echo \"$line\"", NULL);
    write_stdin(p, "one\n");
    expect_exit(p, 0); /* its standard input is still open */
    expect_output(p, "one\n");

    /* A command that takes nothing, and ends while coproc has more for it. */
    clue("sigpipe");
    make_fifo("go");
    p = start_with(&held, "coproc", "sh", "-c", "read line <go; exit 7", NULL);
    write_stdin_bytes(p, bytes, SIZE);
    expect_idle(p);
    close_sock(write_fifo("go")); /* the end of that wait */
    expect_exit(p, 7);

    clue("descriptor-inherited");
    p = start("coproc", helper("fdprobe"), NULL);
    expect_exit(p, 0);
    check(ends_with_stderr(stdout_of(p)), NULL,
          "the command has descriptors besides its standard streams");
}
