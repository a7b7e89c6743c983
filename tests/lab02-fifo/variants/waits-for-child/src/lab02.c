/* SPDX-License-Identifier: MIT */
/* lab02 - FIFOs. Straightforward: poll, a self-pipe for the signals. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "lab02.h"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* One line on standard error; gives back the code, so that one can say "return complain(...)". */
static int complain(const char *program, const char *what, int code)
{
    (void)program;
    warn("%s", what); /* err(3): "PROGRAM: WHAT: REASON" */
    return code;
}

/* Signals -------------------------------------------------------------------------------------- */

static int sig_pipe[2] = {-1, -1};
static volatile sig_atomic_t sig_seen;

static void on_signal(int sig)
{
    int saved = errno;

    sig_seen = sig;
    if (write(sig_pipe[1], "", 1) < 0) {
        /* full: then it is readable anyway */
    }
    errno = saved;
}

static int signals_start(void)
{
    struct sigaction sa;

    if (pipe2(sig_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    memset(&sa, 0, sizeof(sa));
    sigemptyset(&sa.sa_mask);
    sa.sa_handler = on_signal;
    if (sigaction(SIGTERM, &sa, NULL) < 0 || sigaction(SIGINT, &sa, NULL) < 0)
        return -1;
    sa.sa_handler = SIG_IGN;
    return sigaction(SIGPIPE, &sa, NULL);
}

static void signals_end(void)
{
    struct sigaction sa;

    memset(&sa, 0, sizeof(sa));
    sigemptyset(&sa.sa_mask);
    sa.sa_handler = SIG_IGN;
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    close(sig_pipe[0]);
    close(sig_pipe[1]);
    sig_pipe[0] = sig_pipe[1] = -1;
}

/* Waits until fd has something. 1: it has; 0: a signal or the time is over; -1: error. */
static int wait_for(int fd, short events, int timeout_ms)
{
    struct pollfd p[2];
    int r;

    for (;;) {
        if (sig_seen)
            return 0;
        p[0].fd = sig_pipe[0];
        p[0].events = POLLIN;
        p[1].fd = fd;
        p[1].events = events;
        r = poll(p, 2, timeout_ms);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -1;
        if (sig_seen || r == 0)
            return 0;
        if (p[1].revents)
            return 1;
    }
}

/* A. FIFO basics ------------------------------------------------------------------------------- */

static int is_fifo(const char *path)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return -1;
    return S_ISFIFO(st.st_mode);
}

int fifo_ensure(const char *path, mode_t mode)
{
    if (mkfifo(path, mode) == 0)
        return 1;
    if (errno != EEXIST)
        return -1;
    if (is_fifo(path) == 1)
        return 0;
    errno = EEXIST;
    return -1;
}

static int check_fifo_fd(int fd)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

int fifo_open_server(const char *path, int *keep_fd)
{
    int fd, saved;

    *keep_fd = -1;
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -1;
    fd = check_fifo_fd(fd);
    if (fd < 0)
        return -1;
    *keep_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (*keep_fd < 0) {
        saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

int fifo_open_client(const char *path, int wait)
{
    struct stat st;
    int fd, flags;

    if (stat(path, &st) < 0)
        return -1;
    if (!S_ISFIFO(st.st_mode)) {
        errno = EINVAL;
        return -1;
    }
    fd = open(path, O_WRONLY | O_CLOEXEC | (wait ? 0 : O_NONBLOCK));
    if (fd < 0)
        return -1;
    fd = check_fifo_fd(fd);
    if (fd < 0 || wait)
        return fd;
    flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    return fd;
}

int fifosend_run(const char *path, int wait, long count, const char *text)
{
    char line[PIPE_BUF + 1];
    struct sigaction sa;
    size_t len = 0;
    long i;
    int fd;

    if (text != NULL) {
        len = strlen(text);
        if (len + 1 > PIPE_BUF) {
            errno = EMSGSIZE;
            return complain("fifosend", "TEXT", EXIT_FAILED);
        }
        memcpy(line, text, len);
        line[len++] = '\n';
    }
    memset(&sa, 0, sizeof(sa));
    sigemptyset(&sa.sa_mask);
    sa.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &sa, NULL);

    fd = fifo_open_client(path, wait);
    if (fd < 0)
        return complain("fifosend", path,
                        errno == ENXIO || errno == ENOENT || errno == EINVAL ? EXIT_NO_PEER : EXIT_FAILED);
    for (i = 0; i < count; i++) {
        ssize_t w;

        if (text == NULL)
            len = (size_t)snprintf(line, sizeof(line), "Message %ld - Number %ld\n", (long)getpid(), i);
        do
            w = write(fd, line, len);
        while (w < 0 && errno == EINTR);
        if (w < 0) {
            complain("fifosend", path, EXIT_FAILED);
            close(fd);
            return EXIT_FAILED;
        }
    }
    close(fd);
    return EXIT_OK;
}

/* Lines out of bytes --------------------------------------------------------------------------- */

struct lb {
    size_t max;  /* bytes of a line without its LF */
    size_t have;
    int skip;    /* dropping the rest of a line that was too long */
    char buf[];
};

lb_t *lb_new(size_t maxline)
{
    size_t max = maxline > 0 ? maxline - 1 : 0;
    lb_t *lb = malloc(sizeof(*lb) + max + 1);

    if (lb != NULL) {
        lb->max = max;
        lb->have = 0;
        lb->skip = 0;
    }
    return lb;
}

void lb_free(lb_t *lb)
{
    free(lb);
}

int lb_feed(lb_t *lb, const char *p, size_t n,
            void (*line)(const char *s, size_t len, int overlong, void *arg), void *arg)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (p[i] == '\n') {
            if (!lb->skip)
                line(lb->buf, lb->have, 0, arg);
            lb->skip = 0;
            lb->have = 0;
        } else if (lb->skip) {
            continue;
        } else if (lb->have == lb->max) {
            line(lb->buf, lb->have, 1, arg);
            lb->skip = 1;
        } else {
            lb->buf[lb->have++] = p[i];
        }
    }
    return 0;
}

