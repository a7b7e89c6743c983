/* SPDX-License-Identifier: MIT */
/* lab05, variant "coproc-fork-pump": coproc and chatc copy with one process for each direction.
 *
 *     stdin ──► pump (a child) ──► socket ──► command, or server
 *     stdout ◄── ourselves ◄────── socket ◄──
 *
 * The pump ends when its input ends or when the other side has gone; we end when the socket does,
 * and wait for both children. The chat server keeps parallel arrays, in step. */
#include "lab05.h"

#include "io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int failed(const char *program, const char *what)
{
    int code = errno == EADDRINUSE ? EXIT_IN_USE : EXIT_FAILED;

    fprintf(stderr, "%s: %s: %s\n", program, what, strerror(errno));
    return code;
}

/* Returns fd if all went well; else closes it, keeps errno, and returns -1. */
static int only_if(int ok, int fd)
{
    int e = errno;

    if (!ok && fd >= 0)
        close(fd);
    errno = e;
    return ok ? fd : -1;
}

/* A. Addresses --------------------------------------------------------------------------------- */

int un_address(const char *name, struct sockaddr_un *sa, socklen_t *len)
{
    size_t n = strlen(name);
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    if (name[0] == '@') {
        errno = n < 2 ? EINVAL : ENAMETOOLONG;
        if (n < 2 || n > sizeof(a.sun_path))
            return -1;
        memcpy(a.sun_path + 1, name + 1, n - 1);
    } else {
        errno = n < 1 ? EINVAL : ENAMETOOLONG;
        if (n < 1 || n >= sizeof(a.sun_path))
            return -1;
        strcpy(a.sun_path, name);
        n++;
    }
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    *sa = a;
    return 0;
}

static int un_socket(int type)
{
    return socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
}

/* The file at the path: 1 if it is a socket that refuses, 0 if it must stay. */
static int refuses(const struct sockaddr_un *sa, socklen_t len)
{
    struct stat st;
    int fd, r;

    if (lstat(sa->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return 0;
    fd = un_socket(SOCK_SEQPACKET | SOCK_NONBLOCK); /* any type: a live one of another type says so */
    if (fd < 0)
        return 0;
    r = connect(fd, (const struct sockaddr *)sa, len);
    r = r < 0 && errno == ECONNREFUSED;
    close(fd);
    return r;
}

static int un_claim(int type, const char *name)
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd, ok;

    if (un_address(name, &sa, &len) < 0)
        return -1;
    fd = un_socket(type);
    if (fd < 0)
        return -1;
    ok = bind(fd, (struct sockaddr *)&sa, len) == 0;
    if (!ok && errno == EADDRINUSE && name[0] != '@') {
        if (refuses(&sa, len) && unlink(name) == 0)
            ok = bind(fd, (struct sockaddr *)&sa, len) == 0;
        else
            errno = EADDRINUSE;
    }
    return only_if(ok, fd);
}

int un_listen(const char *name, int backlog)
{
    int fd = un_claim(SOCK_STREAM, name);

    return fd < 0 ? -1 : only_if(listen(fd, backlog) == 0, fd);
}

int un_connect(const char *name)
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd;

    if (un_address(name, &sa, &len) < 0)
        return -1;
    fd = un_socket(SOCK_STREAM);
    return fd < 0 ? -1 : only_if(connect(fd, (struct sockaddr *)&sa, len) == 0, fd);
}

int un_dgram(const char *name)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd;

    if (name)
        return un_claim(SOCK_DGRAM, name);
    fd = un_socket(SOCK_DGRAM);
    return fd < 0 ? -1 : only_if(bind(fd, (struct sockaddr *)&sa, sizeof(sa.sun_family)) == 0, fd);
}

int tcp_listen(uint16_t port, uint16_t *bound)
{
    struct sockaddr_in sa;
    socklen_t len = sizeof(sa);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, ok;

    memset(&sa, 0, sizeof(sa));
    sa.sin_family = AF_INET;
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sa.sin_port = htons(port);
    ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
         bind(fd, (struct sockaddr *)&sa, len) == 0 && listen(fd, 128) == 0 &&
         getsockname(fd, (struct sockaddr *)&sa, &len) == 0;
    if (ok)
        *bound = ntohs(sa.sin_port);
    return only_if(ok, fd);
}

