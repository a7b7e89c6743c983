/* SPDX-License-Identifier: MIT */
/* lab05, variant "epoll": level-triggered epoll, signalfd, a linked list of clients and output
 * buffers that grow up to the limit. See VARIANT.md. */
#include "lab05.h"

#include "io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* One line on stderr; the exit code of a program that could not start. */
static int report(const char *program, const char *what, int why)
{
    fprintf(stderr, "%s: %s: %s\n", program, what, strerror(why));
    return why == EADDRINUSE ? EXIT_IN_USE : EXIT_FAILED;
}

static void close_quietly(int fd)
{
    int saved = errno;

    if (fd >= 0)
        close(fd);
    errno = saved;
}

/* A. Addresses --------------------------------------------------------------------------------- */

int un_address(const char *name, struct sockaddr_un *sa, socklen_t *len)
{
    const size_t room = sizeof(sa->sun_path);
    int abstract = name[0] == '@';
    /* What goes into sun_path: NUL and the rest, or the path and NUL. */
    size_t used = abstract ? strlen(name) : strlen(name) + 1;

    if (used == 1) {
        errno = EINVAL;
        return -1;
    }
    if (used > room) {
        errno = ENAMETOOLONG;
        return -1;
    }
    *sa = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (abstract)
        memcpy(sa->sun_path + 1, name + 1, used - 1);
    else
        memcpy(sa->sun_path, name, used);
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + used);
    return 0;
}

/* Looks before it binds: a path that is free or was made free is fine. 0; -1, EADDRINUSE. */
static int make_room(const struct sockaddr_un *sa, socklen_t len)
{
    struct stat st;
    int fd, refused;

    if (sa->sun_path[0] == '\0' || lstat(sa->sun_path, &st) < 0)
        return 0;
    errno = EADDRINUSE;
    if (!S_ISSOCK(st.st_mode))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* A datagram socket that is alive says EPROTOTYPE, a full backlog EAGAIN. */
    refused = connect(fd, (const struct sockaddr *)sa, len) < 0 && errno == ECONNREFUSED;
    close(fd);
    if (refused && unlink(sa->sun_path) == 0)
        return 0;
    errno = EADDRINUSE;
    return -1;
}

static int bound_socket(const char *name, int type)
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd;

    if (un_address(name, &sa, &len) < 0 || make_room(&sa, len) < 0)
        return -1;
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&sa, len) < 0) {
        close_quietly(fd);
        return -1;
    }
    return fd;
}

int un_listen(const char *name, int backlog)
{
    int fd = bound_socket(name, SOCK_STREAM);

    if (fd >= 0 && listen(fd, backlog) < 0) {
        close_quietly(fd);
        return -1;
    }
    return fd;
}

static int connected(int domain, const void *address, socklen_t len)
{
    int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, address, len) < 0) {
        close_quietly(fd);
        return -1;
    }
    return fd;
}

int un_connect(const char *name)
{
    struct sockaddr_un sa;
    socklen_t len;

    return un_address(name, &sa, &len) < 0 ? -1 : connected(AF_UNIX, &sa, len);
}

int un_dgram(const char *name)
{
    sa_family_t family = AF_UNIX;
    int fd;

    if (name)
        return bound_socket(name, SOCK_DGRAM);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&family, sizeof(family)) < 0) {
        close_quietly(fd);
        return -1;
    }
    return fd;
}

static void local_port(struct sockaddr_in *sa, uint16_t port)
{
    memset(sa, 0, sizeof(*sa));
    sa->sin_family = AF_INET;
    sa->sin_port = htons(port);
    inet_pton(AF_INET, "127.0.0.1", &sa->sin_addr);
}

int tcp_listen(uint16_t port, uint16_t *bound)
{
    struct sockaddr_in sa;
    socklen_t len = sizeof(sa);
    int fd, on = 1;

    local_port(&sa, port);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
        goto failed;
    if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, SOMAXCONN) < 0)
        goto failed;
    if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
        goto failed;
    *bound = ntohs(sa.sin_port);
    return fd;
