/* SPDX-License-Identifier: MIT */
/* lab05, variant "writev": what is said is stored once and queued for everybody who gets it; the
 * queue of a client leaves with writev. SIGPIPE is ignored or held back; no MSG_NOSIGNAL. */
#include "lab05.h"

#include "io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int complain(const char *who, const char *what)
{
    int e = errno;

    fprintf(stderr, "%s: %s: %s\n", who, what, strerror(e));
    return e == EADDRINUSE ? EXIT_IN_USE : EXIT_FAILED;
}

static void discard(int *fd)
{
    int e = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = e;
}

static int set_nonblock(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static struct iovec piece(const void *p, size_t n)
{
    union {
        const void *in;
        void *out;
    } u = {p}; /* writev does not write there, but its struct does not say so */

    return (struct iovec){u.out, n};
}

static struct iovec word(const char *s)
{
    return piece(s, strlen(s));
}

/* A. Addresses --------------------------------------------------------------------------------- */

int un_address(const char *name, struct sockaddr_un *sa, socklen_t *len)
{
    bool abstract = *name == '@';
    size_t n = strnlen(name, sizeof(sa->sun_path) + 1);
    size_t size = abstract ? n : n + 1;

    if (n == (abstract ? 1u : 0u)) {
        errno = EINVAL;
        return -1;
    }
    if (size > sizeof(sa->sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    sa->sun_family = AF_UNIX;
    memset(sa->sun_path, 0, sizeof(sa->sun_path));
    memcpy(sa->sun_path, name, n);
    if (abstract)
        sa->sun_path[0] = '\0';
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    return 0;
}

static bool stale(const struct sockaddr_un *sa, socklen_t len)
{
    struct stat st;
    bool refused = false;
    int fd;

    if (sa->sun_path[0] == '\0' || lstat(sa->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) /* a live stream server says EPROTOTYPE */
        refused = connect(fd, (const struct sockaddr *)sa, len) < 0 && errno == ECONNREFUSED;
    discard(&fd);
    return refused;
}

/* Opens a socket and does 'how' (bind or connect) to the name. */
static int un_open(const char *name, int type,
                   int (*how)(int fd, const struct sockaddr *sa, socklen_t len))
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd;

    if (un_address(name, &sa, &len) < 0)
        return -1;
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd >= 0 && how(fd, (struct sockaddr *)&sa, len) < 0)
        discard(&fd);
    return fd;
}

static int un_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
    const struct sockaddr_un *un = (const void *)sa;

    if (bind(fd, sa, len) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return -1;
    if (stale(un, len) && unlink(un->sun_path) == 0)
        return bind(fd, sa, len);
    errno = EADDRINUSE;
    return -1;
}

static int do_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
    return connect(fd, sa, len);
}

int un_listen(const char *name, int backlog)
{
    int fd = un_open(name, SOCK_STREAM, un_bind);

    if (fd >= 0 && listen(fd, backlog) < 0)
        discard(&fd);
    return fd;
}

int un_connect(const char *name)
{
    return un_open(name, SOCK_STREAM, do_connect);
}

int un_dgram(const char *name)
{
    struct sockaddr_un nobody = {.sun_family = AF_UNIX};
    int fd;

    if (name)
        return un_open(name, SOCK_DGRAM, un_bind);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&nobody, sizeof(nobody.sun_family)) < 0)
        discard(&fd);
    return fd;
}

static int tcp_open(uint16_t port, struct sockaddr_in *sa,
                    int (*how)(int fd, const struct sockaddr *sa, socklen_t len))
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    memset(sa, 0, sizeof(*sa));
    sa->sin_family = AF_INET;
    sa->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sa->sin_port = htons(port);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
                    how(fd, (struct sockaddr *)sa, sizeof(*sa)) < 0))
        discard(&fd);
    return fd;
}

static int do_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
    return bind(fd, sa, len);
}

