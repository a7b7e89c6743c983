/* SPDX-License-Identifier: MIT */
/* lab05, solution A: poll, a self-pipe, fork and exec, as in the textbook. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "lab05.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io.h"

static void close_keep_errno(int fd)
{
    int e = errno;

    close(fd);
    errno = e;
}

/* A. Addresses --------------------------------------------------------------------------------- */

int un_address(const char *name, struct sockaddr_un *sa, socklen_t *len)
{
    size_t n;

    if (!name || name[0] == '\0' || strcmp(name, "@") == 0) {
        errno = EINVAL;
        return -1;
    }
    memset(sa, 0, sizeof *sa);
    sa->sun_family = AF_UNIX;
    n = strlen(name);
    if (name[0] == '@') {
        n--;
        if (n > sizeof sa->sun_path - 1) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(sa->sun_path + 1, name + 1, n);
    } else {
        if (n > sizeof sa->sun_path - 1) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(sa->sun_path, name, n);
    }
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
    return 0;
}

/* 1: a socket file that nobody listens on. 0: anything else. */
static int is_stale(const char *path, const struct sockaddr_un *sa, socklen_t len)
{
    struct stat st;
    int fd, stale;

    if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return 0;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return 0;
    stale = connect(fd, (const struct sockaddr *)sa, len) < 0 && errno == ECONNREFUSED;
    close(fd);
    return stale;
}

static int un_bound(const char *name, int type)
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd;

    if (un_address(name, &sa, &len) < 0)
        return -1;
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&sa, len) == 0)
        return fd;
    if (errno == EADDRINUSE && name[0] != '@') {
        if (is_stale(name, &sa, len) && unlink(name) == 0 &&
            bind(fd, (struct sockaddr *)&sa, len) == 0)
            return fd;
        errno = EADDRINUSE;
    }
    close_keep_errno(fd);
    return -1;
}

int un_listen(const char *name, int backlog)
{
    int fd = un_bound(name, SOCK_STREAM);

    if (fd < 0)
        return -1;
    if (listen(fd, backlog) < 0) {
        int e = errno;

        if (name[0] != '@')
            unlink(name);
        close(fd);
        errno = e;
        return -1;
    }
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
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&sa, len) < 0) {
        close_keep_errno(fd);
        return -1;
    }
    return fd;
}

int un_dgram(const char *name)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd;

    if (name)
        return un_bound(name, SOCK_DGRAM);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&sa, sizeof(sa_family_t)) < 0) {
        close_keep_errno(fd);
        return -1;
    }
    return fd;
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in in;

    memset(&in, 0, sizeof in);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return in;
}

int tcp_listen(uint16_t port, uint16_t *bound)
{
    struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    socklen_t len = sizeof in;
    int one = 1, none = 0;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &in.sin6_addr); /* 127.0.0.1 and nothing else */
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &none, sizeof none) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(fd, (struct sockaddr *)&in, sizeof in) < 0 || listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)&in, &len) < 0) {
        close_keep_errno(fd);
        return -1;
    }
    if (bound)
        *bound = ntohs(in.sin6_port);
    return fd;
}

int tcp_connect(uint16_t port)
{
    struct sockaddr_in in = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&in, sizeof in) < 0) {
        close_keep_errno(fd);
        return -1;
    }
    return fd;
}

int send_all(int fd, const void *buf, size_t n)
{
    const char *p = buf;

    while (n > 0) {
        ssize_t w = send(fd, p, n, MSG_NOSIGNAL);

        if (w >= 0) {
            p += w;
            n -= (size_t)w;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            struct pollfd pfd = {.fd = fd, .events = POLLOUT};

            if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
                return -1;
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}

/* B. Unnamed sockets --------------------------------------------------------------------------- */

/* A socketpair whose descriptors are never 0, 1 or 2, even where these are closed. */
static int pair_above_2(int sv[2])
{
    int raw[2], i;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, raw) < 0)
        return -1;
    sv[0] = sv[1] = -1;
    for (i = 0; i < 2; i++)
        sv[i] = raw[i] > 2 ? raw[i] : fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
    for (i = 0; i < 2; i++)
        if (sv[i] != raw[i])
            close_keep_errno(raw[i]);
    if (sv[0] < 0 || sv[1] < 0) {
        for (i = 0; i < 2; i++)
            if (sv[i] >= 0)
                close_keep_errno(sv[i]);
        return -1;
    }
    return 0;
}

