/* SPDX-License-Identifier: MIT */
/* lab05, variant "select-selfpipe": select, a pipe to oneself for the signals, clients in a table
 * that is indexed by descriptor, and a ring for the output of each. */
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
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void moan(const char *program, const char *about)
{
    fprintf(stderr, "%s: %s: %s\n", program, about, strerror(errno));
}

static int fail_close(int fd)
{
    int reason = errno;

    close(fd);
    errno = reason;
    return -1;
}

/* A. Addresses --------------------------------------------------------------------------------- */

int un_address(const char *name, struct sockaddr_un *sa, socklen_t *len)
{
    const char *rest = name[0] == '@' ? name + 1 : name;
    size_t n = strlen(rest);

    if (n == 0) {
        errno = EINVAL;
        return -1;
    }
    /* Both forms have one byte beside the text: a NUL before it, or one behind it. */
    if (n + 1 > sizeof(sa->sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memset(sa, 0, sizeof(*sa));
    sa->sun_family = AF_UNIX;
    memcpy(&sa->sun_path[rest != name], rest, n);
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
    return 0;
}

/* Knocks at the address before anybody binds to it. 0: nobody is there, and a path is free now. */
static int knock(const struct sockaddr_un *sa, socklen_t len)
{
    struct stat st;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int answer;

    if (fd < 0)
        return -1;
    answer = connect(fd, (const struct sockaddr *)sa, len) == 0 ? 0 : errno;
    close(fd);
    if (answer == ENOENT || (sa->sun_path[0] == '\0' && answer == ECONNREFUSED))
        return 0;
    if (answer == ECONNREFUSED && lstat(sa->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
        unlink(sa->sun_path) == 0)
        return 0;
    /* Somebody answers, is too busy to, or speaks another type; or it is no socket. */
    errno = answer == EACCES || answer == ENOTDIR ? answer : EADDRINUSE;
    return -1;
}

static int un_bind(int fd, const char *name)
{
    struct sockaddr_un sa;
    socklen_t len;

    if (un_address(name, &sa, &len) < 0 || knock(&sa, len) < 0)
        return -1;
    return bind(fd, (struct sockaddr *)&sa, len);
}

int un_listen(const char *name, int backlog)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && (un_bind(fd, name) < 0 || listen(fd, backlog) < 0))
        return fail_close(fd);
    return fd;
}

int un_connect(const char *name)
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 &&
        (un_address(name, &sa, &len) < 0 || connect(fd, (struct sockaddr *)&sa, len) < 0))
        return fail_close(fd);
    return fd;
}

int un_dgram(const char *name)
{
    static const struct sockaddr_un any = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if ((name ? un_bind(fd, name) : bind(fd, (const struct sockaddr *)&any, sizeof(sa_family_t))) < 0)
        return fail_close(fd);
    return fd;
}

static socklen_t here(struct sockaddr_in *sa, uint16_t port)
{
    *sa = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    sa->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return sizeof(*sa);
}

int tcp_listen(uint16_t port, uint16_t *bound)
{
    struct sockaddr_in sa;
    socklen_t len = here(&sa, port);
    const int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
        bind(fd, (struct sockaddr *)&sa, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&sa, &len) < 0 || listen(fd, 16) < 0)
        return fail_close(fd);
    *bound = ntohs(sa.sin_port);
    return fd;
}

int tcp_connect(uint16_t port)
{
    struct sockaddr_in sa;
    socklen_t len = here(&sa, port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, len) < 0)
        return fail_close(fd);
    return fd;
}

int send_all(int fd, const void *buf, size_t n)
{
    size_t done;
    ssize_t r;

    for (done = 0; done < n; done += (size_t)r) {
        r = send(fd, (const char *)buf + done, n - done, MSG_NOSIGNAL);
        if (r < 0) {
            if (errno != EINTR)
                return -1;
            r = 0;
        }
    }
    return 0;
}

/* A signal becomes a byte in our own pipe. ----------------------------------------------------- */

static int own_pipe[2] = {-1, -1};

static void signalled(int number)
{
    char byte = (char)number;
    int before = errno;

    (void)!write(own_pipe[1], &byte, 1);
    errno = before;
}