failed:
    close_quietly(fd);
    return -1;
}

int tcp_connect(uint16_t port)
{
    struct sockaddr_in sa;

    local_port(&sa, port);
    return connected(AF_INET, &sa, sizeof(sa));
}

int send_all(int fd, const void *buf, size_t n)
{
    size_t at = 0;
    ssize_t r;

    while (at < n) {
        do
            r = send(fd, (const char *)buf + at, n - at, MSG_NOSIGNAL);
        while (r < 0 && errno == EINTR);
        if (r < 0)
            return -1;
        at += (size_t)r;
    }
    return 0;
}

/* SIGTERM and SIGINT as something to read. */
static int stop_descriptor(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* B. Unnamed sockets --------------------------------------------------------------------------- */

int pair_spawn(char *const argv[], pid_t *pid)
{
    int end[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) < 0)
        return -1;
    *pid = fork();
    if (*pid == 0) {
        int why;

        close(end[0]);
        if (dup2(end[1], 0) < 0 || dup2(end[1], 1) < 0)
            _exit(126);
        if (end[1] > 2)
            close(end[1]);
        execvp(argv[0], argv);
        why = errno;
        report("coproc", argv[0], why);
        _exit(why == ENOENT ? 127 : 126);
    }
    close_quietly(end[1]);
    if (*pid < 0) {
        close_quietly(end[0]);
        return -1;
    }
    return end[0];
}

/* Copies in both directions: from 'source' to the socket, and from the socket to 'drain', until
 * the socket has ended. The socket may be blocking. 0, or -1 if 'drain' fails. */
static int shuttle(int source, int sock, int drain)
{
    enum { CHUNK = 32768 };
    struct {
        char bytes[CHUNK];
        size_t at, end;
    } up = {.at = 0};
    char down[CHUNK];
    int feeding = 1;

    for (;;) {
        int waiting = up.at < up.end;
        struct pollfd set[2] = {
            {.fd = sock, .events = (short)(waiting ? POLLIN | POLLOUT : POLLIN)},
            {.fd = feeding && !waiting ? source : -1, .events = POLLIN},
        };
        ssize_t n;

        if (poll(set, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        if (set[1].revents) {
            n = read(source, up.bytes, sizeof(up.bytes));
            if (n > 0) {
                up.at = 0;
                up.end = (size_t)n;
            } else if (n == 0 || errno != EINTR) {
                feeding = 0;
                shutdown(sock, SHUT_WR);
            }
        }
        if (waiting && (set[0].revents & (POLLOUT | POLLERR | POLLHUP))) {
            n = send(sock, up.bytes + up.at, up.end - up.at, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n >= 0) {
                up.at += (size_t)n;
            } else if (errno != EAGAIN && errno != EINTR) {
                feeding = 0; /* the other side does not listen; it may still talk */
                up.at = up.end = 0;
            }
        }
        if (set[0].revents & (POLLIN | POLLHUP | POLLERR)) {
            n = recv(sock, down, sizeof(down), MSG_DONTWAIT);
            if (n > 0) {
                if (io_write_full(drain, down, (size_t)n) < 0)
                    return -1;
            } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
                return 0;
            }
        }
    }
}

int coproc_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    pid_t child;
    int status, copied;
    int sock = pair_spawn(argv, &child);

    if (sock < 0)
        return -1;
    copied = shuttle(in_fd, sock, out_fd);
    close_quietly(sock);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    if (WIFEXITED(status))
        *code = WEXITSTATUS(status);
    else
        *code = 128 + WTERMSIG(status);
    return copied;
}

/* pairtalk's messages end in LF on a stream; one byte at a time is enough for two of them. */
static int talk_read(int fd, char *text, size_t room)
{
    size_t n = 0;
    char c;

    while (n + 1 < room && io_read_full(fd, &c, 1) == 1) {
        if (c == '\n') {
            text[n] = '\0';
            return 0;
        }
        text[n++] = c;
    }
    return -1;
}