int tcp_connect(uint16_t port)
{
    struct sockaddr_in sa;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memset(&sa, 0, sizeof(sa));
    sa.sin_family = AF_INET;
    sa.sin_port = htons(port);
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return only_if(fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0, fd);
}

int send_all(int fd, const void *buf, size_t n)
{
    const char *p = buf;
    ssize_t r;

    for (; n > 0; p += r, n -= (size_t)r)
        if ((r = send(fd, p, n, MSG_NOSIGNAL)) < 0) {
            if (errno != EINTR)
                return -1;
            r = 0;
        }
    return 0;
}

/* B. Unnamed sockets --------------------------------------------------------------------------- */

int pair_spawn(char *const argv[], pid_t *pid)
{
    int s[2], missing;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) < 0)
        return -1;
    *pid = fork();
    if (*pid != 0) {
        only_if(0, s[1]);
        return only_if(*pid > 0, s[0]);
    }
    close(s[0]);
    dup2(s[1], STDIN_FILENO);
    dup2(s[1], STDOUT_FILENO);
    if (s[1] != STDIN_FILENO && s[1] != STDOUT_FILENO)
        close(s[1]);
    execvp(argv[0], argv);
    missing = errno == ENOENT;
    failed("coproc", argv[0]);
    _exit(missing ? 127 : 126);
}

/* Copies 'in' to the socket until 'in' ends or nobody is on the other side any more. */
static void pump(int in, int sock)
{
    char buf[65536];

    for (;;) {
        struct pollfd p[2] = {{.fd = in, .events = POLLIN}, {.fd = sock, .events = POLLRDHUP}};
        ssize_t n;

        if (poll(p, 2, -1) < 0)
            continue;
        if (p[1].revents)
            return;
        n = read(in, buf, sizeof(buf));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || send_all(sock, buf, (size_t)n) < 0)
            break;
    }
    shutdown(sock, SHUT_WR); /* for all who share the socket: no half-close without this */
}

/* Both directions, with one process each. 0, -1. */
static int pump_both(int in, int sock, int out)
{
    char buf[65536];
    int r = 0;
    ssize_t n;
    pid_t child = fork();

    if (child < 0)
        return -1;
    if (child == 0) {
        pump(in, sock);
        close(sock);
        _exit(0);
    }
    while (r == 0 && ((n = read(sock, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR)))
        if (n > 0)
            r = io_write_full(out, buf, (size_t)n);
    shutdown(sock, SHUT_RDWR); /* the pump must not wait for a side that we gave up */
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return r;
}

int coproc_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    int status, r;
    pid_t command;
    int sock = pair_spawn(argv, &command);

    if (sock < 0)
        return -1;
    r = pump_both(in_fd, sock, out_fd);
    only_if(0, sock);
    if (waitpid(command, &status, 0) < 0)
        return -1;
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status) + 128;
    return r;
}

/* pairtalk over datagrams: each is a message. */
static int say(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int hear(int fd, const char *who)
{
    char text[256];
    ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

    if (n <= 0) /* a pair of datagram sockets tells the end of its peer in this way only */
        return -1;
    text[n] = '\0';
    printf("%s got: %s\n", who, text);
    return fflush(stdout);
}

int pairtalk_run(void)
{
    int s[2], status, r;
    pid_t child;

    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, s) < 0)
        return failed("pairtalk", "socketpair");
    child = fork();
    if (child < 0) {
        r = failed("pairtalk", "fork");
        close(s[0]);
        close(s[1]);
        return r;
    }
    if (child == 0) {
        close(s[0]);
        r = say(s[1], "Hello, how are you?") == 0 && hear(s[1], "child") == 0;
        close(s[1]);
        _exit(r ? EXIT_OK : EXIT_FAILED);
    }
    close(s[1]);
    r = hear(s[0], "parent") == 0 && say(s[0], "I am fine, thanks.") == 0;
    if (!r)
        failed("pairtalk", "parent");
    close(s[0]);
    if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_OK)
        r = 0;
    return r ? EXIT_OK : EXIT_FAILED;
}

/* C. Datagrams --------------------------------------------------------------------------------- */