static int own_pipe_open(void)
{
    struct sigaction action;

    if (pipe2(own_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    memset(&action, 0, sizeof(action));
    action.sa_handler = signalled;
    action.sa_flags = SA_RESTART;
    if (sigaction(SIGTERM, &action, NULL) < 0 || sigaction(SIGINT, &action, NULL) < 0)
        return -1;
    return 0;
}

static void own_pipe_close(void)
{
    /* A late signal must not write into a descriptor that is not ours any more. */
    struct sigaction action = {.sa_handler = SIG_IGN};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    for (int i = 0; i < 2; i++)
        if (own_pipe[i] >= 0)
            close(own_pipe[i]);
}

/* B. Unnamed sockets --------------------------------------------------------------------------- */

static _Noreturn void become(char *const argv[], int sock)
{
    int why;

    if (dup2(sock, STDIN_FILENO) == STDIN_FILENO && dup2(sock, STDOUT_FILENO) == STDOUT_FILENO) {
        if (sock > STDERR_FILENO)
            close(sock);
        execvp(argv[0], argv);
    }
    why = errno;
    moan("coproc", argv[0]);
    _exit(why == ENOENT ? 127 : 126);
}

int pair_spawn(char *const argv[], pid_t *pid)
{
    int ours_theirs[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ours_theirs) < 0)
        return -1;
    *pid = fork();
    if (*pid == 0) {
        close(ours_theirs[0]);
        become(argv, ours_theirs[1]);
    }
    fail_close(ours_theirs[1]);
    return *pid < 0 ? fail_close(ours_theirs[0]) : ours_theirs[0];
}

struct flow {
    char data[65536];
    size_t from, to;
    int ended;
};

/* Fills an empty flow. 'ended' at end of file and at an error. */
static void flow_fill(struct flow *f, int fd)
{
    ssize_t n = read(fd, f->data, sizeof(f->data));

    f->from = 0;
    f->to = n > 0 ? (size_t)n : 0;
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        f->ended = 1;
}

/* Standard input to the socket while the socket goes to standard output. 0; -1: output failed. */
static int pass_both(int in, int sock, int out)
{
    struct flow *f = calloc(1, sizeof(*f));
    char *back = malloc(65536);
    int result = f && back ? 1 : -1;

    while (result > 0) {
        struct pollfd in_set = {.fd = in, .events = POLLIN}, sock_set = {.fd = sock, .events = POLLIN};
        struct pollfd set[2];
        ssize_t n;

        if (f->from < f->to)
            sock_set.events |= POLLOUT;
        if (f->from < f->to || f->ended)
            in_set.fd = -1;
        set[0] = in_set;
        set[1] = sock_set;
        if (poll(set, 2, -1) < 0)
            continue;
        if (set[0].revents) {
            flow_fill(f, in);
            if (f->ended)
                shutdown(sock, SHUT_WR);
        }
        if (set[1].revents & POLLOUT) {
            n = send(sock, f->data + f->from, f->to - f->from, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n > 0) {
                f->from += (size_t)n;
            } else if (errno != EAGAIN && errno != EINTR) {
                f->from = f->to = 0; /* the other side stopped reading: it may go on talking */
                f->ended = 1;
            }
        }
        if (set[1].revents & ~POLLOUT) {
            n = recv(sock, back, 65536, MSG_DONTWAIT);
            if (n > 0)
                result = io_write_full(out, back, (size_t)n) < 0 ? -1 : 1;
            else if (n == 0 || (errno != EAGAIN && errno != EINTR))
                result = 0;
        }
    }
    free(f);
    free(back);
    return result;
}

int coproc_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    int status = 0, passed, sock;
    pid_t pid;

    sock = pair_spawn(argv, &pid);
    if (sock < 0)
        return -1;
    passed = pass_both(in_fd, sock, out_fd);
    fail_close(sock);
    if (waitpid(pid, &status, 0) != pid)
        return -1;
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return passed;
}

/* pairtalk uses stdio on top of the sockets: a message is a line. */
static int next_message(FILE *from, const char *who)
{
    char *line = NULL;
    size_t room = 0;
    int ok = getline(&line, &room, from) > 0;

    if (ok)
        printf("%s got: %s", who, line);
    free(line);
    return ok && fflush(stdout) == 0 ? 0 : -1;
}

/* The child asks first, the parent listens first. An exit code. */
static int talk(int fd, const char *who, const char *text, int asks)
{
    FILE *peer = fdopen(fd, "r");
    int r = peer ? 0 : -1;

    if (r == 0 && asks)
        r = send_all(fd, text, strlen(text));
    if (r == 0)
        r = next_message(peer, who);
    if (r == 0 && !asks)
        r = send_all(fd, text, strlen(text));
    if (r < 0)
        moan("pairtalk", who);
    if (peer)
        fclose(peer);
    else
        close(fd);
    return r < 0 ? EXIT_FAILED : EXIT_OK;
}

