/* SPDX-License-Identifier: MIT */
/* Lab 01, the textbook way: fork, dup2, execvp, waitpid, poll. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "lab01.h"
#include "mine.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* small helpers -------------------------------------------------------------------------------- */

static ssize_t read_some(int fd, void *buf, size_t n)
{
    struct iovec v = {buf, n};

    return readv(fd, &v, 1);
}

/* Nothing waits in stdio's buffers when a child is made, so nothing can appear twice. */
static pid_t fork_flushed(void)
{
    fflush(NULL);
    return fork();
}

static void close_keep(int fd)
{
    int e = errno;

    if (fd >= 0)
        close(fd);
    errno = e;
}

/* Never hands out 0, 1 or 2, even where the caller has closed them. */
static int above_two(int *fd)
{
    int moved;

    if (*fd > 2)
        return 0;
    moved = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
    if (moved < 0)
        return -1;
    close(*fd);
    *fd = moved;
    return 0;
}

static int make_pipe(int p[2])
{
    if (pipe2(p, PIPE_FLAGS) < 0)
        return -1;
    if (above_two(&p[0]) < 0 || above_two(&p[1]) < 0) {
        close_keep(p[0]);
        close_keep(p[1]);
        return -1;
    }
    return 0;
}

static int wait_for(pid_t pid, int *code)
{
    int st;

    while (waitpid(pid, &st, 0) < 0)
        if (errno != EINTR)
            return -1;
    *code = status_to_code(st);
    return 0;
}

static void set_action(int sig, void (*how)(int), struct sigaction *old)
{
    struct sigaction sa;

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = how;
    sigemptyset(&sa.sa_mask);
    sigaction(sig, &sa, old);
}

/* What the functions that start children change, and put back. SIGCHLD: whoever ignores it has no exit codes. */
struct saved {
    struct sigaction pipe, chld;
};

static void signals_in(struct saved *s)
{
    set_action(SIGPIPE, SIG_IGN, &s->pipe);
    sigaction(SIGCHLD, NULL, &s->chld);
    if (s->chld.sa_handler == SIG_IGN || (s->chld.sa_flags & SA_NOCLDWAIT))
        set_action(SIGCHLD, SIG_DFL, NULL);
}

static void signals_out(const struct saved *s)
{
    int e = errno;

    sigaction(SIGPIPE, &s->pipe, NULL);
    sigaction(SIGCHLD, &s->chld, NULL);
    errno = e;
}

static void say(const char *program, const char *what)
{
    dprintf(STDERR_FILENO, "%s: %s: %s\n", program, what, strerror(errno));
}

/* fd becomes 'as' in a child that is about to exec. A closed one stays closed. */
static void put(int fd, int as)
{
    if (fd == as) {
        int flags = fcntl(fd, F_GETFD);

        if (flags >= 0)
            fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC);
    } else if (dup2(fd, as) < 0) {
        close(as);
    }
}