int lb_finish(lb_t *lb, void (*line)(const char *s, size_t len, int overlong, void *arg), void *arg)
{
    if (!lb->skip && lb->have > 0)
        line(lb->buf, lb->have, 0, arg);
    lb->skip = 0;
    lb->have = 0;
    return 0;
}

/* Names: who made it may remove it, but only if it is still the same one. */
struct name {
    const char *path;
    dev_t dev;
    ino_t ino;
};

static int name_note(struct name *n, const char *path, int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -1;
    n->path = path;
    n->dev = st.st_dev;
    n->ino = st.st_ino;
    return 0;
}

static void name_remove(const struct name *n)
{
    struct stat st;

    if (lstat(n->path, &st) == 0 && st.st_dev == n->dev && st.st_ino == n->ino)
        unlink(n->path);
}

/* B. fifolog ----------------------------------------------------------------------------------- */

static void log_line(const char *s, size_t len, int overlong, void *arg)
{
    long k = *(long *)arg;

    if (overlong) {
        printf("-- overlong %ld\n", k);
    } else {
        printf("[%ld] ", k);
        fwrite(s, 1, len, stdout);
        putchar('\n');
    }
    fflush(stdout);
}

/* One session. 1: it ended; 0: a signal; -1: error. */
static int log_session(int fd, lb_t *lb, long k)
{
    char buf[4096];
    ssize_t n;
    int r;

    for (;;) {
        r = wait_for(fd, POLLIN, -1); /* a read end that never had a writer has no POLLHUP */
        if (r <= 0)
            return r;
        n = read(fd, buf, sizeof(buf));
        if (n > 0)
            lb_feed(lb, buf, (size_t)n, log_line, &k);
        else if (n == 0)
            return 1;
        else if (errno != EAGAIN && errno != EINTR)
            return -1;
    }
}

