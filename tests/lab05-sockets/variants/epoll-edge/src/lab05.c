/* SPDX-License-Identifier: MIT */
/* lab05, variant "epoll-edge": edge-triggered epoll. The kernel tells only changes, so the server
 * remembers for each descriptor whether it is readable and writable, and serves in turns. */
#include "lab05.h"

#include "io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_AND_LENGTH(s) (s), sizeof(s) - 1

static int give_up(const char *program, const char *what)
{
    int code = errno == EADDRINUSE ? EXIT_IN_USE : EXIT_FAILED;

    fprintf(stderr, "%s: %s: %s\n", program, what, strerror(errno));
    return code;
}

/* -1, with the errno of before. */
static int drop(int fd)
{
    int e = errno;

    (void)close(fd);
    errno = e;
    return -1;
}

static void not_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags >= 0)
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* A. Addresses --------------------------------------------------------------------------------- */

int un_address(const char *name, struct sockaddr_un *sa, socklen_t *len)
{
    size_t n = strlen(name), zero = 1; /* a path brings its NUL */

    memset(sa, 0, sizeof(*sa));
    sa->sun_family = AF_UNIX;
    if (*name == '@') {
        zero = 0;
        if (n == 1)
            n = 0;
    }
    if (n == 0)
        return errno = EINVAL, -1;
    if (n + zero > sizeof(sa->sun_path))
        return errno = ENAMETOOLONG, -1;
    for (size_t i = 0; i < n; i++)
        sa->sun_path[i] = name[i];
    if (!zero)
        sa->sun_path[0] = 0;
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + zero);
    return 0;
}

/* Removes a socket file of which nobody is the owner any more. 1: removed. */
static int bury(const struct sockaddr_un *sa, socklen_t len)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    struct stat st;

    if (!sa->sun_path[0] || lstat(sa->sun_path, &st) != 0 || (st.st_mode & S_IFMT) != S_IFSOCK)
        return 0;
    for (size_t i = 0; i < 2; i++) { /* whatever kind of socket it was: refused both times */
        int fd = socket(AF_UNIX, types[i] | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int alive;

        if (fd < 0)
            return 0;
        alive = connect(fd, (const struct sockaddr *)sa, len) == 0 || errno != ECONNREFUSED;
        close(fd);
        if (alive)
            return 0;
    }
    return unlink(sa->sun_path) == 0;
}

static int named(int type, const char *name)
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd;

    if (un_address(name, &sa, &len) != 0)
        return -1;
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    for (int try = 0; try < 2; try++) {
        if (bind(fd, (struct sockaddr *)&sa, len) == 0)
            return fd;
        if (errno != EADDRINUSE || !bury(&sa, len)) {
            if (errno == ECONNREFUSED || errno == EPROTOTYPE || errno == EAGAIN)
                errno = EADDRINUSE;
            break;
        }
    }
    return drop(fd);
}

int un_listen(const char *name, int backlog)
{
    int fd = named(SOCK_STREAM, name);

    return fd < 0 || listen(fd, backlog) == 0 ? fd : drop(fd);
}

int un_connect(const char *name)
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd = -1;

    if (un_address(name, &sa, &len) == 0)
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    return connect(fd, (struct sockaddr *)&sa, len) == 0 ? fd : drop(fd);
}

int un_dgram(const char *name)
{
    struct sockaddr_un sa = {0};
    int fd;

    if (name)
        return named(SOCK_DGRAM, name);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    sa.sun_family = AF_UNIX;
    return bind(fd, (struct sockaddr *)&sa, offsetof(struct sockaddr_un, sun_path)) == 0 ? fd
                                                                                         : drop(fd);
}

int tcp_listen(uint16_t port, uint16_t *bound)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    socklen_t len = sizeof(sa);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

    if (fd < 0)
        return -1;
    sa.sin_addr.s_addr = htonl(0x7f000001);
    sa.sin_port = htons(port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, (int[]){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&sa, len) != 0 || listen(fd, 100) != 0)
        return drop(fd);
    if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
        return drop(fd);
    *bound = ntohs(sa.sin_port);
    return fd;
}