int pairtalk_run(void)
{
    int pair[2], status = -1, code;
    pid_t child;

    fflush(stdout);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        moan("pairtalk", "socketpair");
        return EXIT_FAILED;
    }
    child = fork();
    if (child < 0) {
        moan("pairtalk", "fork");
        close(pair[0]);
        close(pair[1]);
        return EXIT_FAILED;
    }
    if (child == 0) {
        close(pair[1]);
        return talk(pair[0], "child", "Hello, how are you?\n", 1);
    }
    close(pair[0]);
    code = talk(pair[1], "parent", "I am fine, thanks.\n", 0);
    if (wait(&status) != child || status != 0)
        code = EXIT_FAILED;
    return code;
}

/* C. Datagrams --------------------------------------------------------------------------------- */

static int wait_readable(int a, int b)
{
    fd_set set;

    FD_ZERO(&set);
    FD_SET(a, &set);
    FD_SET(b, &set);
    if (select((a > b ? a : b) + 1, &set, NULL, NULL, NULL) < 0)
        return -1;
    return FD_ISSET(a, &set) ? a : b;
}

int dgramd_run(const char *name)
{
    static char text[65536], reply[DGRAM_MAX + 64]; /* larger than any that is to be answered */
    int fd, code, ready;

    if (own_pipe_open() < 0) {
        moan("dgramd", "signals");
        own_pipe_close();
        return EXIT_FAILED;
    }
    fd = un_dgram(name);
    if (fd < 0) {
        code = errno == EADDRINUSE ? EXIT_IN_USE : EXIT_FAILED;
        moan("dgramd", name);
        own_pipe_close();
        return code;
    }
    printf("READY %s\n", name);
    fflush(stdout);
    while ((ready = wait_readable(own_pipe[0], fd)) != own_pipe[0]) {
        struct sockaddr_un client;
        socklen_t len = sizeof(client);
        ssize_t n;
        int k;

        if (ready < 0)
            continue;
        n = recvfrom(fd, text, sizeof(text), MSG_DONTWAIT, (struct sockaddr *)&client, &len);
        if (n < 0 || len == 0 || len == sizeof(sa_family_t))
            continue;
        if (n > DGRAM_MAX) {
            strcpy(reply, "ERR toolong");
            k = (int)strlen(reply);
        } else {
            k = snprintf(reply, sizeof(reply), "%ld ", (long)n);
            for (ssize_t i = n - 1; i >= 0; i--)
                reply[k++] = text[i];
        }
        if (sendto(fd, reply, (size_t)k, MSG_DONTWAIT, (struct sockaddr *)&client, len) < 0)
            moan("dgramd", "reply");
    }
    close(fd);
    if (name[0] != '@')
        unlink(name);
    own_pipe_close();
    return EXIT_OK;
}

static int exit_for(int why)
{
    return why == ENOENT || why == ECONNREFUSED ? EXIT_NO_PEER : EXIT_FAILED;
}

int dgramc_run(const char *name, int timeout_ms, char *const texts[])
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd = un_dgram(NULL), code = EXIT_OK;

    if (fd < 0 || un_address(name, &sa, &len) < 0) {
        moan("dgramc", name);
        if (fd >= 0)
            close(fd);
        return EXIT_FAILED;
    }
    for (int i = 0; texts[i] && code == EXIT_OK; i++) {
        struct timeval limit = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
        char reply[DGRAM_MAX + 64];
        ssize_t n = -1;
        fd_set set;

        FD_ZERO(&set);
        FD_SET(fd, &set);
        if (sendto(fd, texts[i], strlen(texts[i]), 0, (struct sockaddr *)&sa, len) < 0) {
            code = exit_for(errno);
        } else if (select(fd + 1, &set, NULL, NULL, timeout_ms < 0 ? NULL : &limit) == 0) {
            errno = ETIMEDOUT;
            code = EXIT_TIMEOUT;
        } else {
            n = recv(fd, reply, sizeof(reply), 0);
            if (n < 0)
                code = exit_for(errno);
        }
        if (code != EXIT_OK) {
            moan("dgramc", name);
        } else {
            fwrite(reply, (size_t)n, 1, stdout);
            fputc('\n', stdout);
            fflush(stdout);
        }
    }
    close(fd);
    return code;
}

/* D. Chat: one client -------------------------------------------------------------------------- */

struct chat;