static int talk_child(int fd)
{
    static const char question[] = "Hello, how are you?\n";
    char answer[80];

    if (send_all(fd, question, strlen(question)) < 0 || talk_read(fd, answer, sizeof(answer)) < 0)
        return EXIT_FAILED;
    printf("child got: %s\n", answer);
    return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

static int talk_parent(int fd)
{
    static const char answer[] = "I am fine, thanks.\n";
    char question[80];

    if (talk_read(fd, question, sizeof(question)) < 0)
        return EXIT_FAILED;
    printf("parent got: %s\n", question);
    if (fflush(stdout) != 0 || send_all(fd, answer, strlen(answer)) < 0)
        return EXIT_FAILED;
    return EXIT_OK;
}

int pairtalk_run(void)
{
    int end[2], status, code;
    pid_t child;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) < 0)
        return report("pairtalk", "socketpair", errno);
    child = fork();
    if (child < 0) {
        code = report("pairtalk", "fork", errno);
        close(end[0]);
        close(end[1]);
        return code;
    }
    if (child == 0) {
        close(end[0]);
        code = talk_child(end[1]);
        close(end[1]);
        _exit(code);
    }
    close(end[1]);
    code = talk_parent(end[0]);
    close(end[0]);
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        code = EXIT_FAILED;
    return code;
}

/* C. Datagrams --------------------------------------------------------------------------------- */

static void reverse(char *p, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        char c = p[i];

        p[i] = p[n - 1 - i];
        p[n - 1 - i] = c;
    }
}

/* Answers the datagram that waits. A buffer one byte too large tells "too long". */
static void answer_one(int fd)
{
    char text[DGRAM_MAX + 1], reply[DGRAM_MAX + 16];
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    ssize_t n = recvfrom(fd, text, sizeof(text), MSG_DONTWAIT, (struct sockaddr *)&peer, &len);
    int head;

    if (n < 0 || len <= sizeof(sa_family_t))
        return;
    if (n > DGRAM_MAX) {
        head = snprintf(reply, sizeof(reply), "ERR toolong");
        n = 0;
    } else {
        head = snprintf(reply, sizeof(reply), "%zd ", n);
        reverse(text, (size_t)n);
        memcpy(reply + head, text, (size_t)n);
    }
    /* One that is gone or does not read gets nothing. */
    (void)!sendto(fd, reply, (size_t)(head + n), MSG_DONTWAIT | MSG_NOSIGNAL,
                  (struct sockaddr *)&peer, len);
}

int dgramd_run(const char *name)
{
    struct pollfd set[2] = {{.events = POLLIN}, {.events = POLLIN}};
    int code = EXIT_OK;

    set[0].fd = stop_descriptor();
    if (set[0].fd < 0)
        return report("dgramd", "signalfd", errno);
    set[1].fd = un_dgram(name);
    if (set[1].fd < 0) {
        code = report("dgramd", name, errno);
        close(set[0].fd);
        return code;
    }
    printf("READY %s\n", name);
    fflush(stdout);
    do {
        if (poll(set, 2, -1) < 0 && errno != EINTR) {
            code = report("dgramd", "poll", errno);
            break;
        }
        if (set[1].revents)
            answer_one(set[1].fd);
    } while (!set[0].revents);
    close(set[0].fd);
    close(set[1].fd);
    if (name[0] != '@')
        unlink(name);
    return code;
}