static int log_sessions(const char *path, long sessions, int made, lb_t *lb)
{
    struct name name = {NULL, 0, 0};
    long k;
    int fd, r = 1;

    for (k = 1; r > 0 && (sessions == 0 || k <= sessions); k++) {
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0)
            fd = check_fifo_fd(fd);
        if (fd < 0) {
            r = -1;
            break;
        }
        fcntl(fd, F_SETPIPE_SZ, 4096); /* a slow log must not let its writers run ahead */
        if (k == 1) {
            name_note(&name, path, fd);
            printf("READY %s\n", path);
            fflush(stdout);
        }
        r = log_session(fd, lb, k);
        if (r > 0)
            lb_finish(lb, log_line, &k);
        close(fd);
        if (r > 0) {
            printf("-- eof %ld\n", k);
            fflush(stdout);
        }
    }
    if (r < 0)
        complain("fifolog", path, EXIT_FAILED);
    if (made && name.path != NULL)
        name_remove(&name);
    return r < 0 ? EXIT_FAILED : EXIT_OK;
}

int fifolog_run(const char *path, long sessions)
{
    int made, code;
    lb_t *lb;

    if (signals_start() < 0)
        return complain("fifolog", "signals", EXIT_FAILED);
    made = fifo_ensure(path, 0666);
    lb = lb_new(LOG_MAX);
    if (made < 0)
        code = complain("fifolog", path, errno == EEXIST ? EXIT_IN_USE : EXIT_FAILED);
    else if (lb == NULL)
        code = complain("fifolog", "memory", EXIT_FAILED);
    else
        code = log_sessions(path, sessions, made, lb);
    lb_free(lb);
    signals_end();
    return code;
}

/* What led and fifod have in common ------------------------------------------------------------ */

/* Takes the name, alone. The read end; or -1, with the exit code in *code. */
static int server_take(const char *program, const char *path, int *keep_fd, int *code)
{
    int fd, made;

    made = fifo_ensure(path, 0666);
    if (made < 0) {
        *code = complain(program, path, errno == EEXIST ? EXIT_IN_USE : EXIT_FAILED);
        return -1;
    }
    if (made == 0) {
        fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0) {
            close(fd);
            errno = EADDRINUSE;
            *code = complain(program, path, EXIT_IN_USE);
            return -1;
        }
        if (errno != ENXIO) {
            *code = complain(program, path, EXIT_FAILED);
            return -1;
        }
    }
    fd = fifo_open_server(path, keep_fd);
    if (fd < 0)
        *code = complain(program, path, EXIT_FAILED);
    return fd;
}

static int server_run(const char *program, const char *path, size_t maxline,
                      void (*line)(const char *s, size_t len, int overlong, void *arg),
                      void (*bye)(void *arg, const struct name *name), void *arg)
{
    int fd, keep, r, code = EXIT_FAILED;
    char buf[4096];
    struct name name;
    lb_t *lb;

    if (signals_start() < 0)
        return complain(program, "signals", EXIT_FAILED);
    lb = lb_new(maxline);
    if (lb == NULL)
        return complain(program, "memory", EXIT_FAILED);
    fd = server_take(program, path, &keep, &code);
    if (fd >= 0) {
        name_note(&name, path, fd);
        printf("READY %s\n", path);
        fflush(stdout);
        while ((r = wait_for(fd, POLLIN, -1)) > 0) {
            ssize_t n = read(fd, buf, sizeof(buf));

            if (n > 0)
                lb_feed(lb, buf, (size_t)n, line, arg);
        }
        code = r < 0 ? complain(program, path, EXIT_FAILED) : EXIT_OK;
        bye(arg, &name);
        fflush(stdout);
        close(fd);
        close(keep);
    }
    lb_free(lb);
    signals_end();
    return code;
}

/* C. led --------------------------------------------------------------------------------------- */

static void led_line(const char *s, size_t len, int overlong, void *arg)
{
    unsigned long *presses = arg;

    if (overlong || len != 5 || memcmp(s, "press", 5) != 0)
        return;
    ++*presses;
    printf("LED %s\n", *presses % 2 ? "on" : "off");
    fflush(stdout);
}

static void led_bye(void *arg, const struct name *name)
{
    unsigned long *presses = arg;

    printf("presses=%lu\n", *presses);
    fflush(stdout);
    name_remove(name);
}

int led_run(const char *path)
{
    unsigned long presses = 0;

    return server_run("led", path, REQ_MAX, led_line, led_bye, &presses);
}

/* D. Requests and replies ---------------------------------------------------------------------- */

