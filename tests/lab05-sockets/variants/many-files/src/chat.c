/* SPDX-License-Identifier: MIT */
/* The chat server and its client. */
#include "parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LISTENERS = 24 };

static int listeners[LISTENERS], listeners_n;
static int no_room; /* accept found no descriptor: wait until one is free */

static void push(conn_t *c)
{
    size_t gone = 0;

    while (gone < c->waiting) {
        ssize_t k = send(c->fd, c->out + gone, c->waiting - gone, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (k > 0) {
            gone += (size_t)k;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            c->deaf = 1;
            gone = c->waiting;
        }
    }
    if (gone > 0) {
        c->waiting -= gone;
        memmove(c->out, c->out + gone, c->waiting);
    }
}

static void say(conn_t *c, const char *start, const char *rest, size_t n)
{
    size_t k = strlen(start);

    if (c->deaf || c->state == CONN_OUT)
        return;
    memcpy(c->out + c->waiting, start, k);
    memcpy(c->out + c->waiting + k, rest, n);
    c->out[c->waiting + k + n] = '\n';
    c->waiting += k + n + 1;
    push(c);
    if (c->waiting > CHAT_PENDING_MAX)
        c->state = CONN_OUT;
}

static void reply(conn_t *c, const char *what)
{
    say(c, what, "", 0);
}

static void say_to_others(conn_t *from, const char *start, const char *rest, size_t n)
{
    for (size_t i = 0; i < CONN_PLACES; i++) {
        conn_t *c = conn_at(i);

        if (c && c != from && c->nick[0])
            say(c, start, rest, n);
    }
}

static void go(conn_t *c)
{
    char was[CHAT_NICK_MAX + 1];

    if (c->state == CONN_HERE)
        c->state = CONN_LEAVING;
    strcpy(was, c->nick);
    c->nick[0] = '\0';
    if (was[0])
        say_to_others(c, "- ", was, strlen(was));
}

static conn_t *who_is(const char *nick, size_t n)
{
    for (size_t i = 0; i < CONN_PLACES; i++) {
        conn_t *c = conn_at(i);

        if (c && c->nick[0] && strlen(c->nick) == n && !memcmp(c->nick, nick, n))
            return c;
    }
    return NULL;
}

static void take_nick(conn_t *c, const char *nick, size_t n)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static const char others[] = "0123456789_-";
    int fine = n >= 1 && n <= CHAT_NICK_MAX && c->nick[0] == '\0' && who_is(nick, n) == NULL;

    for (size_t i = 0; fine && i < n; i++)
        fine = nick[i] != '\0' && (strchr(letters, nick[i]) || strchr(others, nick[i]));
    if (!fine) {
        reply(c, "ERR nick");
        return;
    }
    memcpy(c->nick, nick, n);
    c->nick[n] = '\0';
    reply(c, "OK");
    say_to_others(c, "+ ", nick, n);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void tell_names(conn_t *c)
{
    char *names[CONN_PLACES], list[CONN_PLACES * (CHAT_NICK_MAX + 1)], *p = list;
    size_t n = 0;

    for (size_t i = 0; i < CONN_PLACES; i++)
        if (conn_at(i) && conn_at(i)->nick[0])
            names[n++] = conn_at(i)->nick;
    qsort(names, n, sizeof(names[0]), by_bytes);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            *p++ = ' ';
        p = stpcpy(p, names[i]);
    }
    say(c, "NAMES ", list, (size_t)(p - list));
}

static void command(conn_t *c, const char *s, size_t n, int overlong)
{
    char start[CHAT_NICK_MAX + 4];

    if (c->state != CONN_HERE)
        return;
    if (overlong) {
        reply(c, "ERR toolong");
    } else if (n > 4 && !memcmp(s, "NICK ", 5)) {
        take_nick(c, s + 5, n - 5);
    } else if (!c->nick[0]) {
        reply(c, "ERR nick");
    } else if (n > 3 && !memcmp(s, "MSG ", 4)) {
        reply(c, "OK");
        snprintf(start, sizeof(start), "%s: ", c->nick);
        say_to_others(c, start, s + 4, n - 4);
    } else if (n > 4 && !memcmp(s, "PRIV ", 5) && memchr(s + 5, ' ', n - 5)) {
        const char *end = memchr(s + 5, ' ', n - 5);
        conn_t *to = who_is(s + 5, (size_t)(end - s - 5));

        if (to) {
            reply(c, "OK");
            snprintf(start, sizeof(start), "[%s] ", c->nick);
            say(to, start, end + 1, (size_t)(s + n - end - 1));
        } else {
            reply(c, "ERR nouser");
        }
    } else if (n == 3 && !memcmp(s, "WHO", 3)) {
        tell_names(c);
    } else if (n == 4 && !memcmp(s, "QUIT", 4)) {
        reply(c, "BYE");
        go(c);
    } else {
        reply(c, "ERR cmd");
    }
}

static void look_after(conn_t *c, short events)
{
    char buf[4096];
    ssize_t n;

    if (events & POLLOUT)
        push(c);
    if (c->state == CONN_LEAVING && (events & (POLLERR | POLLHUP)))
        c->state = CONN_OUT;
    if (c->state != CONN_HERE || !(events & (POLLIN | POLLERR | POLLHUP)))
        return;
    n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);
    if (n > 0)
        chat_feed(c, buf, (size_t)n, command);
    else if (n == 0)
        go(c);
    else if (errno != EINTR && errno != EAGAIN)
        c->state = CONN_OUT;
}