static int stop_open(void)
{
    sigset_t s;

    sigemptyset(&s);
    sigaddset(&s, SIGINT);
    sigaddset(&s, SIGTERM);
    sigprocmask(SIG_BLOCK, &s, NULL);
    return signalfd(-1, &s, SFD_CLOEXEC);
}

/* A buffer of twice the limit and recvmsg: longer than the limit, or cut, is too long. */
static void answer(int fd)
{
    char text[2 * DGRAM_MAX], reply[DGRAM_MAX + 24], *p = reply;
    struct sockaddr_un from;
    struct iovec iov = {.iov_base = text, .iov_len = sizeof(text)};
    struct msghdr m = {
        .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);

    if (n < 0 || m.msg_namelen <= offsetof(struct sockaddr_un, sun_path))
        return;
    if (n > DGRAM_MAX || (m.msg_flags & MSG_TRUNC)) {
        p = stpcpy(reply, "ERR toolong");
    } else {
        p += sprintf(reply, "%u ", (unsigned)n);
        while (n-- > 0)
            *p++ = text[n];
    }
    if (sendto(fd, reply, (size_t)(p - reply), MSG_DONTWAIT | MSG_NOSIGNAL,
               (struct sockaddr *)&from, m.msg_namelen) < 0)
        failed("dgramd", "answer");
}