struct conn {
    int fd;
    struct chat *chat;
    char *nick; /* NULL: none yet */
    char line[CHAT_LINE_MAX];
    size_t length; /* of the line so far; CHAT_LINE_MAX: it is overlong */
    enum { OPEN, FINISHING, LOST } state;
    size_t first, count; /* what waits in the ring */
    char ring[CHAT_PENDING_MAX];
};

conn_t *conn_new(int fd)
{
    conn_t *c = malloc(sizeof(*c));

    if (c) {
        c->fd = fd;
        c->chat = NULL;
        c->nick = NULL;
        c->length = c->first = c->count = 0;
        c->state = OPEN;
    }
    return c;
}

void conn_free(conn_t *c)
{
    if (c) {
        if (c->fd >= 0)
            close(c->fd);
        free(c->nick);
    }
    free(c);
}

int chat_feed(conn_t *c, const char *p, size_t n,
              void (*line)(conn_t *c, const char *s, size_t len, int overlong))
{
    while (n-- > 0) {
        char byte = *p++;

        if (byte != '\n') {
            if (c->length == CHAT_LINE_MAX)
                continue;
            c->line[c->length++] = byte;
            if (c->length == CHAT_LINE_MAX)
                line(c, c->line, c->length, 1);
        } else {
            size_t length = c->length;

            c->length = 0;
            if (length < CHAT_LINE_MAX)
                line(c, c->line, length, 0);
        }
    }
    return 0;
}

/* D. Chat: the server -------------------------------------------------------------------------- */

struct chat {
    conn_t *at[FD_SETSIZE];           /* the client with that descriptor */
    unsigned char listens[FD_SETSIZE]; /* 1: a listener */
    int top;                          /* no descriptor of ours is higher */
    int clients;
    int no_descriptors;
};

static void lose(conn_t *c);

/* Sends from the ring what goes. */
static void ring_out(conn_t *c)
{
    while (c->count > 0) {
        size_t run = sizeof(c->ring) - c->first;
        ssize_t n;

        if (run > c->count)
            run = c->count;
        n = send(c->fd, c->ring + c->first, run, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            if (errno == EPIPE || errno == ECONNRESET)
                c->count = 0; /* reading will tell the end */
            return;
        }
        c->first = (c->first + (size_t)n) % sizeof(c->ring);
        c->count -= (size_t)n;
    }
}

static void ring_in(conn_t *c, const char *bytes, size_t n)
{
    while (n > 0) {
        size_t to = (c->first + c->count) % sizeof(c->ring);
        size_t run = to < c->first ? c->first - to : sizeof(c->ring) - to;

        if (run > n)
            run = n;
        memcpy(c->ring + to, bytes, run);
        c->count += run;
        bytes += run;
        n -= run;
    }
}

/* One line of up to three pieces to one client. */
static void post(conn_t *c, const char *head, const char *mid, const char *tail, size_t tail_n)
{
    size_t need = strlen(head) + strlen(mid) + tail_n + 1;

    if (c->state == LOST)
        return;
    if (need > sizeof(c->ring) - c->count)
        ring_out(c);
    if (need > sizeof(c->ring) - c->count) { /* more than the ring holds would wait */
        lose(c);
        return;
    }
    ring_in(c, head, strlen(head));
    ring_in(c, mid, strlen(mid));
    ring_in(c, tail, tail_n);
    ring_in(c, "\n", 1);
    ring_out(c);
}

static void post_word(conn_t *c, const char *word)
{
    post(c, word, "", "", 0);
}

static void post_others(conn_t *c, const char *head, const char *mid, const char *tail, size_t n)
{
    for (int fd = 0; fd <= c->chat->top; fd++) {
        conn_t *o = c->chat->at[fd];

        if (o && o != c && o->nick)
            post(o, head, mid, tail, n);
    }
}

static void part(conn_t *c)
{
    char *nick = c->nick;

    if (c->state == OPEN)
        c->state = FINISHING;
    c->nick = NULL;
    if (nick)
        post_others(c, "- ", nick, "", 0);
    free(nick);
}

static void lose(conn_t *c)
{
    c->state = LOST;
    part(c);
}

static conn_t *lookup(struct chat *chat, const char *nick, size_t n)
{
    for (int fd = 0; fd <= chat->top; fd++) {
        conn_t *c = chat->at[fd];

        if (c && c->nick && strlen(c->nick) == n && memcmp(c->nick, nick, n) == 0)
            return c;
    }
    return NULL;
}