int tcp_listen(uint16_t port, uint16_t *bound)
{
    struct sockaddr_in sa;
    socklen_t len = sizeof(sa);
    int fd = tcp_open(port, &sa, do_bind);

    if (fd < 0)
        return -1;
    if (listen(fd, 128) < 0 || getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
        discard(&fd);
    else
        *bound = ntohs(sa.sin_port);
    return fd;
}

int tcp_connect(uint16_t port)
{
    struct sockaddr_in sa;

    return tcp_open(port, &sa, do_connect);
}

/* SIGPIPE is blocked meanwhile, and taken back if it was ours. */
int send_all(int fd, const void *buf, size_t n)
{
    sigset_t pipe_set, before, pending;
    bool was_pending;
    int r, e;

    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    sigpending(&pending);
    was_pending = sigismember(&pending, SIGPIPE) == 1;
    sigprocmask(SIG_BLOCK, &pipe_set, &before);
    r = io_write_full(fd, buf, n);
    e = errno;
    if (r < 0 && e == EPIPE && !was_pending)
        while (sigtimedwait(&pipe_set, NULL, &(struct timespec){0}) < 0 && errno == EINTR)
            ;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = e;
    return r;
}

static void set_action(int sig, void (*handler)(int), struct sigaction *old)
{
    struct sigaction act = {.sa_handler = handler};

    sigemptyset(&act.sa_mask);
    sigaction(sig, &act, old);
}

/* SIGTERM and SIGINT stay pending except while we wait; we look at what is pending before that. */
static sigset_t stop_set, wait_mask;
static volatile sig_atomic_t woken;

static void wake(int sig)
{
    (void)sig;
    woken = 1;
}

static void stop_prepare(void)
{
    sigemptyset(&stop_set);
    sigaddset(&stop_set, SIGTERM);
    sigaddset(&stop_set, SIGINT);
    sigprocmask(SIG_BLOCK, &stop_set, &wait_mask);
    sigdelset(&wait_mask, SIGTERM);
    sigdelset(&wait_mask, SIGINT);
    set_action(SIGTERM, wake, NULL);
    set_action(SIGINT, wake, NULL);
}

static bool stopped(void)
{
    sigset_t pending;

    sigpending(&pending);
    return woken || sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

/* B. Unnamed sockets --------------------------------------------------------------------------- */

int pair_spawn(char *const argv[], pid_t *pid)
{
    int p[2], e;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p) < 0)
        return -1;
    *pid = fork();
    if (*pid < 0)
        discard(&p[0]);
    if (*pid == 0) {
        discard(&p[0]);
        dup2(p[1], 0);
        dup2(p[1], 1);
        if (p[1] > 1)
            discard(&p[1]);
        execvp(argv[0], argv);
        e = errno;
        complain("coproc", argv[0]);
        _exit(e == ENOENT ? 127 : 126);
    }
    discard(&p[1]);
    return p[0];
}

/* What goes up waits in 'up'; what comes down is written at once. Needs SIGPIPE ignored. */
static int both_ways(int in, int sock, int out)
{
    char up[8192], down[8192];
    size_t begin = 0, end = 0;
    bool more = true;

    if (set_nonblock(sock) < 0)
        return -1;
    for (;;) {
        bool full = begin < end;
        struct pollfd p[] = {{.fd = sock, .events = (short)(full ? POLLIN | POLLOUT : POLLIN)},
                             {.fd = more && !full ? in : -1, .events = POLLIN}};
        ssize_t n;

        if (poll(p, 2, -1) < 0)
            continue;
        if (p[0].revents & ~POLLOUT) {
            n = read(sock, down, sizeof(down));
            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                return 0;
            if (n > 0 && io_write_full(out, down, (size_t)n) < 0)
                return -1;
        }
        if (p[0].revents & POLLOUT) {
            n = write(sock, up + begin, end - begin);
            if (n >= 0)
                begin += (size_t)n;
            else if (errno != EAGAIN && errno != EINTR)
                more = false, begin = end;
        }
        if (p[1].revents) {
            n = read(in, up, sizeof(up));
            begin = 0;
            end = n > 0 ? (size_t)n : 0;
            if (n <= 0) {
                more = false;
                shutdown(sock, SHUT_WR);
            }
        }
    }
}