int dgramc_run(const char *name, int timeout_ms, char *const texts[])
{
    struct sockaddr_un server;
    socklen_t len;
    char reply[2048];
    int code = EXIT_OK, fd;

    if (un_address(name, &server, &len) < 0)
        return report("dgramc", name, errno);
    fd = un_dgram(NULL);
    if (fd < 0)
        return report("dgramc", "socket", errno);
    while (code == EXIT_OK && *texts) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (sendto(fd, *texts, strlen(*texts), 0, (struct sockaddr *)&server, len) < 0) {
            int why = errno;

            report("dgramc", name, why);
            code = why == ENOENT || why == ECONNREFUSED ? EXIT_NO_PEER : EXIT_FAILED;
        } else if (poll(&p, 1, timeout_ms) == 0) {
            report("dgramc", name, ETIMEDOUT);
            code = EXIT_TIMEOUT;
        } else if ((n = recv(fd, reply, sizeof(reply), 0)) < 0) {
            code = report("dgramc", "recv", errno);
        } else {
            fwrite(reply, 1, (size_t)n, stdout);
            putchar('\n');
            texts++;
        }
    }
    fflush(stdout);
    close(fd);
    return code;
}

/* D. Chat: one client -------------------------------------------------------------------------- */

struct hub;

/* What an epoll event points to. */
struct watch {
    enum { WATCH_STOP, WATCH_LISTENER, WATCH_CLIENT } kind;
    int fd;
};

struct conn {
    struct watch watch; /* first: an event's pointer is also a client's */
    struct hub *hub;
    conn_t *next;
    enum { TALKING, CLOSING, GONE } state; /* CLOSING: only what is pending is still to be sent */
    int unheard;                           /* the peer takes no more output */
    uint32_t events;                       /* as epoll knows them */
    char nick[CHAT_NICK_MAX + 1];
    char line[CHAT_LINE_MAX];
    size_t line_len;
    int dropping;
    char *out;
    size_t out_len, out_room;
};

conn_t *conn_new(int fd)
{
    conn_t *c = calloc(1, sizeof(*c));

    if (c) {
        c->watch.kind = WATCH_CLIENT;
        c->watch.fd = fd;
    }
    return c;
}

void conn_free(conn_t *c)
{
    if (!c)
        return;
    if (c->watch.fd >= 0)
        close(c->watch.fd); /* which also ends epoll's interest */
    free(c->out);
    free(c);
}

int chat_feed(conn_t *c, const char *p, size_t n,
              void (*line)(conn_t *c, const char *s, size_t len, int overlong))
{
    const char *end = p + n;

    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        size_t part = (size_t)((lf ? lf : end) - p);

        if (!c->dropping && c->line_len + part >= CHAT_LINE_MAX) {
            c->dropping = 1;
            line(c, c->line, c->line_len, 1);
        }
        if (!c->dropping) {
            memcpy(c->line + c->line_len, p, part);
            c->line_len += part;
        }
        p += part;
        if (lf) {
            if (!c->dropping)
                line(c, c->line, c->line_len, 0);
            c->dropping = 0;
            c->line_len = 0;
            p++;
        }
    }
    return 0;
}

/* D. Chat: the server -------------------------------------------------------------------------- */

struct hub {
    int epoll;
    struct watch stop;
    struct watch *listeners;
    size_t listeners_n;
    int resting; /* the listeners are not watched: no descriptor is left */
    conn_t *first;
    size_t clients;
};

static void client_leave(conn_t *c);

/* Tells epoll what this client waits for, if that has changed. */
static void client_watch(conn_t *c)
{
    struct epoll_event e = {.data.ptr = &c->watch};

    if (c->state == TALKING)
        e.events |= EPOLLIN;
    if (c->out_len > 0)
        e.events |= EPOLLOUT;
    if (e.events != c->events && c->state != GONE &&
        epoll_ctl(c->hub->epoll, EPOLL_CTL_MOD, c->watch.fd, &e) == 0)
        c->events = e.events;
}

static void client_flush(conn_t *c)
{
    size_t at = 0;

    while (at < c->out_len) {
        ssize_t n = send(c->watch.fd, c->out + at, c->out_len - at, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n >= 0) {
            at += (size_t)n;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            c->unheard = 1;
            at = c->out_len;
        }
    }
    c->out_len -= at;
    if (at > 0)
        memmove(c->out, c->out + at, c->out_len);
}

