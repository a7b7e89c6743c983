/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
/* The chat of solution B: epoll, signalfd, a linked list, a ring for what waits, blocking sockets
 * with MSG_DONTWAIT at every call. A client that has half-closed stays a member until it is closed. */
#include "b.h"
#include "lab05.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <unistd.h>

enum what { SIGNALS, LISTENER, CLIENT };

struct tag {
    enum what what;
    int fd;
};

struct conn {
    struct tag tag; /* first: epoll gives it back */
    struct conn *next;
    char nick[CHAT_NICK_MAX];
    size_t nick_n;
    char part[CHAT_LINE_MAX];
    size_t part_n;
    bool drop;            /* up to the next LF */
    char *ring;           /* CHAT_PENDING_MAX bytes, there while something waits */
    size_t head, waiting;
    bool deaf;            /* its QUIT has come: nothing more for it or from it */
    bool eof, error, gone;
    uint32_t armed;
};

conn_t *conn_new(int fd)
{
    conn_t *c = malloc(sizeof *c);

    if (c) {
        memset(c, 0, sizeof *c);
        c->tag = (struct tag){CLIENT, fd};
    }
    return c;
}

void conn_free(conn_t *c)
{
    if (c) {
        shut(&c->tag.fd);
        free(c->ring);
        free(c);
    }
}

/* Byte by byte. A line that came in one piece is handed on where it lies. */
int chat_feed(conn_t *c, const char *p, size_t n,
              void (*line)(conn_t *c, const char *s, size_t len, int overlong))
{
    const char *end = p + n, *from = p;

    for (; p < end; p++) {
        size_t have = c->part_n + (size_t)(p - from); /* before *p */

        if (c->drop) {
            from = p + 1;
            if (*p == '\n')
                c->drop = false;
        } else if (*p == '\n') {
            if (c->part_n) {
                memcpy(c->part + c->part_n, from, (size_t)(p - from));
                c->part_n = 0;
                from = p + 1;
                line(c, c->part, have, 0);
            } else {
                const char *s = from;

                from = p + 1;
                line(c, s, have, 0);
            }
        } else if (have + 1 == CHAT_LINE_MAX) {
            c->drop = true;
            c->part_n = 0;
            from = p + 1;
            line(c, "", 0, 1);
        }
    }
    if (from < end) {
        memcpy(c->part + c->part_n, from, (size_t)(end - from));
        c->part_n += (size_t)(end - from);
    }
    return 0;
}

static int ep = -1;
static conn_t *everybody;
static int count;
static bool pause_wanted, paused;
static int most = CHAT_CLIENTS_MAX; /* fewer where descriptors are few: accept never fails then */

static bool hears(const conn_t *c)
{
    return !c->gone && !c->deaf && !c->error;
}

static bool member(const conn_t *c)
{
    return c->nick_n && !c->gone && !c->deaf;
}

static void arm(conn_t *c)
{
    uint32_t want = (c->eof || c->deaf ? 0u : (uint32_t)EPOLLIN) | (c->waiting ? (uint32_t)EPOLLOUT : 0u);
    struct epoll_event ev = {.events = want, .data.ptr = &c->tag};

    if (want != c->armed && !c->gone) {
        epoll_ctl(ep, EPOLL_CTL_MOD, c->tag.fd, &ev);
        c->armed = want;
    }
}

static void drain(conn_t *c)
{
    while (c->waiting && !c->error) {
        size_t straight = CHAT_PENDING_MAX - c->head;
        struct iovec v[2] = {{c->ring + c->head, c->waiting < straight ? c->waiting : straight},
                             {c->ring, c->waiting < straight ? 0 : c->waiting - straight}};
        struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
        ssize_t w = sendmsg(c->tag.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0 && (errno == EAGAIN || errno == ENOBUFS))
            break;
        if (w < 0) {
            c->error = true;
            break;
        }
        c->head = (c->head + (size_t)w) % CHAT_PENDING_MAX;
        c->waiting -= (size_t)w;
    }
    if (!c->waiting) {
        free(c->ring);
        c->ring = NULL;
        c->head = 0;
    }
}

static void leave(conn_t *c);