int coproc_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    struct sigaction before;
    int r, status = 0;
    pid_t pid;
    int sock = pair_spawn(argv, &pid); /* before SIGPIPE is ignored: the command shall not be deaf */

    if (sock < 0)
        return -1;
    set_action(SIGPIPE, SIG_IGN, &before);
    r = both_ways(in_fd, sock, out_fd);
    discard(&sock);
    sigaction(SIGPIPE, &before, NULL);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    *code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return r;
}

/* A message of pairtalk ends in a NUL on the wire, and both sides know it. */
static int tell(int fd, const char *text)
{
    return send_all(fd, text, strlen(text) + 1);
}

static int listen_to(int fd, const char *who)
{
    char text[128];
    size_t n = 0;
    ssize_t r;

    do {
        r = read(fd, text + n, sizeof(text) - n);
        if (r <= 0)
            return -1;
        n += (size_t)r;
    } while (text[n - 1] != '\0' && n < sizeof(text));
    return dprintf(STDOUT_FILENO, "%s got: %.*s\n", who, (int)(n - 1), text) < 0 ? -1 : 0;
}

int pairtalk_run(void)
{
    int p[2], r, status = 0;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p) < 0)
        return complain("pairtalk", "socketpair");
    pid = fork();
    if (pid == 0) {
        discard(&p[0]);
        r = tell(p[1], "Hello, how are you?");
        if (r == 0)
            r = listen_to(p[1], "child");
        discard(&p[1]);
        _exit(r < 0 ? EXIT_FAILED : EXIT_OK);
    }
    discard(&p[1]);
    r = pid < 0 ? -1 : listen_to(p[0], "parent");
    if (r == 0)
        r = tell(p[0], "I am fine, thanks.");
    if (r < 0)
        complain("pairtalk", "talk");
    discard(&p[0]);
    if (pid > 0 && (waitpid(pid, &status, 0) < 0 || status != 0))
        r = -1;
    return r < 0 ? EXIT_FAILED : EXIT_OK;
}

/* C. Datagrams --------------------------------------------------------------------------------- */

static void serve_datagram(int fd)
{
    char text[DGRAM_MAX], head[32];
    struct sockaddr_un peer;
    struct iovec in = {text, sizeof(text)}, reply[2];
    struct msghdr msg = {.msg_name = &peer, .msg_namelen = sizeof(peer), .msg_iov = &in, .msg_iovlen = 1};
    ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

    if (n < 0 || msg.msg_namelen <= sizeof(peer.sun_family))
        return;
    if (msg.msg_flags & MSG_TRUNC) {
        reply[0] = word("ERR toolong");
        reply[1] = piece(text, 0);
    } else {
        for (ssize_t i = 0; i < n / 2; i++) {
            char c = text[i];

            text[i] = text[n - 1 - i];
            text[n - 1 - i] = c;
        }
        snprintf(head, sizeof(head), "%zd ", n);
        reply[0] = word(head);
        reply[1] = piece(text, (size_t)n);
    }
    msg.msg_iov = reply;
    msg.msg_iovlen = 2;
    msg.msg_flags = 0;
    (void)!sendmsg(fd, &msg, MSG_DONTWAIT); /* not delivered: the client's affair */
}

int dgramd_run(const char *name)
{
    struct pollfd p = {.events = POLLIN};

    stop_prepare();
    set_action(SIGPIPE, SIG_IGN, NULL);
    p.fd = un_dgram(name);
    if (p.fd < 0)
        return complain("dgramd", name);
    printf("READY %s\n", name);
    fflush(stdout);
    while (!stopped())
        if (ppoll(&p, 1, NULL, &wait_mask) == 1)
            serve_datagram(p.fd);
    discard(&p.fd);
    if (name[0] != '@')
        unlink(name);
    return EXIT_OK;
}