int tcp_connect(uint16_t port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

    if (fd < 0)
        return -1;
    sa.sin_addr.s_addr = inet_addr("127.0.0.1");
    sa.sin_port = htons(port);
    return connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 ? fd : drop(fd);
}

int send_all(int fd, const void *buf, size_t n)
{
    const unsigned char *p = buf, *end = p + n;

    while (p != end) {
        ssize_t r = send(fd, p, (size_t)(end - p), MSG_NOSIGNAL);

        if (r > 0)
            p += r;
        else if (r < 0 && errno != EINTR)
            return -1;
    }
    return 0;
}

/* Signals: the handler makes a descriptor readable. -------------------------------------------- */

static volatile sig_atomic_t stop_fd = -1;

static void on_stop(int sig)
{
    int e = errno;
    uint64_t one = 1;

    (void)sig;
    (void)!write(stop_fd, &one, sizeof(one));
    errno = e;
}

static int stop_open(void)
{
    struct sigaction sa;

    stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_fd < 0)
        return -1;
    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = on_stop;
    sa.sa_flags = SA_RESTART;
    sigfillset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    return stop_fd;
}

/* B. Unnamed sockets --------------------------------------------------------------------------- */

int pair_spawn(char *const argv[], pid_t *pid)
{
    int s[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) != 0)
        return -1;
    switch (*pid = fork()) {
    case -1:
        drop(s[1]);
        return drop(s[0]);
    case 0:
        close(s[0]);
        for (int fd = 0; fd < 2; fd++) {
            if (s[1] == fd)
                fcntl(fd, F_SETFD, 0); /* dup2 would leave it close-on-exec */
            else
                dup2(s[1], fd);
        }
        if (s[1] > 1)
            close(s[1]);
        execvp(argv[0], argv);
        {
            int code = errno == ENOENT ? 127 : 126;

            give_up("coproc", argv[0]);
            _exit(code);
        }
    default:
        close(s[1]);
        return s[0];
    }
}

/* Both directions at once with select, until the socket has ended; the socket becomes non-blocking.
 * 0; -1 if the output fails. */
static int exchange(int in, int sock, int out)
{
    static char going[20000], coming[20000];
    size_t n = 0, sent = 0;
    int in_open = 1;

    not_blocking(sock);
    for (;;) {
        fd_set r, w;
        ssize_t got;

        FD_ZERO(&r);
        FD_ZERO(&w);
        FD_SET(sock, &r);
        if (sent < n)
            FD_SET(sock, &w);
        else if (in_open)
            FD_SET(in, &r);
        if (select((in > sock ? in : sock) + 1, &r, &w, NULL, NULL) < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        if (FD_ISSET(sock, &r)) {
            got = recv(sock, coming, sizeof(coming), 0);
            if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
                return 0;
            if (got > 0 && io_write_full(out, coming, (size_t)got) != 0)
                return -1;
        }
        if (FD_ISSET(sock, &w)) {
            got = send(sock, going + sent, n - sent, MSG_NOSIGNAL);
            if (got > 0)
                sent += (size_t)got;
            else if (got < 0 && errno != EAGAIN && errno != EINTR)
                sent = n, in_open = 0;
        } else if (in_open && FD_ISSET(in, &r)) {
            got = read(in, going, sizeof(going));
            sent = 0;
            n = got > 0 ? (size_t)got : 0;
            if (got <= 0) {
                in_open = 0;
                shutdown(sock, SHUT_WR);
            }
        }
    }
}

int coproc_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    siginfo_t how;
    pid_t pid;
    int r, sock = pair_spawn(argv, &pid);

    if (sock < 0)
        return -1;
    r = exchange(in_fd, sock, out_fd);
    drop(sock);
    memset(&how, 0, sizeof(how));
    if (waitid(P_PID, (id_t)pid, &how, WEXITED) != 0)
        return -1;
    *code = how.si_code == CLD_EXITED ? how.si_status : 128 + how.si_status;
    return r;
}