static pid_t reap(pid_t pid, int *status)
{
    pid_t r;

    do
        r = waitpid(pid, status, 0);
    while (r < 0 && errno == EINTR);
    return r;
}

int pair_spawn(char *const argv[], pid_t *pid)
{
    int sv[2];
    pid_t child;

    if (pair_above_2(sv) < 0)
        return -1;
    child = fork();
    if (child < 0) {
        close_keep_errno(sv[0]);
        close_keep_errno(sv[1]);
        return -1;
    }
    if (child == 0) {
        int e;

        close(sv[0]);
        if (dup2(sv[1], STDIN_FILENO) < 0 || dup2(sv[1], STDOUT_FILENO) < 0)
            _exit(EXIT_FAILED);
        close(sv[1]);
        execvp(argv[0], argv);
        e = errno;
        dprintf(STDERR_FILENO, "coproc: %s: %s\n", argv[0], strerror(e));
        _exit(e == ENOENT || e == ENOTDIR ? 127 : 126);
    }
    close(sv[1]);
    *pid = child;
    return sv[0];
}

/* in -> sock, sock -> out, until the sock's end of file. SIGPIPE is ignored by the caller. */
static int relay(int in, int sock, int out)
{
    static char up[65536], down[65536];
    size_t up_n = 0, up_off = 0, down_n = 0, down_off = 0;
    int in_open = 1, tx_open = 1, rx_open = 1;

    while (rx_open || down_n > 0) {
        struct pollfd p[3] = {{.fd = -1}, {.fd = -1}, {.fd = -1}};
        ssize_t r;

        if (in_open && tx_open && up_n == 0 && rx_open) {
            p[0].fd = in;
            p[0].events = POLLIN;
        }
        if (rx_open && down_n == 0)
            p[1].events |= POLLIN;
        if (tx_open && up_n > 0)
            p[1].events |= POLLOUT;
        if (p[1].events)
            p[1].fd = sock;
        if (down_n > 0) {
            p[2].fd = out;
            p[2].events = POLLOUT;
        }
        if (poll(p, 3, -1) < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        if (p[0].revents) {
            r = read(in, up, sizeof up);
            if (r > 0) {
                up_n = (size_t)r;
                up_off = 0;
            } else if (r == 0 || (errno != EINTR && errno != EAGAIN)) {
                in_open = 0;
                shutdown(sock, SHUT_WR);
            }
        }
        if (up_n > 0 && (p[1].revents & (POLLOUT | POLLHUP | POLLERR))) {
            r = send(sock, up + up_off, up_n, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (r >= 0) {
                up_off += (size_t)r;
                up_n -= (size_t)r;
            } else if (errno != EINTR && errno != EAGAIN) {
                tx_open = 0;
                up_n = 0;
            }
        }
        if (rx_open && down_n == 0 && (p[1].revents & (POLLIN | POLLHUP | POLLERR))) {
            r = recv(sock, down, sizeof down, MSG_DONTWAIT);
            if (r > 0) {
                down_n = (size_t)r;
                down_off = 0;
            } else if (r == 0 || (errno != EINTR && errno != EAGAIN)) {
                rx_open = tx_open = 0;
                up_n = 0;
            }
        }
        if (p[2].revents) {
            r = write(out, down + down_off, down_n < PIPE_BUF ? down_n : PIPE_BUF);
            if (r >= 0) {
                down_off += (size_t)r;
                down_n -= (size_t)r;
            } else if (errno != EINTR && errno != EAGAIN) {
                return -1;
            }
        }
    }
    return 0;
}

static int relay_no_sigpipe(int in, int sock, int out)
{
    struct sigaction ign = {.sa_handler = SIG_IGN}, old;
    int r, e;

    if (sigaction(SIGPIPE, &ign, &old) < 0)
        return -1;
    r = relay(in, sock, out);
    e = errno;
    sigaction(SIGPIPE, &old, NULL);
    errno = e;
    return r;
}

int coproc_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    pid_t pid;
    int status, r, e;
    int sock = pair_spawn(argv, &pid);

    if (sock < 0)
        return -1;
    r = relay_no_sigpipe(in_fd, sock, out_fd);
    e = errno;
    close(sock);
    if (reap(pid, &status) < 0)
        return -1;
    if (r < 0) {
        errno = e;
        return -1;
    }
    *code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return 0;
}

static int complain(const char *program, const char *what, int code)
{
    (void)program;
    warn("%s", what);
    return code;
}

/* One message: text and its LF. */
static int read_message(int fd, char *buf, size_t size)
{
    size_t n = 0;

    while (n < size) {
        ssize_t r = read(fd, buf + n, 1);

        if (r < 0 && errno == EINTR)
            continue;
        if (r == 0)
            errno = EPROTO;
        if (r <= 0)
            return -1;
        if (buf[n] == '\n') {
            buf[n] = '\0';
            return 0;
        }
        n++;
    }
    errno = EMSGSIZE;
    return -1;
}

static int pairtalk_child(int fd)
{
    static const char question[] = "Hello, how are you?\n";
    char answer[256];

    if (send_all(fd, question, sizeof question - 1) < 0 || read_message(fd, answer, sizeof answer) < 0)
        return complain("pairtalk", "child", EXIT_FAILED);
    printf("child got: %s\n", answer);
    if (fflush(stdout) != 0)
        return complain("pairtalk", "stdout", EXIT_FAILED);
    return EXIT_OK;
}

int pairtalk_run(void)
{
    static const char answer[] = "I am fine, thanks.\n";
    char question[256];
    int sv[2], status, code = EXIT_OK;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
        return complain("pairtalk", "socketpair", EXIT_FAILED);
    fflush(stdout);
    pid = fork();
    if (pid < 0) {
        complain("pairtalk", "fork", EXIT_FAILED);
        close(sv[0]);
        close(sv[1]);
        return EXIT_FAILED;
    }
    if (pid == 0) {
        close(sv[0]);
        code = pairtalk_child(sv[1]);
        close(sv[1]);
        exit(code);
    }
    close(sv[1]);
    if (read_message(sv[0], question, sizeof question) < 0) {
        code = complain("pairtalk", "question", EXIT_FAILED);
    } else {
        printf("parent got: %s\n", question);
        if (fflush(stdout) != 0)
            code = complain("pairtalk", "stdout", EXIT_FAILED);
        else if (send_all(sv[0], answer, sizeof answer - 1) < 0)
            code = complain("pairtalk", "answer", EXIT_FAILED);
    }
    close(sv[0]);
    if (reap(pid, &status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        code = EXIT_FAILED;
    return code;
}

/* The self-pipe for SIGTERM and SIGINT ----------------------------------------------------------- */

static int stop_pipe[2] = {-1, -1};

static void on_stop(int sig)
{
    int e = errno;
    ssize_t w = write(stop_pipe[1], "x", 1);

    (void)sig;
    (void)w;
    errno = e;
}

static int stop_open(void)
{
    struct sigaction sa;

    if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_stop;
    sigemptyset(&sa.sa_mask);
    sa.sa_flags = SA_RESTART;
    if (sigaction(SIGTERM, &sa, NULL) < 0 || sigaction(SIGINT, &sa, NULL) < 0)
        return -1;
    return 0;
}

static void stop_close(void)
{
    struct sigaction ign = {.sa_handler = SIG_IGN};

    sigaction(SIGTERM, &ign, NULL);
    sigaction(SIGINT, &ign, NULL);
    if (stop_pipe[0] >= 0) {
        close(stop_pipe[0]);
        close(stop_pipe[1]);
    }
}

/* C. Datagrams --------------------------------------------------------------------------------- */

static void dgram_answer(int fd)
{
    char in[DGRAM_MAX + 1], out[DGRAM_MAX + 32];
    struct sockaddr_un from;
    socklen_t from_len = sizeof from;
    ssize_t n;
    size_t m, i;

    n = recvfrom(fd, in, sizeof in, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &from_len);
    if (n < 0)
        return;
    if (from_len <= offsetof(struct sockaddr_un, sun_path))
        return;
    if (n > DGRAM_MAX) {
        m = (size_t)snprintf(out, sizeof out, "ERR toolong");
    } else {
        m = (size_t)snprintf(out, sizeof out, "%zd ", n);
        for (i = 0; i < (size_t)n; i++)
            out[m + i] = in[(size_t)n - 1 - i];
        m += (size_t)n;
    }
    (void)sendto(fd, out, m, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&from, from_len);
}

int dgramd_run(const char *name)
{
    int fd, code = EXIT_OK;

    if (stop_open() < 0) {
        code = complain("dgramd", "signals", EXIT_FAILED);
        stop_close();
        return code;
    }
    fd = un_dgram(name);
    if (fd < 0) {
        code = complain("dgramd", name, errno == EADDRINUSE ? EXIT_IN_USE : EXIT_FAILED);
        stop_close();
        return code;
    }
    printf("READY %s\n", name);
    fflush(stdout);
    for (;;) {
        struct pollfd p[2] = {{.fd = stop_pipe[0], .events = POLLIN}, {.fd = fd, .events = POLLIN}};

        if (poll(p, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            code = complain("dgramd", "poll", EXIT_FAILED);
            break;
        }
        if (p[0].revents)
            break;
        if (p[1].revents)
            dgram_answer(fd);
    }
    if (name[0] != '@')
        unlink(name);
    close(fd);
    stop_close();
    return code;
}

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1: ready. 0: the time is over. -1: error. */
static int wait_for(int fd, short events, long long deadline)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        long long left = deadline - now_ms();
        int r = poll(&p, 1, left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left);

        if (r >= 0 || errno != EINTR)
            return r;
    }
}

static int dgram_ask(int fd, const char *text, long long deadline)
{
    static char reply[65536];
    ssize_t n;
    int r;

    while (send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        if (errno == EINTR)
            continue;
        if (errno == ECONNREFUSED || errno == ENOTCONN || errno == ECONNRESET || errno == EPIPE)
            return complain("dgramc", "send", EXIT_NO_PEER);
        if (errno != EAGAIN)
            return complain("dgramc", "send", EXIT_FAILED);
        r = wait_for(fd, POLLOUT, deadline);
        if (r < 0)
            return complain("dgramc", "poll", EXIT_FAILED);
        if (r == 0) {
            errno = ETIMEDOUT;
            return complain("dgramc", text, EXIT_TIMEOUT);
        }
    }
    for (;;) {
        r = wait_for(fd, POLLIN, deadline);
        if (r < 0)
            return complain("dgramc", "poll", EXIT_FAILED);
        if (r == 0) {
            errno = ETIMEDOUT;
            return complain("dgramc", text, EXIT_TIMEOUT);
        }
        n = recv(fd, reply, sizeof reply, MSG_DONTWAIT);
        if (n >= 0)
            break;
        if (errno != EINTR && errno != EAGAIN)
            return complain("dgramc", "recv", EXIT_FAILED);
    }
    fwrite(reply, 1, (size_t)n, stdout);
    putchar('\n');
    if (fflush(stdout) != 0)
        return complain("dgramc", "stdout", EXIT_FAILED);
    return EXIT_OK;
}

int dgramc_run(const char *name, int timeout_ms, char *const texts[])
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd, code = EXIT_OK;

    if (un_address(name, &sa, &len) < 0)
        return complain("dgramc", name, EXIT_FAILED);
    fd = un_dgram(NULL);
    if (fd < 0)
        return complain("dgramc", "socket", EXIT_FAILED);
    if (connect(fd, (struct sockaddr *)&sa, len) < 0)
        code = complain("dgramc", name,
                        errno == ENOENT || errno == ECONNREFUSED ? EXIT_NO_PEER : EXIT_FAILED);
    for (; code == EXIT_OK && *texts; texts++)
        code = dgram_ask(fd, *texts, now_ms() + timeout_ms);
    close(fd);
    return code;
}

/* D. Chat -------------------------------------------------------------------------------------- */

struct conn {
    int fd;
    char nick[CHAT_NICK_MAX + 1]; /* "" while there is none */
    char in[CHAT_LINE_MAX];
    size_t in_n;
    int skipping;    /* the rest of a line that was too long */
    char *out;
    size_t out_off, out_n, out_cap;
    int broken;      /* nothing can be sent any more */
    int quit;        /* has had his BYE */
    int closing;     /* no more input: close when everything is sent */
    int dead;        /* close at the end of this round */
    int announced;   /* the others know that this one has left */
};

conn_t *conn_new(int fd)
{
    conn_t *c = calloc(1, sizeof *c);

    if (c)
        c->fd = fd;
    return c;
}

void conn_free(conn_t *c)
{
    if (!c)
        return;
    if (c->fd >= 0)
        close(c->fd);
    free(c->out);
    free(c);
}

int chat_feed(conn_t *c, const char *p, size_t n,
              void (*line)(conn_t *c, const char *s, size_t len, int overlong))
{
    while (n > 0) {
        const char *lf = memchr(p, '\n', n);
        size_t piece = lf ? (size_t)(lf - p) : n;

        if (c->skipping) {
            if (lf)
                c->skipping = 0;
        } else {
            size_t room = sizeof c->in - c->in_n;
            size_t take = piece < room ? piece : room;

            memcpy(c->in + c->in_n, p, take);
            c->in_n += take;
            if (c->in_n == sizeof c->in) {
                c->in_n = 0;
                c->skipping = !lf;
                line(c, c->in, sizeof c->in, 1);
            } else if (lf) {
                size_t len = c->in_n;

                c->in_n = 0;
                line(c, c->in, len, 0);
            }
        }
        piece += lf != NULL;
        p += piece;
        n -= piece;
    }
    return 0;
}

static conn_t *clients[CHAT_CLIENTS_MAX];
static size_t clients_n;

static int is_member(const conn_t *c)
{
    return c->nick[0] != '\0' && !c->dead && !c->closing;
}

static void out_flush(conn_t *c)
{
    while (c->out_n > 0 && !c->broken) {
        ssize_t w = send(c->fd, c->out + c->out_off, 1, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (w >= 0) {
            c->out_off += (size_t)w;
            c->out_n -= (size_t)w;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (errno != EINTR) {
            c->broken = 1;
            c->out_n = 0;
        }
    }
    free(c->out);
    c->out = NULL;
    c->out_off = c->out_n = c->out_cap = 0;
    if (c->closing && !c->quit)
        c->dead = 1;
    else if (c->closing)
        shutdown(c->fd, SHUT_WR);
}

/* Text for a client: into its buffer, and out of it as far as the socket takes it. */
static void put(conn_t *c, const char *s, size_t n)
{
    if (c->dead || c->broken)
        return;
    if (c->out_off + c->out_n + n > c->out_cap) {
        char *bigger;
        size_t cap = c->out_n + n < 1024 ? 1024 : c->out_n + n;

        if (cap < 2 * c->out_cap)
            cap = 2 * c->out_cap;
        if (cap > CHAT_PENDING_MAX + 4096)
            cap = CHAT_PENDING_MAX + 4096;
        if (c->out_off > 0)
            memmove(c->out, c->out + c->out_off, c->out_n);
        c->out_off = 0;
        if (cap > c->out_cap) {
            bigger = realloc(c->out, cap);
            if (!bigger) {
                c->dead = 1;
                return;
            }
            c->out = bigger;
            c->out_cap = cap;
        }
    }
    memcpy(c->out + c->out_off + c->out_n, s, n);
    c->out_n += n;
    out_flush(c);
    if (c->out_n > CHAT_PENDING_MAX)
        c->dead = 1;
}

static void put_text(conn_t *c, const char *s)
{
    put(c, s, strlen(s));
}

static void broadcast(const conn_t *except, const char *s, size_t n)
{
    size_t i;

    for (i = 0; i < clients_n; i++)
        if (clients[i] != except && is_member(clients[i]))
            put(clients[i], s, n);
}

/* Tells who has left. Telling it may be the end of another one: again until nobody is left. */
static void settle(void)
{
    char text[CHAT_NICK_MAX + 8];
    size_t i;
    int again;

    do {
        again = 0;
        for (i = 0; i < clients_n; i++) {
            conn_t *c = clients[i];

            if ((c->dead || c->closing) && !c->announced) {
                c->announced = 1;
                again = 1;
                if (c->nick[0])
                    broadcast(c, text, (size_t)snprintf(text, sizeof text, "- %s\n", c->nick));
            }
        }
    } while (again);
}

static conn_t *find_nick(const char *s, size_t n)
{
    size_t i;

    for (i = 0; i < clients_n; i++)
        if (is_member(clients[i]) && strlen(clients[i]->nick) == n && memcmp(clients[i]->nick, s, n) == 0)
            return clients[i];
    return NULL;
}

static int nick_ok(const char *s, size_t n)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t i;

    if (n < 1 || n > CHAT_NICK_MAX)
        return 0;
    for (i = 0; i < n; i++)
        if (!memchr(good, s[i], sizeof good - 1))
            return 0;
    return 1;
}

static void do_nick(conn_t *c, const char *s, size_t n)
{
    char text[CHAT_NICK_MAX + 8];

    if (c->nick[0] || !nick_ok(s, n) || find_nick(s, n)) {
        put_text(c, "ERR nick\n");
        return;
    }
    memcpy(c->nick, s, n);
    c->nick[n] = '\0';
    put_text(c, "OK\n");
    broadcast(c, text, (size_t)snprintf(text, sizeof text, "+ %s\n", c->nick));
}

static void do_msg(conn_t *c, const char *s, size_t n)
{
    char text[CHAT_LINE_MAX + CHAT_NICK_MAX + 8];
    size_t m = (size_t)snprintf(text, sizeof text, "%s: ", c->nick);

    memcpy(text + m, s, n);
    text[m + n] = '\n';
    put_text(c, "OK\n");
    broadcast(c, text, m + n + 1);
}

static void do_priv(conn_t *c, const char *s, size_t n)
{
    char text[CHAT_LINE_MAX + CHAT_NICK_MAX + 8];
    const char *space = memchr(s, ' ', n);
    conn_t *to;
    size_t m;

    if (!space) {
        put_text(c, "ERR cmd\n");
        return;
    }
    to = find_nick(s, (size_t)(space - s));
    if (!to) {
        put_text(c, "ERR nouser\n");
        return;
    }
    n -= (size_t)(space - s) + 1;
    m = (size_t)snprintf(text, sizeof text, "[%s] ", c->nick);
    memcpy(text + m, space + 1, n);
    text[m + n] = '\n';
    put_text(c, "OK\n");
    put(to, text, m + n + 1);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void do_who(conn_t *c)
{
    const char *names[CHAT_CLIENTS_MAX];
    char text[16 + CHAT_CLIENTS_MAX * (CHAT_NICK_MAX + 1)];
    size_t i, n = 0, m;

    for (i = 0; i < clients_n; i++)
        if (is_member(clients[i]))
            names[n++] = clients[i]->nick;
    qsort(names, n, sizeof names[0], by_bytes);
    m = (size_t)snprintf(text, sizeof text, "NAMES");
    for (i = 0; i < n; i++)
        m += (size_t)snprintf(text + m, sizeof text - m, " %s", names[i]);
    text[m++] = '\n';
    put(c, text, m);
}

static int begins(const char *s, size_t len, const char *word)
{
    size_t n = strlen(word);

    return len >= n && memcmp(s, word, n) == 0;
}

static int is_word(const char *s, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(s, word, len) == 0;
}

static void on_line(conn_t *c, const char *s, size_t len, int overlong)
{
    if (c->dead || c->closing)
        return;
    if (overlong) {
        put_text(c, "ERR toolong\n");
    } else if (begins(s, len, "NICK ")) {
        do_nick(c, s + 5, len - 5);
    } else if (!c->nick[0]) {
        put_text(c, "ERR nick\n");
    } else if (begins(s, len, "MSG ")) {
        do_msg(c, s + 4, len - 4);
    } else if (begins(s, len, "PRIV ")) {
        do_priv(c, s + 5, len - 5);
    } else if (is_word(s, len, "WHO")) {
        do_who(c);
    } else if (is_word(s, len, "QUIT")) {
        put_text(c, "BYE\n");
        c->quit = 1;
        c->closing = 1;
        if (c->out_n == 0)
            shutdown(c->fd, SHUT_WR);
    } else {
        put_text(c, "ERR cmd\n");
    }
    settle();
}

static void on_input(conn_t *c)
{
    char buf[4096];
    int rounds = 0;

    do {
        ssize_t r = recv(c->fd, buf, 1, MSG_DONTWAIT);

        if (r > 0) {
            chat_feed(c, buf, (size_t)r, on_line);
        } else if (r == 0) {
            c->closing = 1;
            if (c->out_n == 0)
                c->dead = 1;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (c->broken)
                c->dead = 1;
            return;
        } else if (errno != EINTR) {
            c->dead = 1;
        }
        /* Who cannot be sent anything any more: what has come from him is still carried out. */
    } while (c->broken && !c->dead && !c->closing && ++rounds < 64);
    if (c->broken)
        c->dead = 1;
}

static int listeners_paused;
static int log_fd = -1; /* the log: opened with the first client */

static void sweep(void)
{
    size_t i, kept = 0;

    for (i = 0; i < clients_n; i++) {
        if (clients[i]->dead) {
            conn_free(clients[i]);
            listeners_paused = 0;
        } else {
            clients[kept++] = clients[i];
        }
    }
    clients_n = kept;
}

static void on_connection(int lfd)
{
    for (;;) {
        int fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED)
                continue;
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                listeners_paused = 1;
            return;
        }
        if (log_fd < 0)
            log_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (clients_n == CHAT_CLIENTS_MAX) {
            send(fd, "ERR full\n", 9, MSG_NOSIGNAL | MSG_DONTWAIT);
            close(fd);
            continue;
        }
        clients[clients_n] = conn_new(fd);
        if (clients[clients_n])
            clients_n++;
        else
            close(fd);
    }
}

static int serve(const int *listeners, size_t listeners_n)
{
    struct pollfd *p = calloc(1 + listeners_n + CHAT_CLIENTS_MAX, sizeof *p);
    int code = EXIT_OK;

    if (!p)
        return complain("chatd", "memory", EXIT_FAILED);
    for (;;) {
        size_t i, n = 0, first_client, polled_clients, polled_listeners;

        p[n++] = (struct pollfd){.fd = stop_pipe[0], .events = POLLIN};
        polled_listeners = listeners_paused ? 0 : listeners_n;
        for (i = 0; i < polled_listeners; i++)
            p[n++] = (struct pollfd){.fd = listeners[i], .events = POLLIN};
        first_client = n;
        polled_clients = clients_n;
        for (i = 0; i < clients_n; i++)
            p[n++] = (struct pollfd){
                .fd = clients[i]->fd,
                .events = (short)((clients[i]->closing && !clients[i]->quit ? 0 : POLLIN) | (clients[i]->out_n ? POLLOUT : 0))};
        if (poll(p, n, -1) < 0) {
            if (errno == EINTR)
                continue;
            code = complain("chatd", "poll", EXIT_FAILED);
            break;
        }
        if (p[0].revents)
            break;
        for (i = 0; i < polled_clients; i++) {
            conn_t *c = clients[i];
            short got = p[first_client + i].revents;

            if (c->dead)
                continue;
            if (got & POLLOUT)
                out_flush(c);
            if (!c->dead && !c->closing && ((got & (POLLIN | POLLHUP | POLLERR)) || c->broken))
                on_input(c);
            else if (c->quit && (got & POLLIN)) {
                char rest[4096];
                if (recv(c->fd, rest, sizeof rest, MSG_DONTWAIT) == 0)
                    c->dead = 1;
            } else if (c->closing && (got & (POLLHUP | POLLERR)))
                c->dead = 1;
            settle();
        }
        /* A send that failed in another one's turn. */
        for (i = 0; i < clients_n; i++)
            if (clients[i]->broken && !clients[i]->dead)
                on_input(clients[i]);
        settle();
        sweep();
        for (i = 0; i < polled_listeners; i++)
            if (p[1 + i].revents)
                on_connection(listeners[i]);
    }
    free(p);
    return code;
}

static void goodbye(void)
{
    long long deadline = now_ms() + 300;
    size_t i;

    for (i = 0; i < clients_n; i++)
        if (!clients[i]->quit)
            put_text(clients[i], "BYE\n");
    for (i = 0; i < clients_n; i++) {
        while (clients[i]->out_n > 0 && !clients[i]->dead && wait_for(clients[i]->fd, POLLOUT, deadline) > 0)
            out_flush(clients[i]);
        conn_free(clients[i]);
    }
    clients_n = 0;
}

int chatd_run(char *const unix_names[], int tcp_port)
{
    size_t names_n = 0, opened = 0, i;
    int *listeners;
    int code = EXIT_OK;
    uint16_t port = 0;

    while (unix_names[names_n])
        names_n++;
    listeners = calloc(names_n + 1, sizeof *listeners);
    if (!listeners)
        return complain("chatd", "memory", EXIT_FAILED);
    if (stop_open() < 0)
        code = complain("chatd", "signals", EXIT_FAILED);
    for (i = 0; code == EXIT_OK && i < names_n; i++) {
        int fd = un_listen(unix_names[i], SOMAXCONN);

        if (fd < 0)
            code = complain("chatd", unix_names[i], errno == EADDRINUSE ? EXIT_IN_USE : EXIT_FAILED);
        else
            listeners[opened++] = fd;
    }
    if (code == EXIT_OK && tcp_port >= 0) {
        int fd = tcp_listen((uint16_t)tcp_port, &port);

        if (fd < 0)
            code = complain("chatd", "tcp", errno == EADDRINUSE ? EXIT_IN_USE : EXIT_FAILED);
        else
            listeners[opened++] = fd;
    }
    for (i = 0; code == EXIT_OK && i < opened; i++)
        if (fcntl(listeners[i], F_SETFL, O_NONBLOCK) < 0)
            code = complain("chatd", "fcntl", EXIT_FAILED);
    if (code == EXIT_OK) {
        for (i = 0; i < names_n; i++)
            printf("READY unix %s\n", unix_names[i]);
        if (tcp_port >= 0)
            printf("READY tcp 127.0.0.1:%u\n", (unsigned)port);
        printf("READY\n");
        fflush(stdout);
        code = serve(listeners, opened);
        goodbye();
    }
    for (i = 0; i < opened; i++) {
        if (i < names_n && unix_names[i][0] != '@')
            unlink(unix_names[i]);
        close(listeners[i]);
    }
    free(listeners);
    if (log_fd >= 0)
        close(log_fd);
    stop_close();
    return code;
}

int chatc_run(int fd, const char *nick)
{
    size_t n = strlen(nick) + 7;
    char *hello = malloc(n);
    int r;

    if (!hello)
        return complain("chatc", "memory", EXIT_FAILED);
    snprintf(hello, n, "NICK %s\n", nick);
    r = send_all(fd, hello, n - 1);
    free(hello);
    if (r < 0 && errno != EPIPE && errno != ECONNRESET)
        return complain("chatc", "send", EXIT_FAILED);
    if (relay_no_sigpipe(STDIN_FILENO, fd, STDOUT_FILENO) < 0)
        return complain("chatc", "stdout", EXIT_FAILED);
    return EXIT_OK;
}