static int dgram_ask(int fd, const char *text, int timeout_ms)
{
    char buf[DGRAM_MAX + 40];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t n = write(fd, text, strlen(text));
    int ready;

    if (n < 0)
        return errno == ECONNREFUSED || errno == ENOENT || errno == ENOTCONN ? EXIT_NO_PEER
                                                                            : EXIT_FAILED;
    ready = poll(&p, 1, timeout_ms);
    if (ready == 0) {
        errno = ETIMEDOUT;
        return EXIT_TIMEOUT;
    }
    n = ready < 0 ? -1 : read(fd, buf, sizeof(buf));
    if (n < 0)
        return errno == ECONNRESET || errno == ECONNREFUSED ? EXIT_NO_PEER : EXIT_FAILED;
    struct iovec out[] = {piece(buf, (size_t)n), word("\n")};
    return writev(STDOUT_FILENO, out, 2) < 0 ? EXIT_FAILED : EXIT_OK;
}

int dgramc_run(const char *name, int timeout_ms, char *const texts[])
{
    struct sockaddr_un sa;
    socklen_t len;
    int code = EXIT_FAILED, fd = un_dgram(NULL);

    if (fd >= 0 && un_address(name, &sa, &len) == 0) {
        if (connect(fd, (struct sockaddr *)&sa, len) < 0)
            code = errno == ENOENT || errno == ECONNREFUSED ? EXIT_NO_PEER : EXIT_FAILED;
        else
            code = EXIT_OK;
    }
    while (code == EXIT_OK && *texts)
        code = dgram_ask(fd, *texts++, timeout_ms);
    if (code != EXIT_OK)
        complain("dgramc", name);
    discard(&fd);
    return code;
}

/* D. Chat: one client -------------------------------------------------------------------------- */

/* Said once, sent to many: freed with its last reference. */
struct saying {
    unsigned references;
    size_t size;
    char bytes[];
};

struct link {
    struct link *next;
    struct saying *saying;
};

struct conn {
    int fd;
    struct chat *chat;
    char nick[CHAT_NICK_MAX + 1];
    bool leaving, broken, deaf;
    struct link *first, **last; /* what waits for this client */
    size_t sent;                /* bytes of the first one that are gone */
    size_t waiting;             /* bytes in all that are not */
    bool overlong;
    size_t part_len;
    char part[CHAT_LINE_MAX];
};

static struct saying *saying_new(const struct iovec *v, int n)
{
    struct saying *s;
    size_t size = 0;

    for (int i = 0; i < n; i++)
        size += v[i].iov_len;
    s = malloc(sizeof(*s) + size);
    if (!s)
        return NULL;
    s->references = 1;
    s->size = 0;
    for (int i = 0; i < n; i++) {
        memcpy(s->bytes + s->size, v[i].iov_base, v[i].iov_len);
        s->size += v[i].iov_len;
    }
    return s;
}

static void saying_release(struct saying *s)
{
    if (s && --s->references == 0)
        free(s);
}

static void conn_forget_first(conn_t *c)
{
    struct link *l = c->first;

    c->first = l->next;
    if (!c->first)
        c->last = &c->first;
    saying_release(l->saying);
    free(l);
    c->sent = 0;
}

conn_t *conn_new(int fd)
{
    conn_t *c = calloc(1, sizeof(*c));

    if (c) {
        c->fd = fd;
        c->last = &c->first;
    }
    return c;
}

void conn_free(conn_t *c)
{
    if (!c)
        return;
    while (c->first)
        conn_forget_first(c);
    discard(&c->fd);
    free(c);
}

int chat_feed(conn_t *c, const char *p, size_t n,
              void (*line)(conn_t *c, const char *s, size_t len, int overlong))
{
    for (const char *end = p + n; p < end; p++) {
        if (*p == '\n') {
            if (!c->overlong)
                line(c, c->part, c->part_len, 0);
            c->overlong = false;
            c->part_len = 0;
        } else if (!c->overlong) {
            c->part[c->part_len++] = *p;
            if (c->part_len == sizeof(c->part)) {
                c->overlong = true;
                line(c, c->part, c->part_len, 1);
            }
        }
    }
    return 0;
}