/* Messages of pairtalk: two bytes of length in network order, then the text. */
static int say(int fd, const char *text)
{
    uint16_t n = htons((uint16_t)strlen(text));

    return send_all(fd, &n, sizeof(n)) == 0 ? send_all(fd, text, strlen(text)) : -1;
}

static int hear(int fd, const char *who)
{
    uint16_t n;
    char *text;

    if (io_read_full(fd, &n, sizeof(n)) != (ssize_t)sizeof(n))
        return -1;
    n = ntohs(n);
    text = calloc(1, (size_t)n + 1);
    if (!text)
        return -1;
    if (io_read_full(fd, text, n) != n) {
        free(text);
        return -1;
    }
    dprintf(STDOUT_FILENO, "%s got: %s\n", who, text);
    free(text);
    return 0;
}

int pairtalk_run(void)
{
    int s[2], bad, status = 0;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) != 0)
        return give_up("pairtalk", "socketpair");
    pid = fork();
    if (pid < 0) {
        bad = give_up("pairtalk", "fork");
        close(s[0]);
        close(s[1]);
        return bad;
    }
    close(s[pid == 0 ? 0 : 1]);
    if (pid == 0) {
        bad = say(s[1], "Hello, how are you?") || hear(s[1], "child");
        close(s[1]);
        return bad ? EXIT_FAILED : EXIT_OK;
    }
    bad = hear(s[0], "parent") || say(s[0], "I am fine, thanks.");
    close(s[0]);
    if (waitpid(pid, &status, 0) < 0 || status != 0)
        bad = 1;
    return bad ? EXIT_FAILED : EXIT_OK;
}

/* C. Datagrams --------------------------------------------------------------------------------- */

/* Takes one datagram and answers it. 0: there was none. */
static int serve_datagram(int fd)
{
    char reply[DGRAM_MAX + 32], *text;
    struct sockaddr_un from;
    socklen_t len = sizeof(from);
    /* How long is the next one? Nothing is taken yet. */
    ssize_t n = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    int k;

    if (n < 0)
        return errno == EINTR;
    text = malloc((size_t)n + 1);
    if (!text)
        return 0;
    n = recvfrom(fd, text, (size_t)n + 1, MSG_DONTWAIT, (struct sockaddr *)&from, &len);
    if (n >= 0 && len > offsetof(struct sockaddr_un, sun_path)) {
        if (n <= DGRAM_MAX) {
            k = sprintf(reply, "%d ", (int)n);
            while (n > 0)
                reply[k++] = text[--n];
        } else {
            k = sprintf(reply, "ERR toolong");
        }
        (void)!sendto(fd, reply, (size_t)k, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&from,
                      len);
    }
    free(text);
    return 1;
}