/* Bytes for a client, which may cost it its place. */
static void client_put(conn_t *c, const char *bytes, size_t n)
{
    if (c->state == GONE || c->unheard)
        return;
    if (c->out_len + n > c->out_room) {
        size_t room = 2 * (c->out_len + n);
        char *out = realloc(c->out, room);

        if (!out) {
            client_leave(c);
            c->state = GONE;
            return;
        }
        c->out = out;
        c->out_room = room;
    }
    memcpy(c->out + c->out_len, bytes, n);
    c->out_len += n;
    client_flush(c);
    if (c->out_len > CHAT_PENDING_MAX) {
        client_leave(c);
        c->state = GONE;
    }
    client_watch(c);
}

/* One line without NUL bytes, in printf's way; the LF is added here. */
__attribute__((format(printf, 2, 3))) static void client_tell(conn_t *c, const char *format, ...)
{
    char text[CHAT_CLIENTS_MAX * (CHAT_NICK_MAX + 1) + 64];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(text, sizeof(text) - 1, format, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(text) - 1)
        return;
    text[n] = '\n';
    client_put(c, text, (size_t)n + 1);
}

/* Not the chat any more; 'state' tells whether something is still to be sent. */
static void client_leave(conn_t *c)
{
    char nick[sizeof(c->nick)];

    if (c->state == TALKING)
        c->state = CLOSING;
    strcpy(nick, c->nick);
    c->nick[0] = '\0';
    if (nick[0])
        for (conn_t *o = c->hub->first; o; o = o->next)
            if (o->nick[0])
                client_tell(o, "- %s", nick);
}

static conn_t *client_named(struct hub *hub, const char *nick)
{
    conn_t *c = hub->first;

    while (c && (!c->nick[0] || strcmp(c->nick, nick) != 0))
        c = c->next;
    return c;
}