int req_format(const struct request *r, char *buf, size_t cap)
{
    char line[REQ_MAX + 64];
    int n;

    n = snprintf(line, sizeof(line), "%ld %" PRIu32 " %s%s%s\n", (long)r->pid, r->seq, r->op,
                 r->arg[0] ? " " : "", r->arg);
    if (n > REQ_MAX || (size_t)n > cap) {
        errno = EMSGSIZE;
        return -1;
    }
    memcpy(buf, line, (size_t)n);
    return n;
}

/* A decimal number up to max and the space behind it. Where it goes on, or NULL. */
static const char *number(const char *p, const char *end, uint64_t max, uint64_t *v)
{
    const char *start = p;

    *v = 0;
    while (p < end && *p >= '0' && *p <= '9') {
        *v = *v * 10 + (uint64_t)(*p++ - '0');
        if (*v > max)
            return NULL;
    }
    if (p == start || p == end || *p != ' ')
        return NULL;
    return p + 1;
}

static int parse(const char *p, size_t len, struct request *r)
{
    const char *end = p + len;
    uint64_t pid, seq;
    size_t i, n;

    if (len + 1 > REQ_MAX)
        return -1;
    for (i = 0; i < len; i++)
        if ((unsigned char)p[i] < 32 || p[i] == 127)
            return -1;
    p = number(p, end, 2147483647, &pid);
    if (p == NULL || pid == 0)
        return -1;
    p = number(p, end, 4294967295U, &seq);
    if (p == NULL)
        return -1;
    for (n = 0; p + n < end && p[n] != ' '; n++)
        ;
    if (n == 0 || n >= sizeof(r->op))
        return -1;
    r->pid = (pid_t)pid;
    r->seq = (uint32_t)seq;
    memcpy(r->op, p, n);
    r->op[n] = '\0';
    p += n;
    if (p < end)
        p++; /* the space */
    memcpy(r->arg, p, (size_t)(end - p));
    r->arg[end - p] = '\0';
    return 0;
}

int req_parse(const char *line, size_t len, struct request *r)
{
    if (parse(line, len, r) == 0)
        return 0;
    errno = EBADMSG;
    return -1;
}

int reply_path(const char *server, pid_t pid, char *buf, size_t cap)
{
    int n = snprintf(buf, cap, "%s.%ld", server, (long)pid);

    if (n < 0 || (size_t)n >= cap) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return n;
}

struct service {
    const char *path;
    unsigned long served, dropped, next;
};

static int deliver(const char *path, const char *reply, size_t len)
{
    struct stat st;
    ssize_t w;
    int fd;

    if (lstat(path, &st) < 0 || !S_ISFIFO(st.st_mode))
        return -1;
    fd = open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    fd = check_fifo_fd(fd);
    if (fd < 0)
        return -1;
    w = write(fd, reply, len);
    close(fd);
    return w == (ssize_t)len ? 0 : -1;
}

/* "ADD a b": a number is a sign, perhaps, and digits. */
static const char *skip_number(const char *p)
{
    if (*p == '-' || *p == '+')
        p++;
    if (!isdigit((unsigned char)*p))
        return NULL;
    while (isdigit((unsigned char)*p))
        p++;
    return p;
}

static void op_add(const char *arg, char *text, size_t cap)
{
    const char *b = skip_number(arg);
    const char *end;
    long long x, y, sum;

    if (b == NULL || *b != ' ' || (end = skip_number(b + 1)) == NULL || *end != '\0') {
        snprintf(text, cap, "ERR arg");
        return;
    }
    errno = 0;
    x = strtoll(arg, NULL, 10);
    y = strtoll(b + 1, NULL, 10);
    if (errno == ERANGE || __builtin_add_overflow(x, y, &sum))
        snprintf(text, cap, "ERR range");
    else
        snprintf(text, cap, "OK %lld", sum);
}