/* A whole line of several pieces. What does not go at once waits; too much of it, and he is out. */
static void give(conn_t *c, const struct iovec *piece, int pieces)
{
    struct msghdr m = {.msg_iov = (struct iovec *)piece, .msg_iovlen = (size_t)pieces};
    size_t total = 0, sent = 0;

    if (!hears(c))
        return;
    for (int i = 0; i < pieces; i++)
        total += piece[i].iov_len;
    if (!c->waiting) {
        ssize_t w;

        do
            w = sendmsg(c->tag.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (w < 0 && errno == EINTR);
        if (w < 0 && errno != EAGAIN && errno != ENOBUFS) {
            c->error = true;
            return;
        }
        sent = w < 0 ? 0 : (size_t)w;
    }
    if (c->waiting + total - sent > CHAT_PENDING_MAX) {
        c->error = true;
        leave(c);
        return;
    }
    if (sent < total && !c->ring && !(c->ring = malloc(CHAT_PENDING_MAX))) {
        leave(c);
        return;
    }
    for (int i = 0; i < pieces; i++)
        for (size_t k = 0; k < piece[i].iov_len; k++) {
            if (sent) {
                sent--;
                continue;
            }
            c->ring[(c->head + c->waiting++) % CHAT_PENDING_MAX] = ((const char *)piece[i].iov_base)[k];
        }
    arm(c);
}

#define PIECE(s, n) {(void *)(uintptr_t)(s), (n)}
#define WORD(s) PIECE(s, sizeof(s) - 1)
#define REPLY(c, s) give(c, (const struct iovec[]){WORD(s "\n")}, 1)

static void tell_others(const conn_t *me, const struct iovec *piece, int pieces)
{
    for (conn_t *c = everybody; c; c = c->next)
        if (c != me && member(c))
            give(c, piece, pieces);
}

static void farewell(conn_t *c)
{
    if (c->nick_n) {
        struct iovec v[] = {WORD("- "), PIECE(c->nick, c->nick_n), WORD("\n")};

        tell_others(c, v, 3);
    }
}

/* The descriptor goes at once, the memory at the end of the round. Recursive: who cannot take the
 * news leaves too. */
static void leave(conn_t *c)
{
    if (c->gone)
        return;
    c->gone = true;
    shut(&c->tag.fd);
    count--;
    pause_wanted = false;
    if (!c->deaf)
        farewell(c);
}

static conn_t *lookup(const char *s, size_t n)
{
    conn_t *c = everybody;

    while (c && !(member(c) && c->nick_n == n && !memcmp(c->nick, s, n)))
        c = c->next;
    return c;
}

static bool well_formed(const char *s, size_t n)
{
    size_t good = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned char ch = (unsigned char)s[i];

        good += (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_' ||
                ch == '-';
    }
    return n >= 1 && n <= CHAT_NICK_MAX && good == n;
}

static void nick(conn_t *c, const char *s, size_t n)
{
    if (c->nick_n || !well_formed(s, n) || lookup(s, n)) {
        REPLY(c, "ERR nick");
        return;
    }
    tell_others(c, (const struct iovec[]){WORD("+ "), PIECE(s, n), WORD("\n")}, 3);
    memcpy(c->nick, s, n);
    c->nick_n = n;
    REPLY(c, "OK");
}

static int compare(const conn_t *a, const conn_t *b)
{
    int d = memcmp(a->nick, b->nick, a->nick_n < b->nick_n ? a->nick_n : b->nick_n);

    return d ? d : (int)a->nick_n - (int)b->nick_n;
}

/* Selection: the smallest name that is greater than the last one, again and again. */
static void who(conn_t *c)
{
    struct iovec v[2 * CHAT_CLIENTS_MAX + 2] = {WORD("NAMES")};
    const conn_t *last = NULL;
    int n = 1;

    for (;;) {
        const conn_t *best = NULL;

        for (conn_t *k = everybody; k; k = k->next)
            if (member(k) && (!last || compare(k, last) > 0) && (!best || compare(k, best) < 0))
                best = k;
        if (!best)
            break;
        v[n++] = (struct iovec)WORD(" ");
        v[n++] = (struct iovec)PIECE(best->nick, best->nick_n);
        last = best;
    }
    v[n++] = (struct iovec)WORD("\n");
    give(c, v, n);
}

static void command(conn_t *c, const char *s, size_t n, int overlong)
{
    static const struct { const char *word; size_t n; bool args; } table[] = {
        {"NICK ", 5, true}, {"MSG ", 4, true}, {"PRIV ", 5, true}, {"WHO", 3, false}, {"QUIT", 4, false}};
    size_t k = 0;

    if (c->gone || c->deaf)
        return;
    if (overlong) {
        REPLY(c, "ERR toolong");
        return;
    }
    while (k < 5 && !((table[k].args ? n >= table[k].n : n == table[k].n) && !memcmp(s, table[k].word, table[k].n)))
        k++;
    if (k != 0 && !c->nick_n) {
        REPLY(c, "ERR nick");
    } else if (k == 0) {
        nick(c, s + 5, n - 5);
    } else if (k == 1) {
        tell_others(c, (const struct iovec[]){PIECE(c->nick, c->nick_n), WORD(": "), PIECE(s + 4, n - 4), WORD("\n")}, 4);
        REPLY(c, "OK");
    } else if (k == 2) {
        const char *name = s + 5, *sp = memchr(name, ' ', n - 5);
        conn_t *to = sp ? lookup(name, (size_t)(sp - name)) : NULL;

        if (to) {
            give(to, (const struct iovec[]){WORD("["), PIECE(c->nick, c->nick_n), WORD("] "),
                                            PIECE(sp + 1, (size_t)(s + n - sp - 1)), WORD("\n")}, 5);
            REPLY(c, "OK");
        } else if (sp) {
            REPLY(c, "ERR nouser");
        } else {
            REPLY(c, "ERR cmd");
        }
    } else if (k == 3) {
        who(c);
    } else if (k == 4) {
        REPLY(c, "BYE");
        if (!c->gone) {
            c->deaf = true;
            farewell(c);
        }
    } else {
        REPLY(c, "ERR cmd");
    }
}

static void client(conn_t *c, uint32_t events)
{
    static char block[16384];

    if (c->gone)
        return;
    if (events & EPOLLOUT)
        drain(c);
    if (!c->eof && !c->deaf && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
        /* All that is there, so that an error of sending loses none of his lines. */
        for (int i = 0; i < (c->error ? 64 : 4) && !c->gone && !c->eof && !c->deaf; i++) {
            ssize_t n = recv(c->tag.fd, block, sizeof block, MSG_DONTWAIT);

            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0 && errno == EAGAIN)
                break;
            if (n < 0)
                c->error = true;
            if (n <= 0)
                c->eof = true;
            else
                chat_feed(c, block, (size_t)n, command);
        }
    } else if ((c->eof || c->deaf) && (events & (EPOLLHUP | EPOLLERR))) {
        c->error = true;
    }
    if (!c->gone && (c->error || ((c->eof || c->deaf) && !c->waiting)))
        leave(c);
    arm(c);
}