static int watch(int epoll, int fd, uint32_t what, uint32_t id)
{
    struct epoll_event e = {.events = what | EPOLLET, .data.u32 = id};

    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

int dgramd_run(const char *name)
{
    int stop = stop_open(), fd = un_dgram(name), epoll = epoll_create1(EPOLL_CLOEXEC);
    int code = EXIT_OK, why = errno;
    struct epoll_event e;

    if (fd < 0) {
        errno = why;
        code = give_up("dgramd", name);
    } else if (stop < 0 || epoll < 0 || watch(epoll, stop, EPOLLIN, 0) || watch(epoll, fd, EPOLLIN, 1)) {
        code = give_up("dgramd", "epoll");
    } else {
        printf("READY %s\n", name);
        fflush(stdout);
        for (;;) {
            if (epoll_wait(epoll, &e, 1, -1) <= 0)
                continue;
            if (e.data.u32 == 0)
                break;
            /* An edge is told once: all that is there must be taken. But look for the end, too. */
            while (serve_datagram(fd))
                if (epoll_wait(epoll, &e, 1, 0) == 1 && e.data.u32 == 0)
                    goto stopped;
        }
    }
stopped:
    if (fd >= 0) {
        close(fd);
        if (name[0] != '@')
            unlink(name);
    }
    if (epoll >= 0)
        close(epoll);
    if (stop >= 0)
        close(stop);
    return code;
}

int dgramc_run(const char *name, int timeout_ms, char *const texts[])
{
    struct timeval tv = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    struct sockaddr_un server;
    socklen_t len;
    char reply[1200];
    int fd, code = EXIT_OK;

    if (un_address(name, &server, &len) != 0 || (fd = un_dgram(NULL)) < 0)
        return give_up("dgramc", name);
    if (timeout_ms == 0)
        tv.tv_usec = 1; /* zero would mean "for ever" */
    if (timeout_ms >= 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    if (connect(fd, (struct sockaddr *)&server, len) != 0)
        code = EXIT_NO_PEER;
    while (code == EXIT_OK && *texts) {
        ssize_t n = -1;

        if (send(fd, *texts, strlen(*texts), MSG_NOSIGNAL) < 0)
            code = EXIT_NO_PEER;
        else if ((n = recv(fd, reply, sizeof(reply) - 1, 0)) < 0)
            code = errno == EAGAIN ? EXIT_TIMEOUT : EXIT_NO_PEER;
        if (n >= 0) {
            reply[n++] = '\n';
            if (io_write_full(STDOUT_FILENO, reply, (size_t)n) != 0)
                code = EXIT_FAILED;
        }
        texts++;
    }
    if (code == EXIT_NO_PEER && errno != ENOENT && errno != ECONNREFUSED && errno != ECONNRESET &&
        errno != ENOTCONN)
        code = EXIT_FAILED;
    if (code != EXIT_OK)
        fprintf(stderr, "dgramc: %s: %s\n", name, strerror(errno));
    close(fd);
    return code;
}

/* D. Chat: one client -------------------------------------------------------------------------- */

struct room;

struct conn {
    int fd;
    struct room *room;
    unsigned readable : 1, hung_up : 1; /* what the edges have told */
    unsigned closing : 1;               /* reads no more; ends when the output is sent */
    unsigned dead : 1;                  /* to be freed at the end of the turn */
    unsigned mute : 1;                  /* the peer takes nothing more */
    unsigned skip : 1;                  /* the rest of an overlong line */
    char nick[CHAT_NICK_MAX + 1];
    unsigned in_n;
    char in[CHAT_LINE_MAX];
    size_t out_from, out_to; /* what waits is out[out_from .. out_to) */
    char out[2 * CHAT_PENDING_MAX];
};

conn_t *conn_new(int fd)
{
    conn_t *c = malloc(sizeof(*c));

    if (!c)
        return NULL;
    memset(c, 0, offsetof(conn_t, out));
    c->fd = fd;
    return c;
}

void conn_free(conn_t *c)
{
    if (!c)
        return;
    if (c->fd != -1)
        close(c->fd);
    free(c);
}

int chat_feed(conn_t *c, const char *p, size_t n,
              void (*line)(conn_t *c, const char *s, size_t len, int overlong))
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n') {
            unsigned len = c->in_n, whole = !c->skip;

            c->in_n = 0;
            c->skip = 0;
            if (whole)
                line(c, c->in, len, 0);
        } else if (!c->skip) {
            c->in[c->in_n++] = p[i];
            if (c->in_n >= sizeof(c->in)) {
                c->skip = 1;
                line(c, c->in, c->in_n, 1);
            }
        }
    }
    return 0;
}

/* D. Chat: the server -------------------------------------------------------------------------- */

enum { ID_STOP = 0, ID_CLIENT = 1, ID_LISTENER = ID_CLIENT + CHAT_CLIENTS_MAX };

struct room {
    conn_t *seat[CHAT_CLIENTS_MAX]; /* NULL: free */
    int *door;                      /* the listeners */
    unsigned char *knocked;         /* an edge was seen there, and accept did not say EAGAIN yet */
    unsigned doors;
    int shut; /* no descriptor for another client until one leaves */
};

static void leave(conn_t *c);

static void flush_out(conn_t *c)
{
    while (c->out_from < c->out_to) {
        ssize_t n = send(c->fd, c->out + c->out_from, c->out_to - c->out_from, MSG_NOSIGNAL);

        if (n > 0) {
            c->out_from += (size_t)n;
        } else if (errno == EAGAIN) {
            return; /* the next edge of EPOLLOUT goes on here */
        } else if (errno != EINTR) {
            c->mute = 1;
            break;
        }
    }
    c->out_from = c->out_to = 0;
}