static void service_line(const char *s, size_t len, int overlong, void *arg)
{
    struct service *sv = arg;
    struct request r;
    char text[REQ_MAX + 16], reply[REQ_MAX + 32], path[PATH_MAX];
    char *p;
    int n;

    if (overlong || req_parse(s, len, &r) < 0)
        return;
    if (strcmp(r.op, "ECHO") == 0) {
        snprintf(text, sizeof(text), "OK %s", r.arg);
    } else if (strcmp(r.op, "UPPER") == 0) {
        for (p = r.arg; *p; p++)
            if (*p >= 'a' && *p <= 'z')
                *p = (char)(*p - 'a' + 'A');
        snprintf(text, sizeof(text), "OK %s", r.arg);
    } else if (strcmp(r.op, "ADD") == 0) {
        op_add(r.arg, text, sizeof(text));
    } else if (strcmp(r.op, "NEXT") == 0) {
        snprintf(text, sizeof(text), "OK %lu", sv->next++);
    } else if (strcmp(r.op, "STATS") == 0) {
        snprintf(text, sizeof(text), "OK served=%lu dropped=%lu", sv->served, sv->dropped);
    } else {
        snprintf(text, sizeof(text), "ERR op");
    }
    n = snprintf(reply, sizeof(reply), "%" PRIu32 " %s\n", r.seq, text);
    if (reply_path(sv->path, r.pid, path, sizeof(path)) >= 0 && deliver(path, reply, (size_t)n) == 0)
        sv->served++;
    else
        sv->dropped++;
}

static void service_bye(void *arg, const struct name *name)
{
    struct service *sv = arg;

    name_remove(name);
    printf("BYE served=%lu dropped=%lu\n", sv->served, sv->dropped);
}

int fifod_run(const char *path)
{
    struct service sv = {path, 0, 0, 0};

    return server_run("fifod", path, REQ_MAX, service_line, service_bye, &sv);
}

/* fifoc ---------------------------------------------------------------------------------------- */

struct answer {
    const char *op;
    uint32_t seq;
    int code; /* -1: none yet */
};

static void answer_line(const char *s, size_t len, int overlong, void *arg)
{
    struct answer *a = arg;
    uint64_t seq;
    const char *end = s + len;
    const char *p = number(s, end, 4294967295U, &seq);

    if (overlong || a->code >= 0 || p == NULL || seq != a->seq)
        return;
    if (end - p >= 2 && memcmp(p, "OK", 2) == 0 && (p + 2 == end || p[2] == ' ')) {
        p += p + 2 == end ? 2 : 3;
        fwrite(p, 1, (size_t)(end - p), stdout);
        putchar('\n');
        a->code = fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
    } else if (end - p >= 4 && memcmp(p, "ERR ", 4) == 0) {
        p += 4;
        warnx("%s: %.*s", a->op, (int)(end - p), p);
        a->code = EXIT_FAILED;
    }
}


/* The child sends and receives, with blocking calls; its exit code is ours. */
static int child_asks(int rd, int fd, const char *line, size_t len, struct answer *a)
{
    char buf[4096];
    lb_t *lb = lb_new(LOG_MAX);
    ssize_t n;

    if (lb == NULL)
        return EXIT_FAILED;
    if (write(fd, line, len) < 0) {
        lb_free(lb);
        return complain("fifoc", "request", errno == EPIPE ? EXIT_NO_PEER : EXIT_FAILED);
    }
    while (a->code < 0 && (n = read(rd, buf, sizeof(buf))) != 0)
        if (n > 0)
            lb_feed(lb, buf, (size_t)n, answer_line, a);
    lb_free(lb);
    return a->code < 0 ? EXIT_FAILED : a->code;
}

