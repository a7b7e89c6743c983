/* SPDX-License-Identifier: MIT */
/* lab05 - sockets: addresses, unnamed sockets, datagrams, and a chat server that is one process
 * with one loop around poll. The programs' mains only read their arguments. */
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BACKLOG = 128, LISTENERS_MAX = 17 };

/* One line on stderr for the failure in errno. Returns the exit code for it. */
static int complain(const char *prog, const char *what)
{
    int why = errno;

    fprintf(stderr, "%s: %s: %s\n", prog, what, strerror(why));
    switch (why) {
    case ENOENT:
    case ECONNREFUSED:
    case ECONNRESET:
    case ENOTCONN:
        return EXIT_NO_PEER;
    case ETIMEDOUT:
        return EXIT_TIMEOUT;
    case EADDRINUSE:
        return EXIT_IN_USE;
    default:
        return EXIT_FAILED;
    }
}

/* Closes without disturbing the errno that tells why. Always -1. */
static int close_failed(int fd)
{
    int why = errno;

    close(fd);
    errno = why;
    return -1;
}

/* A. Addresses --------------------------------------------------------------------------------- */

int un_address(const char *name, struct sockaddr_un *sa, socklen_t *len)
{
    size_t n = strlen(name);

    if (n == 0 || strcmp(name, "@") == 0) {
        errno = EINVAL;
        return -1;
    }
    if (n > sizeof(sa->sun_path) - (name[0] != '@')) { /* only a path needs room for a NUL */
        errno = ENAMETOOLONG;
        return -1;
    }
    memset(sa, 0, sizeof(*sa));
    sa->sun_family = AF_UNIX;
    memcpy(sa->sun_path, name, n);
    if (name[0] == '@') {
        sa->sun_path[0] = '\0'; /* every byte up to the length is part of the name: no NUL at its end */
        *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    } else {
        *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
    }
    return 0;
}

/* Is the address a socket file that nobody serves any more? */
static int is_stale(const struct sockaddr_un *sa, socklen_t len, int type)
{
    struct stat st;
    int fd, stale;

    if (sa->sun_path[0] == '\0' || lstat(sa->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return 0;
    /* Not blocking: a live server with a full backlog must not keep us waiting. */
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return 0;
    stale = connect(fd, (const struct sockaddr *)sa, len) < 0 && errno == ECONNREFUSED;
    close(fd);
    return stale;
}

/* A socket of that type bound to the name. */
static int un_bound(const char *name, int type)
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd, r;

    if (un_address(name, &sa, &len) < 0)
        return -1;
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    r = bind(fd, (struct sockaddr *)&sa, len);
    if (r < 0 && errno == EADDRINUSE) {
        if (is_stale(&sa, len, type) && unlink(sa.sun_path) == 0)
            r = bind(fd, (struct sockaddr *)&sa, len);
        else
            errno = EADDRINUSE;
    }
    return r < 0 ? close_failed(fd) : fd;
}

int un_listen(const char *name, int backlog)
{
    int fd = un_bound(name, SOCK_STREAM);

    if (fd >= 0 && listen(fd, backlog) < 0)
        return close_failed(fd);
    return fd;
}

int un_connect(const char *name)
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd;

    if (un_address(name, &sa, &len) < 0)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, len) < 0)
        return close_failed(fd);
    return fd;
}

int un_dgram(const char *name)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd;

    if (name)
        return un_bound(name, SOCK_DGRAM);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    /* An address of nothing but the family asks the kernel for a name: autobind. */
    if (fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa.sun_family)) < 0)
        return close_failed(fd);
    return fd;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int tcp_listen(uint16_t port, uint16_t *bound)
{
    struct sockaddr_in sa = loopback(port);
    socklen_t len = sizeof(sa);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) < 0 ||
        bind(fd, (struct sockaddr *)&sa, len) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
        return close_failed(fd);
    *bound = ntohs(sa.sin_port);
    return fd;
}

int tcp_connect(uint16_t port)
{
    struct sockaddr_in sa = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
        return close_failed(fd);
    return fd;
}

int send_all(int fd, const void *buf, size_t n)
{
    const char *p = buf;

    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -1;
        p += sent;
        n -= (size_t)sent;
    }
    return 0;
}