static void put(conn_t *c, const char *bytes, size_t n)
{
    if (c->dead || c->mute)
        return;
    if (c->out_to + n > sizeof(c->out)) {
        memmove(c->out, c->out + c->out_from, c->out_to - c->out_from);
        c->out_to -= c->out_from;
        c->out_from = 0;
    }
    memcpy(c->out + c->out_to, bytes, n);
    c->out_to += n;
    flush_out(c);
    if (c->out_to - c->out_from > CHAT_PENDING_MAX) {
        c->dead = 1;
        leave(c);
    }
}

static void put_text(conn_t *c, const char *text)
{
    put(c, text, strlen(text));
}

static void put_others(conn_t *c, const char *bytes, size_t n)
{
    for (int i = 0; i < CHAT_CLIENTS_MAX; i++) {
        conn_t *o = c->room->seat[i];

        if (o && o != c && o->nick[0])
            put(o, bytes, n);
    }
}

static void leave(conn_t *c)
{
    char notice[CHAT_NICK_MAX + 4];
    int n = sprintf(notice, "- %s\n", c->nick);

    c->closing = 1;
    if (c->nick[0]) {
        c->nick[0] = '\0';
        put_others(c, notice, (size_t)n);
    }
}

static conn_t *find(struct room *room, const char *nick, size_t n)
{
    for (int i = 0; i < CHAT_CLIENTS_MAX; i++) {
        conn_t *c = room->seat[i];

        if (c && n > 0 && n == strlen(c->nick) && !memcmp(c->nick, nick, n))
            return c;
    }
    return NULL;
}

static int is_nick_byte(char b)
{
    return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || b == '_' ||
           b == '-';
}

static void cmd_nick(conn_t *c, const char *arg, size_t n)
{
    char notice[CHAT_NICK_MAX + 4];
    size_t good = 0;

    while (good < n && is_nick_byte(arg[good]))
        good++;
    if (n < 1 || n > CHAT_NICK_MAX || good < n || c->nick[0] || find(c->room, arg, n)) {
        put_text(c, "ERR nick\n");
        return;
    }
    memcpy(c->nick, arg, n);
    c->nick[n] = '\0';
    put_text(c, "OK\n");
    put_others(c, notice, (size_t)sprintf(notice, "+ %s\n", c->nick));
}

static void cmd_msg(conn_t *c, const char *arg, size_t n)
{
    char said[CHAT_NICK_MAX + CHAT_LINE_MAX + 8];
    size_t k = (size_t)sprintf(said, "%s: ", c->nick);

    memcpy(said + k, arg, n);
    said[k + n] = '\n';
    put_others(c, said, k + n + 1);
    put_text(c, "OK\n");
}

static void cmd_priv(conn_t *c, const char *arg, size_t n)
{
    char said[CHAT_NICK_MAX + CHAT_LINE_MAX + 8];
    size_t to_n = 0, k;
    conn_t *to;

    while (to_n < n && arg[to_n] != ' ')
        to_n++;
    if (to_n == n) {
        put_text(c, "ERR cmd\n");
        return;
    }
    to = find(c->room, arg, to_n);
    if (!to) {
        put_text(c, "ERR nouser\n");
        return;
    }
    k = (size_t)sprintf(said, "[%s] ", c->nick);
    memcpy(said + k, arg + to_n + 1, n - to_n - 1);
    k += n - to_n - 1;
    said[k++] = '\n';
    put(to, said, k);
    put_text(c, "OK\n");
}