/* Lets those go who are finished. Returns how many stay. */
static size_t tidy(void)
{
    size_t stay = 0;

    for (size_t i = 0; i < CONN_PLACES; i++) /* first the words, which may make more finish */
        if (conn_at(i) && conn_at(i)->state == CONN_OUT && conn_at(i)->nick[0]) {
            go(conn_at(i));
            i = (size_t)-1;
        }
    for (size_t i = 0; i < CONN_PLACES; i++) {
        conn_t *c = conn_at(i);

        if (!c)
            continue;
        if (c->state == CONN_OUT || (c->state == CONN_LEAVING && c->waiting == 0)) {
            conn_free(c);
            no_room = 0;
        } else {
            stay++;
        }
    }
    return stay;
}

/* With few descriptors it stops at 20 clients, before accept can fail: the next ones wait in the backlog. */
static int is_crowded(size_t here)
{
    struct rlimit most;

    return here >= 20 && getrlimit(RLIMIT_NOFILE, &most) == 0 && most.rlim_cur <= 32;
}

static size_t let_in(int listener, size_t here)
{
    int fd = own(accept(listener, NULL, NULL));
    conn_t *c;

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            no_room = 1;
        return here;
    }
    c = conn_new(fd);
    if (c && here < CHAT_CLIENTS_MAX) {
        no_room = is_crowded(here + 1);
        return here + 1;
    }
    if (c) {
        reply(c, "ERR full");
        conn_free(c);
    } else {
        close(fd);
    }
    return here;
}

static void serve(int alarm_fd)
{
    struct pollfd set[1 + LISTENERS + CONN_PLACES];
    conn_t *whose[CONN_PLACES];

    for (;;) {
        nfds_t n = 0, first;
        size_t here;

        set[n++] = (struct pollfd){.fd = alarm_fd, .events = POLLIN};
        for (int i = 0; i < listeners_n; i++)
            set[n++] = (struct pollfd){.fd = no_room ? -1 : listeners[i], .events = POLLIN};
        first = n;
        for (size_t i = 0; i < CONN_PLACES; i++) {
            conn_t *c = conn_at(i);

            if (!c)
                continue;
            whose[n - first] = c;
            set[n] = (struct pollfd){.fd = c->fd};
            if (c->state == CONN_HERE)
                set[n].events |= POLLIN;
            if (c->waiting > 0)
                set[n].events |= POLLOUT;
            n++;
        }
        if (poll(set, n, -1) < 0)
            continue;
        if (set[0].revents)
            return;
        for (nfds_t i = first; i < n; i++)
            if (set[i].revents)
                look_after(whose[i - first], set[i].revents);
        here = tidy();
        for (int i = 0; i < listeners_n; i++)
            if (set[1 + i].revents)
                here = let_in(listeners[i], here);
    }
}

static int add(int fd, const char *name)
{
    if (fd < 0)
        return problem("chatd", name);
    fcntl(fd, F_SETFL, O_NONBLOCK | fcntl(fd, F_GETFL));
    listeners[listeners_n++] = fd;
    return EXIT_OK;
}

int chatd_run(char *const unix_names[], int tcp_port)
{
    int alarm_fd = alarm_open(), code = EXIT_OK, made = 0;
    uint16_t port = 0;

    if (alarm_fd < 0)
        code = problem("chatd", "signals");
    while (code == EXIT_OK && unix_names[made] && listeners_n < LISTENERS - 1) {
        code = add(un_listen(unix_names[made], 64), unix_names[made]);
        if (code == EXIT_OK)
            made++;
    }
    if (code == EXIT_OK && tcp_port >= 0)
        code = add(tcp_listen((uint16_t)tcp_port, &port), "tcp");
    if (code == EXIT_OK) {
        for (int i = 0; i < made; i++)
            printf("READY unix %s\n", unix_names[i]);
        if (tcp_port >= 0)
            printf("READY tcp 127.0.0.1:%d\n", port);
        printf("READY\n");
        fflush(stdout);
        serve(alarm_fd);
    }
    for (size_t i = 0; i < CONN_PLACES; i++) {
        if (conn_at(i) && conn_at(i)->state == CONN_HERE)
            reply(conn_at(i), "BYE");
        conn_free(conn_at(i));
    }
    while (listeners_n > 0)
        close(listeners[--listeners_n]);
    for (int i = 0; i < made; i++)
        if (unix_names[i][0] != '@')
            unlink(unix_names[i]);
    alarm_close();
    return code;
}

int chatc_run(int fd, const char *nick)
{
    FILE *hello;
    char *text = NULL;
    size_t n = 0;

    hello = open_memstream(&text, &n);
    if (!hello)
        return problem("chatc", "memory");
    fprintf(hello, "NICK %s\n", nick);
    fclose(hello);
    (void)!send_all(fd, text, n); /* when that fails, the server has said why */
    free(text);
    if (copy_both(STDIN_FILENO, fd, STDOUT_FILENO) != 0)
        return problem("chatc", "copy");
    return EXIT_OK;
}