/* Signals -------------------------------------------------------------------------------------- */

static volatile sig_atomic_t stop_asked;

static void stop_ask(int sig)
{
    (void)sig;
    stop_asked = 1;
}

/* SIGTERM and SIGINT are delivered in ppoll (with *waiting as its mask) and nowhere else: one that
 * comes between looking at stop_asked and going to sleep is not lost. */
static void stop_catch(sigset_t *waiting)
{
    struct sigaction act = {.sa_handler = stop_ask};
    sigset_t block;

    sigemptyset(&act.sa_mask);
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigaddset(&block, SIGINT);
    sigprocmask(SIG_BLOCK, &block, waiting);
    sigdelset(waiting, SIGTERM);
    sigdelset(waiting, SIGINT);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
}

/* ppoll delivers a signal only if it finds nothing else to tell. So that a client that talks without
 * end cannot keep us from stopping, this one has nothing to look at. */
static int stop_wanted(const sigset_t *waiting)
{
    ppoll(NULL, 0, &(struct timespec){0}, waiting);
    return stop_asked;
}

/* B. Unnamed sockets --------------------------------------------------------------------------- */

/* Passes bytes both ways until the other end of the socket is closed: 'in' to the socket, with a
 * half-close when it ends, and the socket to 'out'. 0, or -1 if 'out' does not take them. */
static int relay(int in, int sock, int out)
{
    char there[16384], back[16384];
    size_t from = 0, to = 0; /* what of 'there' is still to be sent */

    for (;;) {
        struct pollfd p[2] = {{.fd = from == to ? in : -1, .events = POLLIN},
                              {.fd = sock, .events = POLLIN}};
        ssize_t n;

        if (from < to)
            p[1].events |= POLLOUT;
        if (poll(p, 2, -1) < 0)
            continue;
        if (p[0].revents) {
            n = read(in, there, sizeof(there));
            if (n <= 0) {
                in = -1;
                shutdown(sock, SHUT_WR);
            }
            from = 0;
            to = n > 0 ? (size_t)n : 0;
        }
        if (p[1].revents & POLLOUT) {
            n = send(sock, there + from, to - from, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n >= 0) {
                from += (size_t)n;
            } else if (errno != EAGAIN && errno != EINTR) {
                from = to; /* nobody listens there any more, but there may be bytes to read */
                in = -1;
            }
        }
        if (p[1].revents & (POLLIN | POLLHUP | POLLERR)) {
            n = recv(sock, back, sizeof(back), MSG_DONTWAIT);
            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                return 0;
            if (n > 0 && io_write_full(out, back, (size_t)n) < 0)
                return -1;
        }
    }
}

int pair_spawn(char *const argv[], pid_t *pid)
{
    int sv[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
        return -1;
    *pid = fork();
    if (*pid < 0) {
        close_failed(sv[0]);
        return close_failed(sv[1]);
    }
    if (*pid == 0) {
        close(sv[0]);
        dup2(sv[1], STDIN_FILENO);
        dup2(sv[1], STDOUT_FILENO);
        if (sv[1] > STDOUT_FILENO)
            close(sv[1]);
        execvp(argv[0], argv);
        _exit(complain("coproc", argv[0]) == EXIT_NO_PEER ? 127 : 126);
    }
    close(sv[1]);
    return sv[0];
}

int coproc_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    int status, r;
    pid_t pid;
    int fd = pair_spawn(argv, &pid);

    if (fd < 0)
        return -1;
    r = relay(in_fd, fd, out_fd);
    if (r < 0)
        close_failed(fd);
    else
        close(fd);
    if (waitpid(pid, &status, 0) < 0)
        return -1;
    *code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return r;
}

/* Receives one message and prints it. */
static int talk_hear(int fd, const char *who)
{
    char msg[64];
    ssize_t n = recv(fd, msg, sizeof(msg), 0);

    if (n < 0)
        return -1;
    printf("%s got: %.*s\n", who, (int)n, msg);
    return fflush(stdout) == 0 ? 0 : -1;
}

static int talk_say(int fd, const char *text)
{
    return send_all(fd, text, strlen(text));
}