static void cmd_who(conn_t *c)
{
    char list[8 + CHAT_CLIENTS_MAX * (CHAT_NICK_MAX + 1)] = "NAMES";
    const char *last = "", *next;
    size_t k = strlen(list);

    do { /* the smallest name behind the last one */
        next = NULL;
        for (int i = 0; i < CHAT_CLIENTS_MAX; i++) {
            conn_t *o = c->room->seat[i];

            if (o && o->nick[0] && strcmp(o->nick, last) > 0 && (!next || strcmp(o->nick, next) < 0))
                next = o->nick;
        }
        if (next)
            k += (size_t)sprintf(list + k, " %s", next);
        last = next;
    } while (next);
    list[k++] = '\n';
    put(c, list, k);
}

static void on_line(conn_t *c, const char *s, size_t n, int overlong)
{
    static const struct {
        const char *word;
        size_t len;
        void (*run)(conn_t *c, const char *arg, size_t n);
    } commands[] = {
        {TEXT_AND_LENGTH("NICK "), cmd_nick},
        {TEXT_AND_LENGTH("MSG "), cmd_msg},
        {TEXT_AND_LENGTH("PRIV "), cmd_priv},
    };

    if (c->closing || c->dead)
        return;
    if (overlong) {
        put_text(c, "ERR toolong\n");
        return;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if ((i == 0 || c->nick[0]) && n >= commands[i].len &&
            memcmp(s, commands[i].word, commands[i].len) == 0) {
            commands[i].run(c, s + commands[i].len, n - commands[i].len);
            return;
        }
    }
    if (!c->nick[0]) {
        put_text(c, "ERR nick\n");
    } else if (n == 3 && memcmp(s, "WHO", n) == 0) {
        cmd_who(c);
    } else if (n == 4 && memcmp(s, "QUIT", n) == 0) {
        put_text(c, "BYE\n");
        leave(c);
    } else {
        put_text(c, "ERR cmd\n");
    }
}

/* A client's turn: one piece of what it has to say. */
static void take_turn(conn_t *c)
{
    char buf[2048];
    ssize_t n = recv(c->fd, buf, sizeof(buf), 0);

    if (n > 0) {
        chat_feed(c, buf, (size_t)n, on_line);
    } else if (n == 0) {
        leave(c);
    } else if (errno == EAGAIN) {
        c->readable = 0;
    } else if (errno != EINTR) {
        c->dead = 1;
        leave(c);
    }
}