static int good_nick(const char *s, size_t n)
{
    static const char others[] = "0123456789_-";

    if (n == 0 || n > CHAT_NICK_MAX)
        return 0;
    for (size_t i = 0; i < n; i++) {
        int letter = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z');

        if (!letter && (s[i] == '\0' || !strchr(others, s[i])))
            return 0;
    }
    return 1;
}

static int order(const void *a, const void *b)
{
    const conn_t *const *x = a, *const *y = b;

    return strcmp((*x)->nick, (*y)->nick);
}

static void who(conn_t *c)
{
    conn_t *sorted[CHAT_CLIENTS_MAX];
    char names[CHAT_CLIENTS_MAX * (CHAT_NICK_MAX + 1) + 1], *end = names;
    size_t n = 0;

    for (int fd = 0; fd <= c->chat->top; fd++)
        if (c->chat->at[fd] && c->chat->at[fd]->nick)
            sorted[n++] = c->chat->at[fd];
    qsort(sorted, n, sizeof(sorted[0]), order);
    *end = '\0';
    for (size_t i = 0; i < n; i++) {
        *end++ = ' ';
        end = stpcpy(end, sorted[i]->nick);
    }
    post(c, "NAMES", names, "", 0);
}

static void obey(conn_t *c, const char *line, size_t n, int overlong)
{
    const char *space = overlong ? NULL : memchr(line, ' ', n);
    size_t verb_n = space ? (size_t)(space - line) : n;
    const char *args = space ? space + 1 : NULL;
    size_t args_n = args ? n - verb_n - 1 : 0;
    char verb[8] = "";

    if (c->state != OPEN)
        return;
    if (overlong) {
        post_word(c, "ERR toolong");
        return;
    }
    if (verb_n < sizeof(verb)) {
        memcpy(verb, line, verb_n);
        if (memchr(verb, '\0', verb_n))
            verb[0] = '\0';
    }
    if (args && strcmp(verb, "NICK") == 0) {
        if (c->nick || !good_nick(args, args_n) || lookup(c->chat, args, args_n) ||
            !(c->nick = strndup(args, args_n))) {
            post_word(c, "ERR nick");
            return;
        }
        post_word(c, "OK");
        if (c->nick)
            post_others(c, "+ ", c->nick, "", 0);
        return;
    }
    if (!c->nick) {
        post_word(c, "ERR nick");
    } else if (args && strcmp(verb, "MSG") == 0) {
        char head[CHAT_NICK_MAX + 3];

        snprintf(head, sizeof(head), "%s: ", c->nick);
        post_word(c, "OK");
        post_others(c, head, "", args, args_n);
    } else if (args && strcmp(verb, "PRIV") == 0 && memchr(args, ' ', args_n)) {
        const char *text = (const char *)memchr(args, ' ', args_n) + 1;
        conn_t *to = lookup(c->chat, args, (size_t)(text - 1 - args));
        char head[CHAT_NICK_MAX + 4];

        snprintf(head, sizeof(head), "[%s] ", c->nick);
        post_word(c, to ? "OK" : "ERR nouser");
        if (to)
            post(to, head, "", text, (size_t)(args + args_n - text));
    } else if (!args && strcmp(verb, "WHO") == 0) {
        who(c);
    } else if (!args && strcmp(verb, "QUIT") == 0) {
        post_word(c, "BYE");
        part(c);
    } else {
        post_word(c, "ERR cmd");
    }
}

static void hear(conn_t *c)
{
    char buf[1500];
    ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

    if (n > 0)
        chat_feed(c, buf, (size_t)n, obey);
    else if (n == 0)
        part(c);
    else if (errno != EAGAIN && errno != EINTR)
        lose(c);
}

static void welcome(struct chat *chat, int listener)
{
    int fd = accept(listener, NULL, NULL);
    conn_t *c;

    if (fd < 0) {
        chat->no_descriptors = errno == EMFILE || errno == ENFILE;
        return;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (chat->clients == CHAT_CLIENTS_MAX) {
        (void)!send(fd, "ERR full\n", strlen("ERR full\n"), MSG_DONTWAIT | MSG_NOSIGNAL);
        close(fd);
        return;
    }
    c = fd < FD_SETSIZE ? conn_new(fd) : NULL;
    if (!c) {
        close(fd);
        return;
    }
    c->chat = chat;
    chat->at[fd] = c;
    chat->clients++;
    if (fd > chat->top)
        chat->top = fd;
}

/* A client that finishes and whose peer is gone altogether: what waits for it waits in vain. */
static int abandoned(const conn_t *c)
{
    struct pollfd p = {.fd = c->fd};

    return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR));
}