int pairtalk_run(void)
{
    int sv[2], status, r;
    pid_t pid;

    /* Not a stream: this type keeps the boundaries of the messages. */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
        return complain("pairtalk", "socketpair");
    pid = fork();
    if (pid < 0) {
        complain("pairtalk", "fork");
        close(sv[0]);
        close(sv[1]);
        return EXIT_FAILED;
    }
    if (pid == 0) {
        close(sv[0]);
        r = talk_say(sv[1], "Hello, how are you?") < 0 ? -1 : talk_hear(sv[1], "child");
        close(sv[1]);
        return r < 0 ? complain("pairtalk", "child") : EXIT_OK;
    }
    close(sv[1]);
    r = talk_hear(sv[0], "parent") < 0 ? -1 : talk_say(sv[0], "I am fine, thanks.");
    if (r < 0)
        complain("pairtalk", "parent");
    close(sv[0]);
    if (waitpid(pid, &status, 0) < 0)
        return complain("pairtalk", "waitpid");
    return r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? EXIT_OK : EXIT_FAILED;
}

/* C. Datagrams --------------------------------------------------------------------------------- */

/* The answer to a datagram of n bytes. Returns its length. */
static size_t dgram_answer(char *answer, size_t max, const char *text, size_t n)
{
    size_t used;

    if (n > DGRAM_MAX)
        return (size_t)snprintf(answer, max, "ERR toolong");
    used = (size_t)snprintf(answer, max, "%zu ", n);
    while (n > 0)
        answer[used++] = text[--n];
    return used;
}

static void dgramd_serve(int fd)
{
    char text[DGRAM_MAX], answer[DGRAM_MAX + 32];
    struct sockaddr_un from;
    socklen_t len = sizeof(from);
    /* MSG_TRUNC: the real length, even if the datagram did not fit. */
    ssize_t n = recvfrom(fd, text, sizeof(text), MSG_TRUNC | MSG_DONTWAIT,
                         (struct sockaddr *)&from, &len);
    size_t used;

    if (n < 0 || len <= offsetof(struct sockaddr_un, sun_path))
        return; /* a sender without an address cannot be answered */
    used = dgram_answer(answer, sizeof(answer), text, (size_t)n);
    if (sendto(fd, answer, used, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&from, len) < 0)
        complain("dgramd", "sendto");
}

int dgramd_run(const char *name)
{
    struct pollfd p = {.events = POLLIN};
    sigset_t waiting;

    stop_catch(&waiting);
    p.fd = un_dgram(name);
    if (p.fd < 0)
        return complain("dgramd", name);
    printf("READY %s\n", name);
    fflush(stdout);
    while (!stop_wanted(&waiting))
        if (ppoll(&p, 1, NULL, &waiting) > 0)
            dgramd_serve(p.fd);
    close(p.fd);
    if (name[0] != '@')
        unlink(name);
    return EXIT_OK;
}

/* Sends one text and prints its answer. An exit code. */
static int dgramc_ask(int fd, const char *text, int timeout_ms)
{
    char answer[DGRAM_MAX + 32];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t n;
    int r;

    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        return complain("dgramc", "send");
    r = poll(&p, 1, timeout_ms);
    if (r == 0) {
        errno = ETIMEDOUT;
        return complain("dgramc", "answer");
    }
    n = r < 0 ? -1 : recv(fd, answer, sizeof(answer), 0);
    if (n < 0)
        return complain("dgramc", "recv");
    printf("%.*s\n", (int)n, answer);
    return EXIT_OK;
}

int dgramc_run(const char *name, int timeout_ms, char *const texts[])
{
    struct sockaddr_un sa;
    socklen_t len;
    int code = EXIT_OK, fd;

    if (un_address(name, &sa, &len) < 0)
        return complain("dgramc", name);
    fd = un_dgram(NULL);
    if (fd < 0)
        return complain("dgramc", "socket");
    if (connect(fd, (struct sockaddr *)&sa, len) < 0)
        code = complain("dgramc", name);
    for (; code == EXIT_OK && *texts; texts++)
        code = dgramc_ask(fd, *texts, timeout_ms);
    close(fd);
    return code;
}

/* D. Chat: one client -------------------------------------------------------------------------- */

struct server;