static void newcomers(int lfd)
{
    int fd;

    while (!pause_wanted) {
        if (most < CHAT_CLIENTS_MAX && count == most) {
            pause_wanted = true; /* the others wait in the backlog */
            return;
        }
        fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            pause_wanted = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
            if (errno != ECONNABORTED && errno != EINTR)
                return;
        } else if (count >= CHAT_CLIENTS_MAX) {
            (void)!send(fd, "ERR full\n", 9, MSG_DONTWAIT | MSG_NOSIGNAL);
            shut(&fd);
        } else {
            conn_t *c = conn_new(fd);
            struct epoll_event ev = {.events = EPOLLIN};

            if (!c) {
                shut(&fd);
                continue;
            }
            ev.data.ptr = &c->tag;
            c->armed = EPOLLIN;
            if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev)) {
                conn_free(c);
                continue;
            }
            c->next = everybody;
            everybody = c;
            count++;
        }
    }
}

static void bury(conn_t **at)
{
    while (*at) {
        conn_t *c = *at;

        if (c->gone) {
            *at = c->next;
            conn_free(c);
        } else {
            at = &c->next;
        }
    }
}

static void listeners(struct tag *l, int n, int op)
{
    for (int i = 0; i < n; i++) {
        struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &l[i]};

        epoll_ctl(ep, op, l[i].fd, &ev);
    }
}