static int nick_is_good(const char *nick)
{
    size_t n = strspn(nick, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    return n >= 1 && n <= CHAT_NICK_MAX && nick[n] == '\0';
}

static void do_nick(conn_t *c, const char *nick)
{
    if (c->nick[0] || !nick_is_good(nick) || client_named(c->hub, nick)) {
        client_tell(c, "ERR nick");
        return;
    }
    strcpy(c->nick, nick);
    client_tell(c, "OK");
    for (conn_t *o = c->hub->first; o; o = o->next)
        if (o != c && o->nick[0])
            client_tell(o, "+ %s", nick);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void do_who(conn_t *c)
{
    char names[CHAT_CLIENTS_MAX][CHAT_NICK_MAX + 1], list[sizeof(names) + 1] = "";
    size_t n = 0;

    for (conn_t *o = c->hub->first; o; o = o->next)
        if (o->nick[0])
            strcpy(names[n++], o->nick);
    qsort(names, n, sizeof(names[0]), compare_names);
    for (size_t i = 0; i < n; i++) {
        strcat(list, " ");
        strcat(list, names[i]);
    }
    client_tell(c, "NAMES%s", list);
}

/* What somebody has said may contain any byte but LF. Returns the length of the line. */
static size_t speech(char *line, const char *head, const char *text, size_t n)
{
    size_t at = strlen(head);

    memcpy(line, head, at);
    memcpy(line + at, text, n);
    line[at + n] = '\n';
    return at + n + 1;
}

static void do_msg(conn_t *c, const char *text, size_t n)
{
    char head[CHAT_NICK_MAX + 3], line[sizeof(head) + CHAT_LINE_MAX];

    snprintf(head, sizeof(head), "%s: ", c->nick);
    n = speech(line, head, text, n);
    client_tell(c, "OK");
    for (conn_t *o = c->hub->first; o; o = o->next)
        if (o != c && o->nick[0])
            client_put(o, line, n);
}

static void do_priv(conn_t *c, const char *args, size_t n)
{
    char head[CHAT_NICK_MAX + 4], line[sizeof(head) + CHAT_LINE_MAX], nick[CHAT_LINE_MAX];
    const char *space = memchr(args, ' ', n);
    size_t nick_n;
    conn_t *to;

    if (!space) {
        client_tell(c, "ERR cmd");
        return;
    }
    nick_n = (size_t)(space - args);
    memcpy(nick, args, nick_n);
    nick[nick_n] = '\0';
    to = strlen(nick) == nick_n ? client_named(c->hub, nick) : NULL;
    if (!to) {
        client_tell(c, "ERR nouser");
        return;
    }
    snprintf(head, sizeof(head), "[%s] ", c->nick);
    n = speech(line, head, space + 1, n - nick_n - 1);
    client_put(to, line, n);
    client_tell(c, "OK");
}

static int begins(const char *line, const char *word)
{
    return strncmp(line, word, strlen(word)) == 0;
}

static void client_line(conn_t *c, const char *s, size_t len, int overlong)
{
    char line[CHAT_LINE_MAX + 1];

    if (c->state != TALKING)
        return;
    if (overlong) {
        client_tell(c, "ERR toolong");
        return;
    }
    memcpy(line, s, len);
    line[len] = '\0';
    if (begins(line, "NICK "))
        do_nick(c, strlen(line) == len ? line + 5 : "");
    else if (!c->nick[0])
        client_tell(c, "ERR nick");
    else if (begins(line, "MSG "))
        do_msg(c, s + 4, len - 4);
    else if (begins(line, "PRIV "))
        do_priv(c, s + 5, len - 5);
    else if (strcmp(line, "WHO") == 0 && len == 3)
        do_who(c);
    else if (strcmp(line, "QUIT") == 0 && len == 4) {
        client_tell(c, "BYE");
        client_leave(c);
    } else {
        client_tell(c, "ERR cmd");
    }
}

static void client_ready(conn_t *c, uint32_t events)
{
    char buf[8192];
    ssize_t n;

    if (c->state == GONE)
        return;
    if (events & EPOLLOUT)
        client_flush(c);
    if (c->state == TALKING && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
        n = recv(c->watch.fd, buf, sizeof(buf), MSG_DONTWAIT);
        if (n > 0) {
            chat_feed(c, buf, (size_t)n, client_line);
        } else if (n == 0) {
            client_leave(c);
        } else if (errno != EAGAIN && errno != EINTR) {
            client_leave(c);
            c->state = GONE;
        }
    } else if (c->state == CLOSING && (events & (EPOLLHUP | EPOLLERR))) {
        c->state = GONE; /* nobody is left to read what is pending */
    }
    client_watch(c);
}

static void hub_listen(struct hub *hub, int yes)
{
    for (size_t i = 0; i < hub->listeners_n; i++) {
        struct epoll_event e = {.events = yes ? EPOLLIN : 0, .data.ptr = &hub->listeners[i]};

        epoll_ctl(hub->epoll, EPOLL_CTL_MOD, hub->listeners[i].fd, &e);
    }
    hub->resting = !yes;
}

static void hub_accept(struct hub *hub, int listener)
{
    struct epoll_event e = {.events = EPOLLIN};
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    conn_t *c;

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE)
            hub_listen(hub, 0);
        return;
    }
    if (hub->clients == CHAT_CLIENTS_MAX) {
        (void)!send(fd, "ERR full\n", 9, MSG_DONTWAIT | MSG_NOSIGNAL);
        close(fd);
        return;
    }
    c = conn_new(fd);
    if (!c) {
        close(fd);
        return;
    }
    e.data.ptr = &c->watch;
    if (epoll_ctl(hub->epoll, EPOLL_CTL_ADD, fd, &e) < 0) {
        conn_free(c);
        return;
    }
    c->events = e.events;
    c->hub = hub;
    c->next = hub->first;
    hub->first = c;
    hub->clients++;
}