static void not_for_command(int fd)
{
    if (fd > 2)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* The child's side of a command. Does not return. */
static void become(const char *program, char *const argv[], int in, int out)
{
    sigset_t none;
    int code;

    if (out == STDIN_FILENO && in != STDIN_FILENO) {
        out = fcntl(out, F_DUPFD_CLOEXEC, 3);
        if (out < 0) {
            say(program, argv[0]);
            _exit(126);
        }
    }
    put(in, STDIN_FILENO);
    put(out, STDOUT_FILENO);
    set_action(SIGPIPE, SIG_DFL, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(argv[0], argv);
    code = errno == ENOENT ? 127 : 126;
    set_action(SIGPIPE, SIG_IGN, NULL);
    say(program, argv[0]);
    _exit(code);
}

/* A. ------------------------------------------------------------------------------------------- */

ssize_t io_read_full(int fd, void *buf, size_t n)
{
    char *p = buf;
    size_t got = 0;

    while (got < n) {
        ssize_t r = read_some(fd, p + got, n - got);

        if (r < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        if (r == 0)
            break;
        got += (size_t)r;
    }
    return (ssize_t)got;
}

int io_write_full(int fd, const void *buf, size_t n)
{
    const char *p = buf;

    while (n > 0) {
        ssize_t w = write(fd, p, n);

        if (w < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

int msg_send(int fd, const void *buf, size_t len)
{
    unsigned char head[4];

    if (len > MSG_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    head[0] = (unsigned char)(len >> 24);
    head[1] = (unsigned char)(len >> 16);
    head[2] = (unsigned char)(len >> 8);
    head[3] = (unsigned char)len;
    if (io_write_full(fd, head, sizeof(head)) < 0)
        return -1;
    return io_write_full(fd, buf, len);
}

static ssize_t body(int fd, void *buf, size_t n)
{
    ssize_t r = io_read_full(fd, buf, n);

    if (r < 0)
        return -1;
    if ((size_t)r < n) {
        errno = EPROTO;
        return -1;
    }
    return r;
}

ssize_t msg_recv(int fd, void *buf, size_t cap)
{
    unsigned char head[4];
    char bin[1024];
    size_t len;
    ssize_t r = io_read_full(fd, head, sizeof(head));

    if (r < 0)
        return -1;
    if (r == 0)
        return MSG_EOF;
    len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (r < 4 || len > MSG_MAX) {
        errno = EPROTO;
        return -1;
    }
    if (len <= cap)
        return body(fd, buf, len);
    while (len > 0) {
        size_t piece = len < sizeof(bin) ? len : sizeof(bin);

        if (body(fd, bin, piece) < 0)
            return -1;
        len -= piece;
    }
    errno = EMSGSIZE;
    return -1;
}

/* B. ------------------------------------------------------------------------------------------- */

static int relay_child(int fd, int out_fd)
{
    char *text = NULL;
    size_t room = 0, len = 0;
    int code = EXIT_OK;

    for (;;) {
        ssize_t r;

        if (len == room) {
            char *more = realloc(text, room + 65536);

            if (!more) {
                code = EXIT_FAILED;
                break;
            }
            text = more;
            room += 65536;
        }
        r = io_read_full(fd, text + len, room - len);
        if (r < 0)
            code = EXIT_FAILED;
        if (r <= 0)
            break;
        len += (size_t)r;
    }
    if (code == EXIT_OK && (io_write_full(out_fd, "child: ", 7) < 0 || io_write_full(out_fd, text, len) < 0 ||
                            io_write_full(out_fd, "\n", 1) < 0))
        code = EXIT_FAILED;
    if (code != EXIT_OK)
        say("hello", "child");
    free(text);
    close(fd);
    return code;
}

int relay_to_child(const void *msg, size_t len, int out_fd)
{
    struct saved old;
    int p[2], code = -1, failed = 0;
    pid_t pid;

    if (make_pipe(p) < 0)
        return -1;
    signals_in(&old);
    pid = fork_flushed();
    if (pid == 0) {
        close(p[1]);
        _exit(relay_child(p[0], out_fd));
    }
    close_keep(p[0]);
    if (pid > 0 && io_write_full(p[1], msg, len) < 0 && errno != EPIPE)
        failed = errno;
    close_keep(p[1]);
    if (pid > 0 && wait_for(pid, &code) < 0)
        code = -1;
    if (failed) {
        errno = failed;
        code = -1;
    }
    signals_out(&old);
    return code;
}

/* The first line of standard input. Its length, or -1. */
static ssize_t first_line(char *line, size_t room)
{
    size_t len = 0;

    for (;;) {
        ssize_t r = read_some(STDIN_FILENO, line + len, room - len);
        char *lf;

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -1;
        if (r == 0)
            return (ssize_t)len;
        lf = memchr(line + len, '\n', (size_t)r);
        if (lf)
            return lf - line;
        len += (size_t)r;
        if (len == room) {
            errno = EMSGSIZE;
            return -1;
        }
    }
}

int hello_run(void)
{
    char line[HELLO_MAX + 1];
    ssize_t len = first_line(line, sizeof(line));
    int code;

    if (len < 0) {
        warn("line");
        return EXIT_FAILED;
    }
    code = relay_to_child(line, (size_t)len, STDOUT_FILENO);
    if (code < 0) {
        say("hello", "child");
        return EXIT_FAILED;
    }
    printf("parent: child exited %d\n", code);
    if (fflush(stdout) == EOF) {
        warn("standard output");
        return EXIT_FAILED;
    }
    return code;
}

/* C. ------------------------------------------------------------------------------------------- */

struct way {
    int from, to;
    size_t start, end;
    char buf[32768];
};

static int pending(const struct way *w)
{
    return w->start < w->end;
}

/* Copies in both directions. 0, or the errno of the first failure of in_fd or out_fd. */
static int shuttle(int in_fd, int *to, int *from, int out_fd)
{
    static struct way up, down;
    int failed = 0;

    up.start = up.end = down.start = down.end = 0;
    while (*to >= 0 || *from >= 0 || pending(&down)) {
        struct pollfd p[4] = {
            {*to >= 0 && !pending(&up) ? in_fd : -1, POLLIN, 0},
            {*to, (short)(pending(&up) ? POLLOUT : 0), 0},
            {!pending(&down) ? *from : -1, POLLIN, 0},
            {pending(&down) ? out_fd : -1, POLLOUT, 0},
        };
        ssize_t n;

        if (poll(p, 4, -1) < 0) {
            if (errno == EINTR)
                continue;
            failed = errno;
            break;
        }
        if (p[1].revents && pending(&up)) {
            n = write(*to, up.buf + up.start, up.end - up.start);
            if (n > 0)
                up.start += (size_t)n;
            if (n < 0 && errno != EINTR && errno != EAGAIN) {
                if (errno != EPIPE)
                    failed = errno;
                close(*to);
                *to = -1;
            }
        } else if (p[1].revents) { /* nobody reads any more */
            close(*to);
            *to = -1;
        } else if (p[0].revents) {
            n = read_some(in_fd, up.buf, sizeof(up.buf));
            if (n > 0) {
                up.start = 0;
                up.end = (size_t)n;
            } else if (n == 0 || errno != EINTR) {
                if (n < 0)
                    failed = errno;
                close(*to);
                *to = -1;
            }
        }
        if (p[2].revents) {
            n = read_some(*from, down.buf, sizeof(down.buf));
            if (n > 0) {
                down.start = 0;
                down.end = (size_t)n;
            } else if (n == 0 || errno != EINTR) {
                if (n < 0)
                    failed = errno;
                close(*from);
                *from = -1;
            }
        }
        if (p[3].revents) {
            size_t piece = down.end - down.start;

            n = write(out_fd, down.buf + down.start, piece < PIPE_BUF ? piece : PIPE_BUF);
            if (n > 0)
                down.start += (size_t)n;
            if (n < 0 && errno != EINTR) {
                failed = errno;
                break;
            }
        }
    }
    return failed;
}

int filter_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    struct saved old;
    int in[2], out[2], failed;
    pid_t pid;

    if (make_pipe(in) < 0)
        return -1;
    if (make_pipe(out) < 0) {
        close_keep(in[0]);
        close_keep(in[1]);
        return -1;
    }
    signals_in(&old);
    pid = fork_flushed();
    if (pid == 0) {
        not_for_command(in_fd);
        not_for_command(out_fd);
        become("filter", argv, in[0], out[1]);
    }
    failed = pid < 0 ? errno : 0;
    close(in[0]);
    close(out[1]);
    if (pid > 0) {
        fcntl(in[1], F_SETFL, fcntl(in[1], F_GETFL) | O_NONBLOCK);
        failed = shuttle(in_fd, &in[1], &out[0], out_fd);
    }
    close_keep(in[1]);
    close_keep(out[0]);
    if (pid > 0 && wait_for(pid, code) < 0 && !failed)
        failed = errno;
    signals_out(&old);
    errno = failed ? failed : errno;
    return failed ? -1 : 0;
}

/* D. ------------------------------------------------------------------------------------------- */

int pipeline_run(char **const stages[], size_t n, int in_fd, int out_fd, int codes[])
{
    struct saved old;
    pid_t *pids;
    size_t started;
    int prev = -1, failed = 0, ignored;

    if (n == 0) {
        errno = EINVAL;
        return -1;
    }
    pids = calloc(n, sizeof(*pids));
    if (!pids)
        return -1;
    signals_in(&old);
    for (started = 0; started < n && !failed; started++) {
        int p[2] = {-1, -1};
        pid_t pid;

        if (started + 1 < n && make_pipe(p) < 0) {
            failed = errno;
            break;
        }
        pid = fork_flushed();
        if (pid == 0) {
            free(pids);
            not_for_command(in_fd);
            not_for_command(out_fd);
            become("pipeline", stages[started], prev >= 0 ? prev : in_fd, p[1] >= 0 ? p[1] : out_fd);
        }
        if (pid < 0)
            failed = errno;
        close_keep(prev);
        close_keep(p[1]);
        prev = p[0];
        if (failed)
            break;
        pids[started] = pid;
    }
    close_keep(prev);
    for (size_t i = 0; failed && i < started; i++)
        kill(pids[i], SIGKILL);
    for (size_t i = 0; i < started; i++)
        if (wait_for(pids[i], failed ? &ignored : &codes[i]) < 0 && !failed)
            failed = errno;
    free(pids);
    signals_out(&old);
    errno = failed ? failed : errno;
    return failed ? -1 : 0;
}

int status_to_code(int wstatus)
{
    return WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus) : WEXITSTATUS(wstatus);
}

/* E. ------------------------------------------------------------------------------------------- */

int rec_send(int fd, uint32_t worker, uint32_t seq, size_t size)
{
    unsigned char rec[PIPE_BUF];
    uint32_t head[3] = {worker, seq, (uint32_t)size};
    ssize_t w;

    if (size < REC_MIN || size > PIPE_BUF) {
        errno = EINVAL;
        return -1;
    }
    memcpy(rec, head, sizeof(head));
    memset(rec + sizeof(head), (int)((worker + seq) & 0xff), size - sizeof(head));
    do
        w = write(fd, rec, size);
    while (w < 0 && errno == EINTR);
    if (w >= 0 && (size_t)w != size) {
        errno = EIO;
        return -1;
    }
    return w < 0 ? -1 : 0;
}

int rec_collect(int fd, size_t size, uint32_t counts[], size_t nworkers)
{
    unsigned char rec[PIPE_BUF];
    uint32_t head[3];
    ssize_t r;

    if (size < REC_MIN || size > PIPE_BUF) {
        errno = EINVAL;
        return -1;
    }
    while ((r = io_read_full(fd, rec, size)) > 0) {
        int good = (size_t)r == size;

        if (good) {
            memcpy(head, rec, sizeof(head));
            good = head[0] < nworkers && head[2] == size;
        }
        for (size_t i = sizeof(head); good && i < size; i++)
            good = rec[i] == ((head[0] + head[1]) & 0xff);
        if (!good) {
            errno = EPROTO;
            return -1;
        }
        counts[head[0]]++;
    }
    return r < 0 ? -1 : 0;
}

/* What a worker says of itself before it begins. */
struct note {
    uint32_t worker, records;
    uint64_t pid;
};

/* Reports, then waits for its byte from the gate: all begin together. */
static int worker(int ready, int gate, int fd, uint32_t me, uint32_t records, size_t size)
{
    struct note note = {me, records, (uint64_t)getpid()};
    char go;

    if (io_write_full(ready, &note, sizeof(note)) < 0 || io_read_full(gate, &go, 1) != 1)
        return EXIT_FAILED;
    for (uint32_t seq = 0; seq < records; seq++)
        if (rec_send(fd, me, seq, size) < 0)
            return EXIT_FAILED;
    return EXIT_OK;
}

int fanin_run(size_t workers, uint32_t records, size_t size)
{
    uint32_t counts[64] = {0};
    pid_t pids[64];
    size_t n = 0, bad = workers;
    int p[2], gate[2], ready[2], failed = 0, code;
    struct note note;
    unsigned long total = 0;
    const char *what = "pipe";

    if (workers > 64 || make_pipe(p) < 0) {
        say("fanin", what);
        return EXIT_FAILED;
    }
    if (make_pipe(gate) < 0) {
        say("fanin", what);
        close(p[0]);
        close(p[1]);
        return EXIT_FAILED;
    }
    if (make_pipe(ready) < 0) {
        say("fanin", what);
        close(p[0]);
        close(p[1]);
        close(gate[0]);
        close(gate[1]);
        return EXIT_FAILED;
    }
    for (; n < workers; n++) {
        pids[n] = fork_flushed();
        if (pids[n] == 0) {
            close(p[0]);
            close(gate[1]);
            close(ready[0]);
            code = worker(ready[1], gate[0], p[1], (uint32_t)n, records, size);
            close(p[1]);
            close(gate[0]);
            close(ready[1]);
            _exit(code);
        }
        if (pids[n] < 0) {
            failed = errno;
            what = "fork";
            break;
        }
    }
    close(p[1]);
    close(gate[0]);
    close(ready[1]);
    for (size_t i = 0; !failed && i < n; i++)
        if (io_read_full(ready[0], &note, sizeof(note)) != sizeof(note))
            failed = EPIPE;
    close(ready[0]);
    if (!failed && io_write_full(gate[1], "                                                                ", n) < 0)
        failed = errno;
    close(gate[1]);
    if (!failed && rec_collect(p[0], size, counts, workers) < 0) {
        failed = errno;
        what = failed == EPROTO ? "corrupt record" : "records";
    }
    close(p[0]);
    for (size_t i = 0; i < n; i++)
        if (wait_for(pids[i], &code) < 0 || code != 0 || counts[i] != records)
            bad = i;
    if (!failed && bad != workers) {
        failed = EIO;
        what = "worker";
    }
    if (failed) {
        errno = failed;
        say("fanin", what);
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < workers; i++) {
        printf("worker %zu: %u\n", i, (unsigned)counts[i]);
        total += counts[i];
    }
    printf("total %lu\n", total);
    if (fflush(stdout) == EOF) {
        say("fanin", "standard output");
        return EXIT_FAILED;
    }
    return EXIT_OK;
}