/* D. Chat: the server -------------------------------------------------------------------------- */

struct chat {
    struct pollfd *polled; /* listeners first, then clients, in the order of 'conns' */
    nfds_t listeners;
    bool crowded; /* accept had no descriptor left */
    size_t n;
    conn_t *conns[CHAT_CLIENTS_MAX];
};

static void conn_write(conn_t *c)
{
    while (c->first && !c->deaf) {
        struct iovec v[16];
        int n = 0;
        ssize_t r;

        for (struct link *l = c->first; l && n < 16; l = l->next)
            v[n++] = piece(l->saying->bytes, l->saying->size);
        v[0] = piece(c->first->saying->bytes + c->sent, c->first->saying->size - c->sent);
        r = writev(c->fd, v, n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0 && errno == EAGAIN)
            return;
        if (r < 0) {
            c->deaf = true;
            break;
        }
        c->waiting -= (size_t)r;
        while (c->first && (size_t)r >= c->first->saying->size - c->sent) {
            r -= (ssize_t)(c->first->saying->size - c->sent);
            conn_forget_first(c);
        }
        c->sent += (size_t)r;
    }
    if (c->deaf) {
        while (c->first)
            conn_forget_first(c);
        c->waiting = 0;
    }
}

static void conn_give(conn_t *c, struct saying *s)
{
    struct link *l;

    if (c->broken || c->deaf)
        return;
    l = s ? malloc(sizeof(*l)) : NULL;
    if (!l) { /* without memory we cannot keep the promise of all lines in order */
        c->broken = true;
        return;
    }
    s->references++;
    *l = (struct link){.saying = s};
    *c->last = l;
    c->last = &l->next;
    c->waiting += s->size;
    conn_write(c);
    if (c->waiting > CHAT_PENDING_MAX)
        c->broken = true;
}

static void conn_answer(conn_t *c, const char *text)
{
    struct iovec v[] = {word(text), word("\n")};
    struct saying *s = saying_new(v, 2);

    conn_give(c, s);
    saying_release(s);
}

static void chat_tell(conn_t *from, const char *a, const char *b, const char *text, size_t n)
{
    struct iovec v[] = {word(a), word(b), piece(text, n), word("\n")};
    struct saying *s = saying_new(v, 4);

    for (size_t i = 0; i < from->chat->n; i++)
        if (from->chat->conns[i] != from && from->chat->conns[i]->nick[0])
            conn_give(from->chat->conns[i], s);
    saying_release(s);
}

static void chat_part(conn_t *c)
{
    char nick[sizeof(c->nick)];

    memcpy(nick, c->nick, sizeof(nick));
    memset(c->nick, 0, sizeof(c->nick));
    c->leaving = true;
    if (nick[0])
        chat_tell(c, "- ", nick, "", 0);
}

static conn_t *chat_who_is(struct chat *chat, const char *nick, size_t n)
{
    for (size_t i = 0; n > 0 && n <= CHAT_NICK_MAX && i < chat->n; i++) {
        const char *has = chat->conns[i]->nick;

        if (memcmp(has, nick, n) == 0 && has[n] == '\0')
            return chat->conns[i];
    }
    return NULL;
}