int dgramd_run(const char *name)
{
    int stop = stop_open(), fd = stop < 0 ? -1 : un_dgram(name), code = EXIT_OK;

    if (fd < 0) {
        code = failed("dgramd", name);
    } else {
        printf("READY %s\n", name);
        fflush(stdout);
        for (;;) {
            struct pollfd p[2] = {{.fd = stop, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

            if (poll(p, 2, -1) < 0)
                continue;
            if (p[0].revents)
                break;
            answer(fd);
        }
        if (name[0] != '@')
            unlink(name);
        close(fd);
    }
    if (stop >= 0)
        close(stop);
    return code;
}

int dgramc_run(const char *name, int timeout_ms, char *const texts[])
{
    struct sockaddr_un sa;
    socklen_t len;
    char *reply = malloc(2 * DGRAM_MAX);
    int fd = un_dgram(NULL), code = EXIT_OK;

    if (!reply || fd < 0 || un_address(name, &sa, &len) < 0) {
        code = failed("dgramc", name);
        texts = (char *[]){NULL};
    }
    for (; code == EXIT_OK && *texts; texts++) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (sendto(fd, *texts, strlen(*texts), MSG_NOSIGNAL, (struct sockaddr *)&sa, len) < 0) {
            code = errno == ENOENT || errno == ECONNREFUSED ? EXIT_NO_PEER : EXIT_FAILED;
            failed("dgramc", name);
            break;
        }
        n = poll(&p, 1, timeout_ms);
        if (n == 0) {
            errno = ETIME;
            failed("dgramc", name);
            code = EXIT_TIMEOUT;
        } else if (n < 0 || (n = recv(fd, reply, 2 * DGRAM_MAX, 0)) < 0) {
            code = failed("dgramc", name);
        } else {
            for (ssize_t i = 0; i < n; i++)
                putchar(reply[i]);
            puts("");
        }
    }
    free(reply);
    if (fd >= 0)
        close(fd);
    return code;
}

/* D. Chat: one client -------------------------------------------------------------------------- */

struct conn {
    int fd;
    size_t used;
    char text[CHAT_LINE_MAX];
};

conn_t *conn_new(int fd)
{
    conn_t *c = malloc(sizeof(*c));

    if (c) {
        c->fd = fd;
        c->used = 0;
    }
    return c;
}

void conn_free(conn_t *c)
{
    if (c && c->fd >= 0)
        close(c->fd);
    free(c);
}

/* used == CHAT_LINE_MAX means that the line is overlong, and known to be. */
int chat_feed(conn_t *c, const char *p, size_t n,
              void (*line)(conn_t *c, const char *s, size_t len, int overlong))
{
    while (n > 0) {
        size_t room = CHAT_LINE_MAX - c->used, take = n < room ? n : room;
        const char *lf = memchr(p, '\n', n), *here = lf && (size_t)(lf - p) < take ? lf : NULL;

        if (room > 0) {
            if (here)
                take = (size_t)(here - p);
            memcpy(c->text + c->used, p, take);
            c->used += take;
            if (here)
                line(c, c->text, c->used, 0);
            else if (c->used == CHAT_LINE_MAX)
                line(c, c->text, c->used, 1);
        } else {
            take = lf ? (size_t)(lf - p) : n;
            here = lf;
        }
        if (here) {
            c->used = 0;
            take++;
        }
        p += take;
        n -= take;
    }
    return 0;
}

/* D. Chat: the server. Who sits at index i is spread over these arrays; move_up() and take_seat()
 * are the only places that shift them. ---------------------------------------------------------- */

enum { FIXED_MAX = 32, MOOD_TALKS = 0, MOOD_LEAVES = 1, MOOD_GONE = 2 };

static struct pollfd polled[FIXED_MAX + CHAT_CLIENTS_MAX]; /* [0] signals, listeners, clients */
static int fixed;                                          /* those before the clients */
static int people;
static conn_t *conns[CHAT_CLIENTS_MAX];
static char nicks[CHAT_CLIENTS_MAX][CHAT_NICK_MAX + 1];
static char moods[CHAT_CLIENTS_MAX], deaf[CHAT_CLIENTS_MAX];
static char *outs[CHAT_CLIENTS_MAX]; /* CHAT_PENDING_MAX + CHAT_LINE_MAX + ...: see OUT_ROOM */
static size_t out_ns[CHAT_CLIENTS_MAX];

#define OUT_ROOM (CHAT_PENDING_MAX + 2 * CHAT_LINE_MAX + CHAT_CLIENTS_MAX * (CHAT_NICK_MAX + 1))

static void move_up(int i)
{
    size_t rest = (size_t)(--people - i);

    conn_free(conns[i]);
    free(outs[i]);
    memmove(&polled[fixed + i], &polled[fixed + i + 1], rest * sizeof(polled[0]));
    memmove(&conns[i], &conns[i + 1], rest * sizeof(conns[0]));
    memmove(&nicks[i], &nicks[i + 1], rest * sizeof(nicks[0]));
    memmove(&moods[i], &moods[i + 1], rest * sizeof(moods[0]));
    memmove(&deaf[i], &deaf[i + 1], rest * sizeof(deaf[0]));
    memmove(&outs[i], &outs[i + 1], rest * sizeof(outs[0]));
    memmove(&out_ns[i], &out_ns[i + 1], rest * sizeof(out_ns[0]));
    for (int l = 1; l < fixed; l++) /* a descriptor is free again */
        polled[l].events = POLLIN;
}

static int take_seat(int fd)
{
    conn_t *c = conn_new(fd);
    char *out = malloc(OUT_ROOM);

    if (!c || !out) {
        if (c)
            c->fd = -1;
        conn_free(c);
        free(out);
        return -1;
    }
    polled[fixed + people] = (struct pollfd){.fd = fd, .events = POLLIN};
    conns[people] = c;
    memset(nicks[people], 0, sizeof(nicks[0]));
    moods[people] = MOOD_TALKS;
    deaf[people] = 0;
    outs[people] = out;
    out_ns[people] = 0;
    people++;
    return 0;
}

static void drain(int i)
{
    size_t at = 0;

    while (at < out_ns[i] && !deaf[i]) {
        ssize_t n = send(conns[i]->fd, outs[i] + at, out_ns[i] - at, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n >= 0)
            at += (size_t)n;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            deaf[i] = 1;
    }
    if (deaf[i])
        at = out_ns[i];
    out_ns[i] -= at;
    memmove(outs[i], outs[i] + at, out_ns[i]);
}

static void send_line(int i, const char *a, const char *b, const char *c, size_t c_n)
{
    char *p = outs[i] + out_ns[i];

    if (moods[i] == MOOD_GONE || deaf[i])
        return;
    p = stpcpy(stpcpy(p, a), b);
    memcpy(p, c, c_n);
    p += c_n;
    *p++ = '\n';
    out_ns[i] = (size_t)(p - outs[i]);
    drain(i);
    if (out_ns[i] > CHAT_PENDING_MAX)
        moods[i] = MOOD_GONE; /* farewells() tells the others */
}

static void send_others(int from, const char *a, const char *b, const char *c, size_t c_n)
{
    for (int i = 0; i < people; i++)
        if (i != from && nicks[i][0])
            send_line(i, a, b, c, c_n);
}

static void farewell(int i)
{
    char nick[CHAT_NICK_MAX + 1];

    if (moods[i] == MOOD_TALKS)
        moods[i] = MOOD_LEAVES;
    strcpy(nick, nicks[i]);
    nicks[i][0] = '\0';
    if (nick[0])
        send_others(i, "- ", nick, "", 0);
}

static int seat_of(const char *nick, size_t n)
{
    for (int i = 0; i < people; i++)
        if (n > 0 && strlen(nicks[i]) == n && memcmp(nicks[i], nick, n) == 0)
            return i;
    return -1;
}

static int allowed(const char *nick, size_t n)
{
    size_t i = 0;

    for (; i < n; i++)
        if (!(nick[i] >= '0' && nick[i] <= '9') && !(nick[i] >= 'A' && nick[i] <= 'Z') &&
            !(nick[i] >= 'a' && nick[i] <= 'z') && nick[i] != '_' && nick[i] != '-')
            return 0;
    return n > 0 && n <= CHAT_NICK_MAX;
}

static void say_names(int to)
{
    int order[CHAT_CLIENTS_MAX], n = 0;
    char text[CHAT_CLIENTS_MAX * (CHAT_NICK_MAX + 1) + 1], *p = text;

    for (int i = 0; i < people; i++) { /* insertion keeps them sorted */
        int k = n;

        if (!nicks[i][0])
            continue;
        for (; k > 0 && strcmp(nicks[order[k - 1]], nicks[i]) > 0; k--)
            order[k] = order[k - 1];
        order[k] = i;
        n++;
    }
    for (int k = 0; k < n; k++)
        p += sprintf(p, " %s", nicks[order[k]]);
    send_line(to, "NAMES", "", text, (size_t)(p - text));
}

static int starts(const char *s, size_t n, const char *with)
{
    return n >= strlen(with) && memcmp(s, with, strlen(with)) == 0;
}

static void carry_out(conn_t *c, const char *s, size_t n, int overlong)
{
    const char *space;
    int me = 0, to;

    while (conns[me] != c)
        me++;
    if (moods[me] != MOOD_TALKS)
        return;
    if (overlong) {
        send_line(me, "ERR toolong", "", "", 0);
    } else if (starts(s, n, "NICK ")) {
        s += 5;
        n -= 5;
        if (nicks[me][0] || !allowed(s, n) || seat_of(s, n) >= 0) {
            send_line(me, "ERR nick", "", "", 0);
        } else {
            memcpy(nicks[me], s, n);
            send_line(me, "OK", "", "", 0);
            send_others(me, "+ ", nicks[me], "", 0);
        }
    } else if (!nicks[me][0]) {
        send_line(me, "ERR nick", "", "", 0);
    } else if (starts(s, n, "MSG ")) {
        send_line(me, "OK", "", "", 0);
        send_others(me, nicks[me], ": ", s + 4, n - 4);
    } else if (starts(s, n, "PRIV ") && (space = memchr(s + 5, ' ', n - 5)) != NULL) {
        char from[CHAT_NICK_MAX + 4];

        to = seat_of(s + 5, (size_t)(space - s) - 5);
        sprintf(from, "[%s] ", nicks[me]);
        if (to >= 0)
            send_line(to, from, "", space + 1, (size_t)(s + n - space) - 1);
        send_line(me, to >= 0 ? "OK" : "ERR nouser", "", "", 0);
    } else if (n == 3 && starts(s, n, "WHO")) {
        say_names(me);
    } else if (n == 4 && starts(s, n, "QUIT")) {
        send_line(me, "BYE", "", "", 0);
        farewell(me);
    } else {
        send_line(me, "ERR cmd", "", "", 0);
    }
}

static void attend(int i, short events)
{
    char buf[3000];
    ssize_t n;

    if (events & POLLOUT)
        drain(i);
    if (moods[i] == MOOD_LEAVES && (events & (POLLHUP | POLLERR)))
        moods[i] = MOOD_GONE;
    if (moods[i] != MOOD_TALKS || !(events & (POLLIN | POLLHUP | POLLERR)))
        return;
    n = recv(conns[i]->fd, buf, sizeof(buf), MSG_DONTWAIT);
    if (n > 0)
        chat_feed(conns[i], buf, (size_t)n, carry_out);
    else if (n == 0)
        farewell(i);
    else if (errno != EAGAIN && errno != EINTR)
        moods[i] = MOOD_GONE;
}

/* Each one who is gone is said farewell to, which may make others go; then all the seats of those
 * who have nothing more to get are given up. */
static void farewells(void)
{
    for (int i = 0; i < people; i++)
        if (moods[i] == MOOD_GONE && nicks[i][0]) {
            farewell(i);
            i = -1;
        }
    for (int i = people - 1; i >= 0; i--)
        if (moods[i] == MOOD_GONE || (moods[i] == MOOD_LEAVES && out_ns[i] == 0))
            move_up(i);
}

static void let_in(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE)
            for (int l = 1; l < fixed; l++)
                polled[l].events = 0;
        return;
    }
    if (people == CHAT_CLIENTS_MAX)
        (void)!send(fd, "ERR full\n", 9, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (people == CHAT_CLIENTS_MAX || take_seat(fd) < 0)
        close(fd);
}

