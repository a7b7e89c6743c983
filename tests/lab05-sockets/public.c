/* SPDX-License-Identifier: MIT */
/* The public tests of lab05. Each checks what its row in lab.yaml says and tolerates the rest. */
#include "chat.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* A. Addresses --------------------------------------------------------------------------------- */

/* What the probe must print for an address whose sun_path begins with these bytes. */
static const char *address_line(const char *path, size_t n)
{
    char hex[2 * sizeof(((struct sockaddr_un *)0)->sun_path) + 1] = "";

    for (size_t i = 0; i < n; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", (unsigned char)path[i]);
    return text("0 %zu AF_UNIX %s\n", offsetof(struct sockaddr_un, sun_path) + n, hex);
}

/* What the probe printed, unless the function is still a stub. */
static const char *written(const char *printed)
{
    if (strstr(printed, "-1 ENOSYS"))
        lab_fail(KIND_STATE, "not implemented", "not-implemented", "the function is not implemented");
    return printed;
}

/* The probe with two arguments: all that it prints. */
static const char *probed(const char *what, const char *argument)
{
    struct proc *p = start("probe", what, argument, NULL);

    expect_exit(p, 0);
    return written(stdout_of(p));
}

LAB_TEST(public, address_forms)
{
    enum { PATH_ROOM = sizeof(((struct sockaddr_un *)0)->sun_path) };
    char path[PATH_ROOM + 1];
    const char *name = unique("@name"), *got;
    struct sock *listener, *peer;
    struct proc *p;

    clue("abstract-length");
    got = probed("address", "@name");
    check(!strstr(got, "5c"), "abstract-backslash",
          "un_address(\"@name\"): sun_path begins with a backslash: %s", got);
    check_str(got, address_line("\0name", 5), NULL, "un_address(\"@name\")");
    got = probed("address", "room/x");
    check_str(got, address_line("room/x", 7), "path-length", "un_address(\"room/x\")");

    (void)memset(path, 'p', sizeof(path));
    path[PATH_ROOM - 1] = '\0';
    check_str(probed("address", path), address_line(path, PATH_ROOM), "path-truncated",
              "un_address of a path of 107 bytes");
    path[PATH_ROOM - 1] = 'p';
    path[PATH_ROOM] = '\0';
    check_str(probed("address", path), "-1 ENAMETOOLONG\n", "path-truncated",
              "un_address of a path of 108 bytes");
    check_str(probed("address", ""), "-1 EINVAL\n", "empty-name", "un_address(\"\")");

    listener = listen_at(name); /* exactly these bytes and not one more */
    p = start("probe", "connect", name, NULL);
    expect_exit(p, 0);
    check_str(written(stdout_of(p)), "0\n", NULL, "un_connect to an abstract name");
    peer = accept_from(listener);
    expect_line(peer, "hello from the probe");
}

LAB_TEST(public, listen_stale_live)
{
    static const char kept[] = "not a socket\n";
    struct start held = {.stdin_pipe = true};
    struct sock *listener, *client, *accepted;
    struct ucred peer;
    struct proc *p;
    size_t size;

    clue("socket-file-left");
    leave_stale_socket("stale");
    p = start_with(&held, "probe", "listen", "stale", NULL);
    check_str(written(next_line(p)), "0", NULL, "un_listen on a stale socket file");
    close_sock(connect_to("stale"));
    close_stdin(p);
    expect_exit(p, 0);

    clue("unlink-live");
    listener = listen_at("live");
    p = start_with(&held, "probe", "listen", "live", NULL);
    check_str(written(next_line(p)), "-1 EADDRINUSE", NULL, "un_listen on the name of a live server");
    expect_exit(p, 0);
    client = connect_to("live");
    do { /* whoever tried the name out is in front of us */
        accepted = accept_from(listener);
        check_int(getsockopt(sock_fd(accepted), SOL_SOCKET, SO_PEERCRED, &peer,
                             &(socklen_t){sizeof(peer)}),
                  0, NULL, "getsockopt");
    } while (peer.pid != getpid());
    send_line(client, "still there?");
    expect_line(accepted, "still there?");

    make_file("plain", kept, sizeof(kept) - 1);
    p = start_with(&held, "probe", "listen", "plain", NULL);
    check_str(written(next_line(p)), "-1 EADDRINUSE", NULL, "un_listen on the name of a regular file");
    expect_exit(p, 0);
    check(file_kind("plain") == S_IFREG, NULL, "the regular file is not there any more");
    check_str(file_text("plain", &size), kept, NULL, "the regular file");
}

LAB_TEST(public, tcp_port_zero)
{
    struct start held = {.stdin_pipe = true};
    struct sock *listener;
    const char *line;
    struct proc *p;
    char *end;

    clue("port-byte-order");
    p = start_with(&held, "probe", "tcp-listen", NULL);
    line = written(next_line(p));
    check(line[0] != '-', NULL, "tcp_listen(0) failed: %s", line);
    /* Three of them: a port may look the same with its bytes exchanged. */
    for (int i = 0; i < 3; i++) {
        unsigned long port = strtoul(line, &end, 10);
        const char *on = listening_address((uint16_t)port);

        check(on, NULL, "tcp_listen reported port %lu, but nobody listens there", port);
        if (strncmp(on, "::ffff:", 7) == 0) /* the same, from a socket of IPv6 */
            on += 7;
        check_str(on, "127.0.0.1", "bind-any", "the address on which tcp_listen listens");
        close_sock(connect_to(text("tcp:%lu", port)));
        line = end;
    }
    close_stdin(p);
    expect_exit(p, 0);

    listener = listen_at("tcp:0");
    p = start("probe", "tcp-connect", text("%u", (unsigned)tcp_port(listener)), NULL);
    expect_exit(p, 0);
    check_str(written(stdout_of(p)), "0\n", NULL, "tcp_connect");
    expect_line(accept_from(listener), "hello from the probe");
}

/* B. Unnamed sockets --------------------------------------------------------------------------- */

LAB_TEST(public, pairtalk)
{
    struct proc *p;

    clue("usage");
    expect_usage(start("pairtalk", "surplus", NULL));
    clue("sizeof-other-string");
    p = start("pairtalk", NULL);
    expect_exit(p, 0);
    expect_output(p, "parent got: Hello, how are you?\nchild got: I am fine, thanks.\n");
}

LAB_TEST(public, coproc_sort)
{
    struct start lines = {.stdin_text = "pear\napple\nfig\n"};
    struct proc *p;

    clue("usage");
    expect_usage(start("coproc", NULL));
    clue("no-half-close");
    p = start_with(&lines, "coproc", "sort", NULL);
    expect_exit(p, 0);
    expect_output(p, "apple\nfig\npear\n");
    clue("child-not-reaped");
    p = start_with(&lines, "coproc", "sh", "-c", "cat >/dev/null; exit 5", NULL);
    expect_exit(p, 5);
    expect_output(p, "");
}

/* C. Datagrams --------------------------------------------------------------------------------- */

LAB_TEST(public, dgram_roundtrip)
{
    struct sock *silent;
    struct proc *d, *c;

    clue("usage");
    expect_usage(start("dgramd", NULL));
    expect_usage(start("dgramc", "room", NULL));
    clue("dgram-client-unbound");
    d = start("dgramd", "room", NULL);
    expect_next_line(d, "READY room");
    /* A timeout that never comes: what is late fails by the deadline of the test. */
    c = start("dgramc", "-t", "3600000", "room", "hello", "a b", "12345678", NULL);
    expect_exit(c, 0);
    expect_output(c, "5 olleh\n3 b a\n8 87654321\n");
    clue("no-server");
    expect_complaint(start("dgramc", "-t", "3600000", "nobody", "hello", NULL), 3);
    clue("dgram-timeout");
    silent = datagram_at("silent"); /* it gets the text, and never answers */
    expect_complaint(start("dgramc", "-t", "20", "silent", "hello", NULL), 4);
    expect_datagram(silent, "hello", 5);
    clue(NULL);
    chat_end(d);
}

/* D. Chat -------------------------------------------------------------------------------------- */

LAB_TEST(public, chat_two_clients)
{
    static const char *const almost[] = {"MSG", "MSGhello", "PRIV bob", "WHO x", "QUIT now"};
    struct client bob, ann;
    struct sock *other;
    struct proc *d;

    clue("usage");
    expect_usage(start("chatd", NULL));
    clue("chat-ready");
    d = start("chatd", "-u", "room", NULL);
    expect_next_line(d, "READY unix room");
    expect_next_line(d, "READY");

    clue("chat-protocol");
    bob = (struct client){.sock = connect_to("room"), .nick = "bob"};
    send_line(bob.sock, "MSG too early");
    expect_line(bob.sock, "ERR nick");
    send_line(bob.sock, "NICK no*stars");
    expect_line(bob.sock, "ERR nick");
    send_line(bob.sock, "NICK bob");
    expect_line(bob.sock, "OK");

    clue("one-client-at-a-time");
    ann = (struct client){.sock = connect_to("room"), .nick = "ann"};
    chat_ask_nameless(ann.sock);
    clue("chat-protocol");
    send_line(ann.sock, "NICK ann");
    expect_line(ann.sock, "OK");
    clue("process-per-client");
    expect_line(bob.sock, "+ ann");
    other = connect_to("room");
    send_line(other, "NICK ann");
    expect_line(other, "ERR nick");
    clue("nick-rules");
    send_line(other, "NICK seventeen-letters");
    expect_line(other, "ERR nick");
    send_line(ann.sock, "NICK anna");
    expect_line(ann.sock, "ERR nick");
    close_sock(other);

    clue("broadcast-to-sender");
    send_line(bob.sock, "MSG hello, all of you");
    expect_line(bob.sock, "OK");
    expect_line(ann.sock, "bob: hello, all of you");
    send_line(bob.sock, "WHO"); /* an echo would be seen here, if it came behind the OK */
    expect_line(bob.sock, "NAMES ann bob");
    send_line(ann.sock, "MSG hello, bob");
    expect_line(ann.sock, "OK");
    expect_line(bob.sock, "ann: hello, bob");

    clue("chat-protocol");
    send_line(ann.sock, "PRIV bob psst, a secret");
    expect_line(ann.sock, "OK");
    expect_line(bob.sock, "[ann] psst, a secret");
    send_line(ann.sock, "PRIV nobody psst");
    expect_line(ann.sock, "ERR nouser");
    send_line(ann.sock, "DANCE");
    expect_line(ann.sock, "ERR cmd");
    clue("command-prefix");
    for (size_t i = 0; i < sizeof(almost) / sizeof(almost[0]); i++) {
        send_line(ann.sock, "%s", almost[i]);
        expect_line(ann.sock, "ERR cmd");
    }
    clue("chat-protocol");
    send_line(ann.sock, "WHO");
    expect_line(ann.sock, "NAMES ann bob");
    send_line(ann.sock, "QUIT");
    expect_line(ann.sock, "BYE");
    expect_line(bob.sock, "- ann");
    send_line(bob.sock, "WHO");
    expect_line(bob.sock, "NAMES bob");
    clue(NULL);
    chat_end(d);
}

LAB_TEST(public, chat_shutdown)
{
    struct proc *d = chat_server("room");
    struct client ann = chat_join("room", "ann");

    chat_ask(&ann, "MSG is anybody there?", "OK");
    clue("shutdown-bye");
    send_signal(d, SIGTERM);
    chat_expect(&ann, "BYE");
    expect_eof(ann.sock);
    expect_exit(d, 0);
    check(!exists("room"), "socket-file-left", "chatd has ended, and its socket file is still there");
}

LAB_TEST(public, chatc_copy)
{
    struct start typed = {.stdin_pipe = true};
    struct sock *listener, *server;
    struct proc *c;

    clue("usage");
    expect_usage(start("chatc", NULL));
    listener = listen_at("room");
    clue("chat-protocol");
    c = start_with(&typed, "chatc", "-u", "room", "ann", NULL);
    server = accept_from(listener);
    expect_line(server, "NICK ann");

    clue("stdin-before-socket");
    send_line(server, "OK");
    expect_next_line(c, "OK"); /* nobody has typed anything yet */
    write_stdin(c, "MSG hello\n");
    expect_line(server, "MSG hello");
    send_line(server, "bob: hi");
    expect_next_line(c, "bob: hi");
    write_stdin(c, "MSG bye\n");
    expect_line(server, "MSG bye");

    clue("no-half-close");
    close_stdin(c);
    expect_eof(server);
    send_line(server, "bob: wait");
    expect_next_line(c, "bob: wait");
    close_sock(server);
    expect_exit(c, 0);
    expect_output(c, "OK\nbob: hi\nbob: wait\n");

    clue("waits-for-stdin");
    c = start_with(&typed, "chatc", "-u", "room", "ann", NULL);
    server = accept_from(listener);
    expect_line(server, "NICK ann");
    close_sock(server);
    expect_exit(c, 0); /* its standard input is still open */
}