static int loop(struct tag *l, int n)
{
    struct epoll_event ev[32];
    int found, pass;
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < CHAT_CLIENTS_MAX + 12)
        most = (int)files.rlim_cur - 12 > 1 ? (int)files.rlim_cur - 12 : 1;
    listeners(l, n, EPOLL_CTL_ADD);
    for (;;) {
        found = epoll_wait(ep, ev, 32, -1);
        if (found < 0 && errno != EINTR)
            return fail(1, strerror(errno), "chatd: epoll_wait");
        for (pass = CLIENT; pass >= SIGNALS; pass--)
            for (int i = 0; i < found; i++) {
                struct tag *t = ev[i].data.ptr;

                if ((int)t->what != pass)
                    continue;
                if (pass == CLIENT)
                    client((conn_t *)t, ev[i].events);
                else if (pass == LISTENER)
                    newcomers(t->fd);
                else
                    return 0;
            }
        /* Those to whom a line could not be sent in another one's turn. */
        for (conn_t *c = everybody; c; c = c ? c->next : everybody)
            if (c->error && !c->gone) {
                client(c, EPOLLIN); /* which ends it; from the start again */
                c = NULL;
            }
        bury(&everybody);
        if (pause_wanted != paused) {
            paused = pause_wanted;
            listeners(l, n, paused ? EPOLL_CTL_DEL : EPOLL_CTL_ADD);
        }
    }
}

int chatd_run(char *const unix_names[], int tcp_port)
{
    struct tag l[64], signals = {SIGNALS, -1};
    int n = 0, names, code = 0;
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &signals};
    uint16_t port = 0;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals.fd = signalfd(-1, &set, SFD_CLOEXEC);
    ep = epoll_create1(EPOLL_CLOEXEC);
    if (signals.fd < 0 || ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, signals.fd, &ev))
        code = fail(1, strerror(errno), "chatd: epoll");
    /* TCP first: a port is more often in use than a name. */
    if (!code && tcp_port >= 0) {
        l[0] = (struct tag){LISTENER, tcp_listen((uint16_t)tcp_port, &port)};
        if (l[0].fd < 0)
            code = fail(errno == EADDRINUSE ? 5 : 1, strerror(errno), "chatd: port %d", tcp_port);
        else
            n = 1;
    }
    for (names = 0; !code && unix_names[names]; names++) {
        l[n] = (struct tag){LISTENER, un_listen(unix_names[names], 5)};
        if (l[n].fd < 0) {
            code = fail(errno == EADDRINUSE ? 5 : 1, strerror(errno), "chatd: %s", unix_names[names]);
            break;
        }
        n++;
    }
    if (!code) {
        static char text[1 << 16];
        size_t m = 0;

        for (int i = 0; i < n; i++) /* accept must not wait where the client has gone again */
            if (ioctl(l[i].fd, FIONBIO, &(int){1}))
                code = fail(1, strerror(errno), "chatd: ioctl");
        for (int i = 0; i < names; i++)
            m += (size_t)snprintf(text + m, sizeof text - m, "READY unix %s\n", unix_names[i]);
        if (tcp_port >= 0)
            m += (size_t)snprintf(text + m, sizeof text - m, "READY tcp 127.0.0.1:%d\n", port);
        m += (size_t)snprintf(text + m, sizeof text - m, "READY\n");
        for (size_t at = 0; at < m && !code;) {
            ssize_t w = write(1, text + at, m - at);

            if (w < 0 && errno != EINTR)
                code = fail(1, strerror(errno), "chatd: stdout");
            at += w > 0 ? (size_t)w : 0;
        }
        if (!code)
            code = loop(l, n);
    }
    while (n)
        shut(&l[--n].fd);
    while (names)
        if (unix_names[--names][0] != '@')
            unlink(unix_names[names]);
    for (conn_t *c = everybody; c; c = c->next)
        REPLY(c, "BYE");
    while (everybody) {
        conn_t *c = everybody;

        everybody = c->next;
        conn_free(c);
    }
    shut(&signals.fd);
    shut(&ep);
    return code;
}

int chatc_run(int fd, const char *nickname)
{
    struct iovec v[] = {WORD("NICK "), PIECE(nickname, strlen(nickname)), WORD("\n")};

    for (int i = 0; i < 3; i++)
        if (send_all(fd, v[i].iov_base, v[i].iov_len) && errno != EPIPE && errno != ECONNRESET)
            return fail(1, strerror(errno), "chatc: send");
    if (b_relay(0, fd, 1))
        return fail(1, strerror(errno), "chatc: stdout");
    return 0;
}