/* Frees those who have nothing more to do here. No event of this round may follow. */
static void hub_sweep(struct hub *hub)
{
    conn_t **at = &hub->first;

    while (*at) {
        conn_t *c = *at;

        if (c->state == TALKING || (c->state == CLOSING && c->out_len > 0)) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        hub->clients--;
        conn_free(c);
        if (hub->resting)
            hub_listen(hub, 1);
    }
}

static int hub_watch(struct hub *hub, struct watch *w)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = w};

    return epoll_ctl(hub->epoll, EPOLL_CTL_ADD, w->fd, &e);
}

static void hub_serve(struct hub *hub)
{
    struct epoll_event events[16];

    for (;;) {
        int n = epoll_wait(hub->epoll, events, 16, -1);

        for (int i = 0; i < n; i++) {
            struct watch *w = events[i].data.ptr;

            if (w->kind == WATCH_STOP)
                return;
            if (w->kind == WATCH_LISTENER)
                hub_accept(hub, w->fd);
            else
                client_ready((conn_t *)w, events[i].events);
        }
        hub_sweep(hub);
    }
}

static void hub_end(struct hub *hub)
{
    while (hub->first) {
        conn_t *c = hub->first;

        if (c->state == TALKING)
            client_tell(c, "BYE");
        hub->first = c->next;
        conn_free(c);
    }
    for (size_t i = 0; i < hub->listeners_n; i++)
        close(hub->listeners[i].fd);
    free(hub->listeners);
    close_quietly(hub->stop.fd);
    close_quietly(hub->epoll);
}

/* One more listener. An exit code. */
static int hub_open(struct hub *hub, int fd, const char *name)
{
    struct watch *w = &hub->listeners[hub->listeners_n];

    if (fd < 0)
        return report("chatd", name, errno);
    *w = (struct watch){.kind = WATCH_LISTENER, .fd = fd};
    hub->listeners_n++;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return hub_watch(hub, w) < 0 ? report("chatd", "epoll", errno) : EXIT_OK;
}

int chatd_run(char *const unix_names[], int tcp_port)
{
    struct hub hub = {.stop = {.kind = WATCH_STOP}};
    size_t names = 0, opened = 0;
    uint16_t port = 0;
    int code = EXIT_OK;

    while (unix_names[names])
        names++;
    hub.listeners = calloc(names + 1, sizeof(hub.listeners[0]));
    hub.stop.fd = stop_descriptor();
    hub.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!hub.listeners || hub.stop.fd < 0 || hub.epoll < 0 || hub_watch(&hub, &hub.stop) < 0)
        code = report("chatd", "start", errno);
    while (code == EXIT_OK && opened < names) {
        code = hub_open(&hub, un_listen(unix_names[opened], 64), unix_names[opened]);
        if (code == EXIT_OK)
            opened++;
    }
    if (code == EXIT_OK && tcp_port >= 0)
        code = hub_open(&hub, tcp_listen((uint16_t)tcp_port, &port), "tcp");
    if (code == EXIT_OK) {
        for (size_t i = 0; i < names; i++)
            printf("READY unix %s\n", unix_names[i]);
        if (tcp_port >= 0)
            printf("READY tcp 127.0.0.1:%d\n", port);
        puts("READY");
        fflush(stdout);
        hub_serve(&hub);
    }
    for (size_t i = 0; i < opened; i++)
        if (unix_names[i][0] != '@')
            unlink(unix_names[i]);
    hub_end(&hub);
    return code;
}

/* D. Chat: the client -------------------------------------------------------------------------- */

int chatc_run(int fd, const char *nick)
{
    /* A server that is full has gone already: what it said is still to be printed. */
    if (send_all(fd, "NICK ", 5) == 0 && send_all(fd, nick, strlen(nick)) == 0)
        (void)!send_all(fd, "\n", 1);
    if (shuttle(STDIN_FILENO, fd, STDOUT_FILENO) < 0)
        return report("chatc", "output", errno);
    return EXIT_OK;
}