static void bury(struct chat *chat)
{
    int lost;

    do {
        lost = 0;
        for (int fd = 0; fd <= chat->top; fd++) {
            conn_t *c = chat->at[fd];

            if (!c || c->state == OPEN || (c->state == FINISHING && c->count > 0))
                continue;
            chat->at[fd] = NULL;
            chat->clients--;
            chat->no_descriptors = 0;
            conn_free(c);
            lost++;
        }
    } while (lost > 0);
}

static void converse(struct chat *chat)
{
    for (;;) {
        fd_set in, out;

        FD_ZERO(&in);
        FD_ZERO(&out);
        FD_SET(own_pipe[0], &in);
        for (int fd = 0; fd <= chat->top; fd++) {
            conn_t *c = chat->at[fd];

            if (chat->listens[fd] && !chat->no_descriptors)
                FD_SET(fd, &in);
            if (c && c->state == OPEN)
                FD_SET(fd, &in);
            if (c && c->count > 0)
                FD_SET(fd, &out); /* also when the peer is gone: sending tells */
        }
        if (select(chat->top + 1, &in, &out, NULL, NULL) < 0)
            continue; /* EINTR: the pipe is readable now */
        if (FD_ISSET(own_pipe[0], &in))
            return;
        for (int fd = 0; fd <= chat->top; fd++) {
            conn_t *c = chat->at[fd];

            if (c && FD_ISSET(fd, &out))
                ring_out(c);
            if (c && FD_ISSET(fd, &in))
                hear(c);
            if (c && c->state == FINISHING && c->count > 0 && abandoned(c))
                c->state = LOST;
        }
        bury(chat);
        for (int fd = 0, top = chat->top; fd <= top; fd++)
            if (chat->listens[fd] && FD_ISSET(fd, &in))
                welcome(chat, fd);
    }
}

static int add_listener(struct chat *chat, int fd, const char *name)
{
    int code = EXIT_OK;

    if (fd < 0) {
        code = errno == EADDRINUSE ? EXIT_IN_USE : EXIT_FAILED;
        moan("chatd", name);
        return code;
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    chat->listens[fd] = 1;
    if (fd > chat->top)
        chat->top = fd;
    return code;
}

int chatd_run(char *const unix_names[], int tcp_port)
{
    static struct chat chat;
    int code = EXIT_OK, made = 0;
    uint16_t port = 0;

    if (own_pipe_open() < 0) {
        moan("chatd", "signals");
        code = EXIT_FAILED;
    }
    chat.top = own_pipe[0] > own_pipe[1] ? own_pipe[0] : own_pipe[1];
    while (code == EXIT_OK && unix_names[made]) {
        code = add_listener(&chat, un_listen(unix_names[made], 50), unix_names[made]);
        made += code == EXIT_OK;
    }
    if (code == EXIT_OK && tcp_port >= 0)
        code = add_listener(&chat, tcp_listen((uint16_t)tcp_port, &port), "tcp");
    if (code == EXIT_OK) {
        for (int i = 0; i < made; i++)
            printf("READY unix %s\n", unix_names[i]);
        if (tcp_port >= 0)
            printf("READY tcp 127.0.0.1:%u\n", (unsigned)port);
        printf("READY\n");
        fflush(stdout);
        converse(&chat);
    }
    for (int fd = 0; fd <= chat.top; fd++) {
        if (chat.at[fd]) {
            if (chat.at[fd]->state == OPEN)
                post_word(chat.at[fd], "BYE");
            conn_free(chat.at[fd]);
            chat.at[fd] = NULL;
        }
        if (chat.listens[fd])
            close(fd);
    }
    for (int i = 0; i < made; i++)
        if (unix_names[i][0] != '@')
            unlink(unix_names[i]);
    own_pipe_close();
    return code;
}

/* D. Chat: the client -------------------------------------------------------------------------- */

int chatc_run(int fd, const char *nick)
{
    char hello[CHAT_LINE_MAX];
    int n = snprintf(hello, sizeof(hello), "NICK %.*s\n", CHAT_LINE_MAX - 8, nick);

    (void)!send_all(fd, hello, (size_t)n); /* a full server has spoken and gone: read that */
    if (pass_both(STDIN_FILENO, fd, STDOUT_FILENO) < 0) {
        moan("chatc", "output");
        return EXIT_FAILED;
    }
    return EXIT_OK;
}