static void serve_until_signal(void)
{
    for (;;) {
        int n = people;

        for (int i = 0; i < n; i++)
            polled[fixed + i].events = (short)((moods[i] == MOOD_TALKS ? POLLIN : 0) |
                                               (out_ns[i] > 0 ? POLLOUT : 0));
        if (poll(polled, (nfds_t)(fixed + n), -1) < 0)
            continue;
        if (polled[0].revents)
            return;
        for (int i = 0; i < n; i++)
            attend(i, polled[fixed + i].revents);
        farewells(); /* before the listeners: it may free a seat */
        for (int l = 1; l < fixed; l++)
            if (polled[l].revents)
                let_in(polled[l].fd);
    }
}

/* Takes a listener into the set. An exit code. */
static int open_to(int fd, const char *name)
{
    if (fd < 0)
        return failed("chatd", name);
    polled[fixed++] = (struct pollfd){.fd = fd, .events = POLLIN};
    return ioctl(fd, FIONBIO, &(int){1}) < 0 ? failed("chatd", "ioctl") : EXIT_OK;
}

int chatd_run(char *const unix_names[], int tcp_port)
{
    int code = EXIT_OK, names = 0, mine = 0;
    uint16_t port = 0;

    while (unix_names[names])
        names++;
    polled[fixed++] = (struct pollfd){.fd = stop_open(), .events = POLLIN};
    if (polled[0].fd < 0 || names + 2 > FIXED_MAX)
        code = failed("chatd", "start");
    for (; code == EXIT_OK && mine < names; mine += code == EXIT_OK)
        code = open_to(un_listen(unix_names[mine], 128), unix_names[mine]);
    if (code == EXIT_OK && tcp_port >= 0)
        code = open_to(tcp_listen((uint16_t)tcp_port, &port), "tcp");
    if (code == EXIT_OK) {
        for (int i = 0; i < names; i++)
            printf("READY unix %s\n", unix_names[i]);
        if (tcp_port >= 0)
            printf("READY tcp 127.0.0.1:%hu\n", port);
        printf("READY\n");
        fflush(stdout);
        serve_until_signal();
    }
    for (int i = 0; i < people; i++)
        if (moods[i] == MOOD_TALKS)
            send_line(i, "BYE", "", "", 0);
    while (people > 0)
        move_up(people - 1);
    while (fixed > 0)
        if (polled[--fixed].fd >= 0)
            close(polled[fixed].fd);
    while (mine-- > 0)
        if (unix_names[mine][0] != '@')
            unlink(unix_names[mine]);
    return code;
}

/* D. Chat: the client -------------------------------------------------------------------------- */

int chatc_run(int fd, const char *nick)
{
    char *line = malloc(strlen(nick) + 7);

    if (!line)
        return failed("chatc", "memory");
    sprintf(line, "NICK %s\n", nick);
    (void)!send_all(fd, line, strlen(line)); /* fails if the server was full: it has told us so */
    free(line);
    return pump_both(STDIN_FILENO, fd, STDOUT_FILENO) < 0 ? failed("chatc", "copy") : EXIT_OK;
}