static void admit(struct room *room, int epoll, unsigned door)
{
    int seat = 0, fd = accept4(room->door[door], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    conn_t *c;

    if (fd < 0) {
        if (errno == EAGAIN)
            room->knocked[door] = 0;
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            room->shut = 1;
        return;
    }
    while (seat < CHAT_CLIENTS_MAX && room->seat[seat])
        seat++;
    if (seat == CHAT_CLIENTS_MAX) {
        (void)!send(fd, TEXT_AND_LENGTH("ERR full\n"), MSG_NOSIGNAL);
        close(fd);
        return;
    }
    c = conn_new(fd);
    if (!c) {
        close(fd);
        return;
    }
    if (watch(epoll, fd, EPOLLIN | EPOLLOUT, ID_CLIENT + (uint32_t)seat) != 0) {
        conn_free(c);
        return;
    }
    c->room = room;
    room->seat[seat] = c;
}

/* All that can be done without waiting, one piece each. 1: there is more. */
static int serve_turn(struct room *room, int epoll)
{
    int more = 0, again;

    for (int i = 0; i < CHAT_CLIENTS_MAX; i++)
        if (room->seat[i] && room->seat[i]->readable && !room->seat[i]->closing)
            take_turn(room->seat[i]);
    do { /* a farewell may be one line too many for another client */
        again = 0;
        for (int i = 0; i < CHAT_CLIENTS_MAX; i++) {
            conn_t *c = room->seat[i];

            if (!c || !(c->dead || (c->closing && (c->hung_up || c->out_from == c->out_to))))
                continue;
            room->seat[i] = NULL;
            conn_free(c);
            room->shut = 0;
            again = 1;
        }
    } while (again);
    for (unsigned i = 0; i < room->doors; i++)
        if (room->knocked[i] && !room->shut)
            admit(room, epoll, i);
    for (int i = 0; i < CHAT_CLIENTS_MAX; i++)
        if (room->seat[i] && room->seat[i]->readable && !room->seat[i]->closing)
            more = 1;
    for (unsigned i = 0; i < room->doors; i++)
        if (room->knocked[i] && !room->shut)
            more = 1;
    return more;
}

static void serve(struct room *room, int epoll)
{
    struct epoll_event e[32];
    int more = 0;

    for (;;) {
        int n = epoll_wait(epoll, e, 32, more ? 0 : -1);

        for (int i = 0; i < n; i++) {
            uint32_t id = e[i].data.u32;

            if (id == ID_STOP)
                return;
            if (id >= ID_LISTENER) {
                room->knocked[id - ID_LISTENER] = 1;
            } else {
                conn_t *c = room->seat[id - ID_CLIENT];

                if (e[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                    c->readable = 1;
                if (e[i].events & (EPOLLHUP | EPOLLERR))
                    c->hung_up = 1;
                if (e[i].events & EPOLLOUT)
                    flush_out(c);
            }
        }
        more = serve_turn(room, epoll);
    }
}

static int open_door(struct room *room, int epoll, int fd, const char *name)
{
    if (fd < 0)
        return give_up("chatd", name);
    not_blocking(fd);
    room->door[room->doors] = fd;
    room->doors++;
    if (watch(epoll, fd, EPOLLIN, ID_LISTENER + room->doors - 1) != 0)
        return give_up("chatd", "epoll");
    return EXIT_OK;
}

int chatd_run(char *const unix_names[], int tcp_port)
{
    struct room *room = calloc(1, sizeof(*room));
    int stop = stop_open(), epoll = epoll_create1(EPOLL_CLOEXEC), code = EXIT_OK;
    unsigned names = 0, mine = 0;
    uint16_t port = 0;

    while (unix_names[names])
        names++;
    if (room) {
        room->door = calloc(names + 1, sizeof(int));
        room->knocked = calloc(names + 1, 1);
    }
    if (!room || !room->door || !room->knocked || stop < 0 || epoll < 0 ||
        watch(epoll, stop, EPOLLIN, ID_STOP) != 0)
        code = give_up("chatd", "start");
    for (; code == EXIT_OK && mine < names; mine++) {
        code = open_door(room, epoll, un_listen(unix_names[mine], 100), unix_names[mine]);
        if (code != EXIT_OK)
            break; /* that name is not ours to remove */
    }
    if (code == EXIT_OK && tcp_port != -1)
        code = open_door(room, epoll, tcp_listen((uint16_t)tcp_port, &port), "tcp");
    if (code == EXIT_OK) {
        for (unsigned i = 0; i < names; i++)
            printf("READY unix %s\n", unix_names[i]);
        if (tcp_port != -1)
            printf("READY tcp 127.0.0.1:%u\n", (unsigned)port);
        printf("READY\n");
        fflush(stdout);
        serve(room, epoll);
    }
    for (int i = 0; room && i < CHAT_CLIENTS_MAX; i++) {
        if (room->seat[i] && !room->seat[i]->closing) {
            room->seat[i]->nick[0] = '\0'; /* no farewell beside the BYE */
            put_text(room->seat[i], "BYE\n");
        }
        conn_free(room->seat[i]);
        room->seat[i] = NULL;
    }
    for (unsigned i = 0; room && i < room->doors; i++)
        close(room->door[i]);
    while (mine-- > 0)
        if (unix_names[mine][0] != '@')
            unlink(unix_names[mine]);
    if (room) {
        free(room->door);
        free(room->knocked);
    }
    free(room);
    if (epoll >= 0)
        close(epoll);
    if (stop >= 0)
        close(stop);
    return code;
}

/* D. Chat: the client -------------------------------------------------------------------------- */

int chatc_run(int fd, const char *nick)
{
    char *first = NULL;
    int n = asprintf(&first, "NICK %s\n", nick);

    if (n < 0)
        return give_up("chatc", "memory");
    (void)!send_all(fd, first, (size_t)n); /* closed already? Then read why. */
    free(first);
    if (exchange(STDIN_FILENO, fd, STDOUT_FILENO) != 0)
        return give_up("chatc", "output");
    return EXIT_OK;
}