struct conn {
    int fd;
    struct server *server;
    char nick[CHAT_NICK_MAX + 1]; /* empty: not in the chat */
    char in[CHAT_LINE_MAX];       /* the beginning of a line, without its LF */
    size_t in_len;
    int skipping;                 /* an overlong line: the rest is dropped */
    int leaving;                  /* read nothing more, close when the output is sent */
    int deaf;                     /* takes no more output */
    int gone;                     /* to be removed at the end of this round */
    size_t out_len;               /* of 'out', which has room for one line more than the limit */
    char out[CHAT_PENDING_MAX + 2048];
};

conn_t *conn_new(int fd)
{
    conn_t *c = calloc(1, sizeof(*c));

    if (c)
        c->fd = fd;
    return c;
}

void conn_free(conn_t *c)
{
    if (c && c->fd >= 0)
        close(c->fd);
    free(c);
}

int chat_feed(conn_t *c, const char *p, size_t n,
              void (*line)(conn_t *c, const char *s, size_t len, int overlong))
{
    for (; n > 0; p++, n--) {
        if (*p == '\n') {
            if (!c->skipping)
                line(c, c->in, c->in_len, 0);
            c->skipping = 0;
            c->in_len = 0;
        } else if (!c->skipping) {
            c->in[c->in_len++] = *p;
            if (c->in_len == CHAT_LINE_MAX) { /* and its LF is still to come */
                c->skipping = 1;
                line(c, c->in, c->in_len, 1);
            }
        }
    }
    return 0;
}

/* Sends what the socket takes now. A peer that is closed makes the client deaf: what it has sent
 * before is still to be read, and that ends it. */
static void conn_flush(conn_t *c)
{
    while (c->out_len > 0) {
        ssize_t n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            c->deaf = 1;
            c->out_len = 0;
            return;
        }
        c->out_len -= (size_t)n;
        memmove(c->out, c->out + n, c->out_len);
    }
}

/* Puts "A B C LF" into the output, and disconnects a client that lets it grow too long. */
static void conn_say(conn_t *c, const char *a, const char *b, const char *text, size_t n)
{
    size_t la = strlen(a), lb = strlen(b);

    if (c->deaf || c->gone)
        return;
    memcpy(c->out + c->out_len, a, la);
    memcpy(c->out + c->out_len + la, b, lb);
    memcpy(c->out + c->out_len + la + lb, text, n);
    c->out_len += la + lb + n;
    c->out[c->out_len++] = '\n';
    conn_flush(c);
    if (c->out_len > CHAT_PENDING_MAX)
        c->gone = 1;
}

/* D. Chat: the server -------------------------------------------------------------------------- */

struct listener {
    int fd;
    const char *path; /* to be removed, or NULL */
};

struct server {
    struct listener listeners[LISTENERS_MAX];
    size_t listeners_n;
    int full; /* no descriptor left for another client: do not poll the listeners */
    conn_t *conns[CHAT_CLIENTS_MAX];
    size_t conns_n;
};

/* The others are all with a nick. */
static void tell_others(conn_t *from, const char *a, const char *b, const char *text, size_t n)
{
    struct server *s = from->server;

    for (size_t i = 0; i < s->conns_n; i++) {
        conn_t *c = s->conns[i];

        if (c != from && c->nick[0])
            conn_say(c, a, b, text, n);
    }
}

static void chat_leave(conn_t *c)
{
    char nick[sizeof(c->nick)];

    memcpy(nick, c->nick, sizeof(nick));
    c->nick[0] = '\0';
    c->leaving = 1;
    if (nick[0])
        tell_others(c, "- ", nick, "", 0);
}

static conn_t *chat_find(struct server *s, const char *nick, size_t n)
{
    for (size_t i = 0; n > 0 && i < s->conns_n; i++)
        if (strlen(s->conns[i]->nick) == n && memcmp(s->conns[i]->nick, nick, n) == 0)
            return s->conns[i];
    return NULL;
}

static void chat_nick(conn_t *c, const char *nick, size_t n)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    int good = n > 0 && n <= CHAT_NICK_MAX && !c->nick[0] && !chat_find(c->server, nick, n);

    for (size_t i = 0; good && i < n; i++)
        good = memchr(allowed, nick[i], sizeof(allowed) - 1) != NULL;
    if (!good) {
        conn_say(c, "ERR nick", "", "", 0);
        return;
    }
    memcpy(c->nick, nick, n);
    c->nick[n] = '\0';
    conn_say(c, "OK", "", "", 0);
    tell_others(c, "+ ", "", nick, n);
}