/* The parent sleeps in waitpid, until the child has ended or a signal comes. */
static int parent_waits(int rd, int fd, const char *line, size_t len, struct answer *a, int timeout_ms, int keep)
{
    const struct itimerval t = {{0, 50000}, {timeout_ms / 1000, timeout_ms % 1000 * 1000 + 1}};
    struct sigaction sa;
    int status;
    pid_t pid;

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = on_signal;
    sigemptyset(&sa.sa_mask);
    sigaction(SIGALRM, &sa, NULL);
    fflush(stdout);
    pid = fork();
    if (pid < 0)
        return complain("fifoc", "fork", EXIT_FAILED);
    if (pid == 0) {
        struct sigaction dfl;

        memset(&dfl, 0, sizeof(dfl));
        dfl.sa_handler = SIG_DFL;
        sigaction(SIGTERM, &dfl, NULL);
        sigaction(SIGINT, &dfl, NULL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        status = child_asks(rd, fd, line, len, a);
        close(rd);
        close(fd);
        close(keep);
        close(sig_pipe[0]);
        close(sig_pipe[1]);
        _exit(status);
    }
    /* The timer comes again and again after its time, so that a signal just before waitpid is not missed;
     * before its time nothing ticks. */
    setitimer(ITIMER_REAL, &t, NULL);
    while (waitpid(pid, &status, 0) < 0) {
        if (sig_seen) {
            kill(pid, SIGKILL);
            while (waitpid(pid, &status, 0) < 0)
                ;
            status = sig_seen == SIGALRM ? EXIT_TIMEOUT << 8 : (128 + sig_seen) << 8;
            if (sig_seen == SIGALRM) {
                errno = ETIMEDOUT;
                complain("fifoc", "reply", 0);
                sig_seen = 0;
            }
            break;
        }
    }
    {
        const struct itimerval off = {{0, 0}, {0, 0}};

        setitimer(ITIMER_REAL, &off, NULL);
        sa.sa_handler = SIG_IGN; /* forgets one that is still on its way */
        sigaction(SIGALRM, &sa, NULL);
        if (sig_seen == SIGALRM)
            sig_seen = 0;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static int ask(const char *path, const char *mine, const struct request *rq, const char *line, size_t len,
               int timeout_ms)
{
    struct answer a = {rq->op, rq->seq, -1};
    int rd, keep, fd, code;

    if (fifo_ensure(mine, 0600) < 0) {
        if (errno == ENOENT)
            return complain("fifoc", path, EXIT_NO_PEER);
        return complain("fifoc", mine, errno == EEXIST ? EXIT_IN_USE : EXIT_FAILED);
    }
    rd = fifo_open_server(mine, &keep);
    if (rd < 0) {
        code = complain("fifoc", mine, EXIT_FAILED);
        unlink(mine);
        return code;
    }
    fd = fifo_open_client(path, 0);
    if (fd < 0) {
        code = complain("fifoc", path,
                        errno == ENXIO || errno == ENOENT || errno == EINVAL ? EXIT_NO_PEER : EXIT_FAILED);
    } else {
        fcntl(rd, F_SETFL, 0); /* blocking */
        code = parent_waits(rd, fd, line, len, &a, timeout_ms, keep);
        close(fd);
    }
    close(rd);
    close(keep);
    unlink(mine);
    return code;
}

/* Joins the arguments. -1: too long. */
static int join(char *buf, size_t cap, char *const args[])
{
    size_t have = 0;
    int i;

    buf[0] = '\0';
    for (i = 0; args[i] != NULL; i++) {
        size_t n = strlen(args[i]);

        if (have + n + 2 > cap)
            return -1;
        if (i > 0)
            buf[have++] = ' ';
        memcpy(buf + have, args[i], n + 1);
        have += n;
    }
    return 0;
}

int fifoc_run(const char *path, int timeout_ms, const char *op, char *const args[])
{
    struct request rq, again;
    char line[REQ_MAX], mine[PATH_MAX];
    int len = -1, code;

    memset(&rq, 0, sizeof(rq));
    rq.pid = getpid();
    rq.seq = 1;
    errno = EMSGSIZE;
    if (strlen(op) < sizeof(rq.op) && join(rq.arg, sizeof(rq.arg), args) == 0) {
        memcpy(rq.op, op, strlen(op) + 1);
        len = req_format(&rq, line, sizeof(line));
        if (len > 0 && (req_parse(line, (size_t)len - 1, &again) < 0 || strcmp(again.op, op) != 0)) {
            errno = EBADMSG;
            len = -1;
        }
    }
    if (len < 0 || reply_path(path, rq.pid, mine, sizeof(mine)) < 0)
        return complain("fifoc", "request", EXIT_FAILED);
    if (signals_start() < 0)
        return complain("fifoc", "signals", EXIT_FAILED);
    code = ask(path, mine, &rq, line, (size_t)len, timeout_ms);
    if (sig_seen)
        code = 128 + sig_seen;
    signals_end();
    return code;
}