static void on_nick(conn_t *c, const char *s, size_t n)
{
    char nick[CHAT_NICK_MAX + 1] = "";

    if (n >= 1 && n <= CHAT_NICK_MAX)
        memcpy(nick, s, n);
    if (strlen(nick) != n || n == 0 || c->nick[0] || chat_who_is(c->chat, s, n) ||
        nick[strspn(nick, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-")]) {
        conn_answer(c, "ERR nick");
        return;
    }
    memcpy(c->nick, nick, sizeof(nick));
    conn_answer(c, "OK");
    chat_tell(c, "+ ", nick, "", 0);
}

static void on_msg(conn_t *c, const char *s, size_t n)
{
    chat_tell(c, c->nick, ": ", s, n);
    conn_answer(c, "OK");
}

static void on_priv(conn_t *c, const char *s, size_t n)
{
    const char *text = memchr(s, ' ', n);
    conn_t *to;

    if (!text) {
        conn_answer(c, "ERR cmd");
        return;
    }
    to = chat_who_is(c->chat, s, (size_t)(text - s));
    conn_answer(c, to ? "OK" : "ERR nouser");
    if (to) {
        struct iovec v[] = {word("["), word(c->nick), word("] "),
                            piece(text + 1, n - (size_t)(text + 1 - s)), word("\n")};
        struct saying *saying = saying_new(v, 5);

        conn_give(to, saying);
        saying_release(saying);
    }
}

static int nick_order(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void on_who(conn_t *c)
{
    char nicks[CHAT_CLIENTS_MAX][CHAT_NICK_MAX + 1];
    struct iovec v[2 * CHAT_CLIENTS_MAX + 2];
    size_t n = 0;
    int k = 0;
    struct saying *s;

    for (size_t i = 0; i < c->chat->n; i++)
        if (c->chat->conns[i]->nick[0])
            memcpy(nicks[n++], c->chat->conns[i]->nick, sizeof(nicks[0]));
    qsort(nicks, n, sizeof(nicks[0]), nick_order);
    v[k++] = word("NAMES");
    for (size_t i = 0; i < n; i++) {
        v[k++] = word(" ");
        v[k++] = word(nicks[i]);
    }
    v[k++] = word("\n");
    s = saying_new(v, k);
    conn_give(c, s);
    saying_release(s);
}

static void on_line(conn_t *c, const char *s, size_t n, int overlong)
{
    if (c->leaving || c->broken)
        return;
    if (overlong)
        conn_answer(c, "ERR toolong");
    else if (n >= 5 && !memcmp(s, "NICK ", 5))
        on_nick(c, s + 5, n - 5);
    else if (!c->nick[0])
        conn_answer(c, "ERR nick");
    else if (n >= 4 && !memcmp(s, "MSG ", 4))
        on_msg(c, s + 4, n - 4);
    else if (n >= 5 && !memcmp(s, "PRIV ", 5))
        on_priv(c, s + 5, n - 5);
    else if (n == 3 && !memcmp(s, "WHO", 3))
        on_who(c);
    else if (n == 4 && !memcmp(s, "QUIT", 4)) {
        conn_answer(c, "BYE");
        chat_part(c);
    } else {
        conn_answer(c, "ERR cmd");
    }
}

static void chat_admit(struct chat *chat, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    conn_t *c;

    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            chat->crowded = true;
        return;
    }
    if (chat->n == CHAT_CLIENTS_MAX) {
        (void)!write(fd, "ERR full\n", 9);
        discard(&fd);
        return;
    }
    c = conn_new(fd);
    if (!c) {
        discard(&fd);
        return;
    }
    c->chat = chat;
    chat->conns[chat->n++] = c;
}

static void conn_serve(conn_t *c, short events)
{
    char buf[16384];
    ssize_t n;

    if (events & POLLOUT)
        conn_write(c);
    if (c->leaving) {
        if (events & (POLLHUP | POLLERR))
            c->broken = true;
        return;
    }
    if (!(events & ~POLLOUT))
        return;
    n = read(c->fd, buf, sizeof(buf));
    if (n > 0)
        chat_feed(c, buf, (size_t)n, on_line);
    else if (n == 0)
        chat_part(c);
    else if (errno != EAGAIN && errno != EINTR)
        c->broken = true;
}

/* Removes the broken, and those who leave and have got everything; in order, so that index and
 * client stay together. Saying farewell may break others: again until nobody is removed. */
static void chat_clean(struct chat *chat)
{
    for (size_t i = 0; i < chat->n; i++) {
        conn_t *c = chat->conns[i];

        if (!c->broken && !(c->leaving && !c->first))
            continue;
        chat_part(c);
        chat->n--;
        memmove(&chat->conns[i], &chat->conns[i + 1], (chat->n - i) * sizeof(chat->conns[0]));
        conn_free(c);
        chat->crowded = false;
        i = (size_t)-1;
    }
}

static void chat_turn(struct chat *chat)
{
    size_t n = chat->n;
    struct pollfd *p = chat->polled + chat->listeners;

    for (nfds_t i = 0; i < chat->listeners; i++)
        chat->polled[i].events = chat->crowded ? 0 : POLLIN;
    for (size_t i = 0; i < n; i++) {
        p[i].fd = chat->conns[i]->fd;
        p[i].events = (short)((chat->conns[i]->leaving ? 0 : POLLIN) |
                              (chat->conns[i]->first ? POLLOUT : 0));
    }
    if (ppoll(chat->polled, chat->listeners + n, NULL, &wait_mask) < 0)
        return;
    for (size_t i = 0; i < n; i++)
        if (p[i].revents)
            conn_serve(chat->conns[i], p[i].revents);
    chat_clean(chat);
    for (nfds_t i = 0; i < chat->listeners; i++)
        if (chat->polled[i].revents & POLLIN)
            chat_admit(chat, chat->polled[i].fd);
}

static int chat_listen(struct chat *chat, int fd, const char *name)
{
    if (fd < 0)
        return complain("chatd", name);
    chat->polled[chat->listeners++].fd = fd;
    return set_nonblock(fd) < 0 ? complain("chatd", "fcntl") : EXIT_OK;
}

int chatd_run(char *const unix_names[], int tcp_port)
{
    struct chat chat = {.n = 0};
    size_t names = 0, mine = 0;
    int code = EXIT_OK;
    uint16_t port = 0;

    while (unix_names[names])
        names++;
    stop_prepare();
    set_action(SIGPIPE, SIG_IGN, NULL);
    chat.polled = calloc(names + 1 + CHAT_CLIENTS_MAX, sizeof(chat.polled[0]));
    if (!chat.polled)
        code = complain("chatd", "memory");
    while (code == EXIT_OK && mine < names) {
        int fd = un_listen(unix_names[mine], 128);

        if (fd >= 0)
            mine++;
        code = chat_listen(&chat, fd, unix_names[fd >= 0 ? mine - 1 : mine]);
    }
    if (code == EXIT_OK && tcp_port >= 0)
        code = chat_listen(&chat, tcp_listen((uint16_t)tcp_port, &port), "tcp");
    if (code == EXIT_OK) {
        for (size_t i = 0; i < names; i++)
            printf("READY unix %s\n", unix_names[i]);
        if (tcp_port >= 0)
            printf("READY tcp 127.0.0.1:%u\n", (unsigned)port);
        printf("READY\n");
        fflush(stdout);
        while (!stopped())
            chat_turn(&chat);
    }
    for (size_t i = 0; i < chat.n; i++) {
        if (!chat.conns[i]->leaving)
            conn_answer(chat.conns[i], "BYE");
        conn_free(chat.conns[i]);
    }
    for (nfds_t i = 0; i < chat.listeners; i++)
        close(chat.polled[i].fd);
    free(chat.polled);
    for (size_t i = 0; i < mine; i++)
        if (unix_names[i][0] != '@')
            unlink(unix_names[i]);
    return code;
}

/* D. Chat: the client -------------------------------------------------------------------------- */

int chatc_run(int fd, const char *nick)
{
    struct iovec hello[] = {word("NICK "), word(nick), word("\n")};

    set_action(SIGPIPE, SIG_IGN, NULL);
    /* EPIPE: a full server; what it said is read below. */
    if (writev(fd, hello, 3) < 0 && errno != EPIPE && errno != ECONNRESET)
        return complain("chatc", "send");
    if (both_ways(STDIN_FILENO, fd, STDOUT_FILENO) < 0)
        return complain("chatc", "output");
    return EXIT_OK;
}