static void chat_priv(conn_t *c, const char *args, size_t n)
{
    const char *space = memchr(args, ' ', n);
    char from[CHAT_NICK_MAX + 4];
    conn_t *to;

    if (!space) {
        conn_say(c, "ERR cmd", "", "", 0);
        return;
    }
    to = chat_find(c->server, args, (size_t)(space - args));
    if (!to) {
        conn_say(c, "ERR nouser", "", "", 0);
        return;
    }
    snprintf(from, sizeof(from), "[%s] ", c->nick);
    conn_say(to, from, "", space + 1, n - (size_t)(space + 1 - args));
    conn_say(c, "OK", "", "", 0);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void chat_who(conn_t *c)
{
    const char *names[CHAT_CLIENTS_MAX];
    char text[CHAT_CLIENTS_MAX * (CHAT_NICK_MAX + 1) + 1];
    size_t n = 0, used = 0;

    for (size_t i = 0; i < c->server->conns_n; i++)
        if (c->server->conns[i]->nick[0])
            names[n++] = c->server->conns[i]->nick;
    qsort(names, n, sizeof(names[0]), by_name);
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, " %s", names[i]);
    conn_say(c, "NAMES", "", text, used);
}

/* If the line begins with the word, the length of what it takes away; else 0. */
static size_t word(const char *s, size_t len, const char *w)
{
    size_t n = strlen(w);

    return len >= n && memcmp(s, w, n) == 0 ? n : 0;
}

static void chat_line(conn_t *c, const char *s, size_t len, int overlong)
{
    size_t n;

    if (c->leaving || c->gone)
        return;
    if (overlong) {
        conn_say(c, "ERR toolong", "", "", 0);
    } else if ((n = word(s, len, "NICK ")) > 0) {
        chat_nick(c, s + n, len - n);
    } else if (!c->nick[0]) {
        conn_say(c, "ERR nick", "", "", 0);
    } else if ((n = word(s, len, "MSG ")) > 0) {
        conn_say(c, "OK", "", "", 0);
        tell_others(c, c->nick, ": ", s + n, len - n);
    } else if ((n = word(s, len, "PRIV ")) > 0) {
        chat_priv(c, s + n, len - n);
    } else if (len == 3 && word(s, len, "WHO")) {
        chat_who(c);
    } else if (len == 4 && word(s, len, "QUIT")) {
        conn_say(c, "BYE", "", "", 0);
        chat_leave(c);
    } else {
        conn_say(c, "ERR cmd", "", "", 0);
    }
}

static void chat_accept(struct server *s, int listener)
{
    static const char full[] = "ERR full\n";
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    conn_t *c = NULL;

    if (fd < 0) {
        /* The client stays in the backlog and the listener ready: polling it now would spin. */
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            s->full = 1;
        return;
    }
    if (s->conns_n == CHAT_CLIENTS_MAX) {
        (void)!send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    } else if ((c = conn_new(fd)) != NULL) {
        c->server = s;
        s->conns[s->conns_n++] = c;
        return;
    }
    close(fd);
}

static void chat_serve(conn_t *c, int revents)
{
    char buf[4096];

    if (revents & POLLOUT)
        conn_flush(c);
    if (c->leaving) {
        if (revents & (POLLHUP | POLLERR))
            c->gone = 1;
    } else if (revents & (POLLIN | POLLHUP | POLLERR)) {
        ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

        if (n > 0)
            chat_feed(c, buf, (size_t)n, chat_line);
        else if (n == 0)
            chat_leave(c);
        else if (errno != EAGAIN && errno != EINTR)
            c->gone = 1;
    }
}

/* Removes those who are gone. Telling the others may end some of them: until nobody is left to
 * remove. */
static void chat_sweep(struct server *s)
{
    for (size_t i = 0; i < s->conns_n;) {
        conn_t *c = s->conns[i];

        if (!c->gone && !(c->leaving && c->out_len == 0)) {
            i++;
            continue;
        }
        c->gone = 1;
        chat_leave(c);
        s->conns[i] = s->conns[--s->conns_n];
        conn_free(c);
        s->full = 0;
        i = 0;
    }
}

/* One round: waits, then serves everybody who has something. */
static void chat_round(struct server *s, const sigset_t *waiting)
{
    struct pollfd p[LISTENERS_MAX + CHAT_CLIENTS_MAX];
    size_t conns_n = s->conns_n, n = 0;

    for (size_t i = 0; i < s->listeners_n; i++)
        p[n++] = (struct pollfd){.fd = s->full ? -1 : s->listeners[i].fd, .events = POLLIN};
    for (size_t i = 0; i < conns_n; i++) {
        short in = s->conns[i]->leaving ? 0 : POLLIN;
        short out = s->conns[i]->out_len > 0 ? POLLOUT : 0;

        p[n++] = (struct pollfd){.fd = s->conns[i]->fd, .events = (short)(in | out)};
    }
    if (ppoll(p, n, NULL, waiting) <= 0)
        return;
    /* The clients first: accepting adds to the end of their table. */
    for (size_t i = 0; i < conns_n; i++)
        if (p[s->listeners_n + i].revents && !s->conns[i]->gone)
            chat_serve(s->conns[i], p[s->listeners_n + i].revents);
    chat_sweep(s);
    for (size_t i = 0; i < s->listeners_n; i++)
        if (p[i].revents)
            chat_accept(s, s->listeners[i].fd);
}

static void chat_close(struct server *s)
{
    for (size_t i = 0; i < s->conns_n; i++) {
        if (!s->conns[i]->leaving)
            conn_say(s->conns[i], "BYE", "", "", 0);
        conn_free(s->conns[i]);
    }
    for (size_t i = 0; i < s->listeners_n; i++) {
        close(s->listeners[i].fd);
        if (s->listeners[i].path)
            unlink(s->listeners[i].path);
    }
}

static int chat_listen(struct server *s, int fd, const char *path, const char *name)
{
    int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);

    if (fd < 0)
        return complain("chatd", name);
    s->listeners[s->listeners_n++] = (struct listener){.fd = fd, .path = path};
    /* A client that leaves before we accept it must not block us in accept. */
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return complain("chatd", "fcntl");
    return EXIT_OK;
}

int chatd_run(char *const unix_names[], int tcp_port)
{
    struct server s = {.listeners_n = 0};
    int code = EXIT_OK;
    uint16_t port = 0;
    sigset_t waiting;
    size_t names_n = 0;

    while (unix_names[names_n])
        names_n++;
    if (names_n + 1 > LISTENERS_MAX) {
        errno = E2BIG;
        return complain("chatd", "names");
    }
    stop_catch(&waiting);
    for (size_t i = 0; code == EXIT_OK && i < names_n; i++) {
        const char *name = unix_names[i];

        code = chat_listen(&s, un_listen(name, BACKLOG), name[0] == '@' ? NULL : name, name);
    }
    if (code == EXIT_OK && tcp_port >= 0)
        code = chat_listen(&s, tcp_listen((uint16_t)tcp_port, &port), NULL, "tcp");
    if (code == EXIT_OK) {
        for (size_t i = 0; i < names_n; i++)
            printf("READY unix %s\n", unix_names[i]);
        if (tcp_port >= 0)
            printf("READY tcp 127.0.0.1:%u\n", (unsigned)port);
        printf("READY\n");
        fflush(stdout);
        while (!stop_wanted(&waiting))
            chat_round(&s, &waiting);
    }
    chat_close(&s);
    return code;
}

/* D. Chat: the client -------------------------------------------------------------------------- */

int chatc_run(int fd, const char *nick)
{
    char hello[128];
    int n = snprintf(hello, sizeof(hello), "NICK %s\n", nick);

    if (n < 0 || (size_t)n >= sizeof(hello)) {
        errno = EINVAL;
        return complain("chatc", "nick");
    }
    /* A server that is full has closed already; what it said is still to be read. */
    if (send_all(fd, hello, (size_t)n) < 0 && errno != EPIPE && errno != ECONNRESET)
        return complain("chatc", "send");
    if (relay(STDIN_FILENO, fd, STDOUT_FILENO) < 0)
        return complain("chatc", "stdout");
    return EXIT_OK;
}
