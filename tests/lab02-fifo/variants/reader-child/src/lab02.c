/* SPDX-License-Identifier: MIT */
/* lab02 - FIFOs, read by a child process; see VARIANT.md. */
#include "lab02.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* One line on stderr for the failure in errno. Returns the exit code for it. */
static int complain(const char *prog, const char *what)
{
    int why = errno;

    fprintf(stderr, "%s: %s: %s\n", prog, what, strerror(why));
    switch (why) {
    case ENOENT:
    case ENXIO:
        return EXIT_NO_PEER;
    case ETIMEDOUT:
        return EXIT_TIMEOUT;
    case EEXIST:
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

/* A. FIFO basics ------------------------------------------------------------------------------- */

int fifo_ensure(const char *path, mode_t mode)
{
    struct stat st;

    if (mkfifo(path, mode) == 0)
        return 1;
    if (errno != EEXIST)
        return -1;
    if (lstat(path, &st) < 0)
        return -1;
    if (S_ISFIFO(st.st_mode))
        return 0;
    errno = EEXIST;
    return -1;
}

int fifo_open_server(const char *path, int *keep_fd)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return -1;
    *keep_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC); /* there is a reader: us */
    return *keep_fd < 0 ? close_failed(fd) : fd;
}

/* Sets the flags of an open descriptor, if it is a FIFO's. The descriptor, or -1 and it is closed. */
static int fifo_with_flags(int fd, int flags)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return close_failed(fd);
    if (!S_ISFIFO(st.st_mode)) {
        errno = EINVAL;
        return close_failed(fd);
    }
    return fcntl(fd, F_SETFL, flags) < 0 ? close_failed(fd) : fd;
}

int fifo_open_client(const char *path, int wait)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | (wait ? 0 : O_NONBLOCK));

    return fd < 0 ? -1 : fifo_with_flags(fd, 0);
}

/* Writes a whole message by one write: up to PIPE_BUF bytes nobody else's can come between. */
static int write_message(int fd, const char *bytes, size_t n)
{
    ssize_t done;

    do
        done = write(fd, bytes, n);
    while (done < 0 && errno == EINTR);
    return done < 0 ? -1 : 0;
}

/* Lines out of bytes --------------------------------------------------------------------------- */

struct lb {
    size_t max, len; /* without the LF */
    int skipping;    /* the line is too long, and was reported: the rest is dropped */
    char text[];
};

lb_t *lb_new(size_t maxline)
{
    lb_t *lb = calloc(1, sizeof(*lb) + maxline);

    if (lb)
        lb->max = maxline - 1;
    return lb;
}

void lb_free(lb_t *lb)
{
    free(lb);
}

int lb_feed(lb_t *lb, const char *p, size_t n,
            void (*line)(const char *s, size_t len, int overlong, void *arg), void *arg)
{
    for (; n > 0; p++, n--) {
        if (*p == '\n') {
            if (!lb->skipping)
                line(lb->text, lb->len, 0, arg);
            lb->skipping = 0;
            lb->len = 0;
        } else if (lb->len < lb->max) {
            lb->text[lb->len++] = *p;
        } else if (!lb->skipping) {
            lb->skipping = 1;
            line(lb->text, lb->len, 1, arg);
        }
    }
    return 0;
}

int lb_finish(lb_t *lb, void (*line)(const char *s, size_t len, int overlong, void *arg), void *arg)
{
    if (lb->len > 0 && !lb->skipping)
        line(lb->text, lb->len, 0, arg);
    lb->skipping = 0;
    lb->len = 0;
    return 0;
}

/* Signals -------------------------------------------------------------------------------------- */

static volatile sig_atomic_t stop_asked; /* the signal */

static void stop_ask(int sig)
{
    stop_asked = sig;
}

/* SIGTERM and SIGINT are delivered in ppoll (with *waiting as its mask) and nowhere else: one that
 * comes between looking at stop_asked and going to sleep is not lost. A peer that is gone is an
 * error of write, not a signal. */
static void signals_catch(sigset_t *waiting)
{
    struct sigaction stop = {.sa_handler = stop_ask}, ignore = {.sa_handler = SIG_IGN};
    sigset_t block;

    sigemptyset(&stop.sa_mask);
    sigemptyset(&ignore.sa_mask);
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigaddset(&block, SIGINT);
    sigprocmask(SIG_BLOCK, &block, waiting);
    sigdelset(waiting, SIGTERM);
    sigdelset(waiting, SIGINT);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

/* ppoll delivers a signal only if it finds nothing else to tell. So that clients that talk without
 * end cannot keep us from stopping, this one has nothing to look at. */
static int stop_wanted(const sigset_t *waiting)
{
    ppoll(NULL, 0, &(struct timespec){0}, waiting);
    return stop_asked;
}

/* A child that reads the FIFO until its end of file and passes on what it reads. */
struct reader {
    pid_t pid;
    int fd; /* where it comes out */
};

static int reader_start(struct reader *r, int fifo, int keep_fd)
{
    int end[2];

    if (pipe2(end, O_CLOEXEC) < 0)
        return -1;
    fflush(stdout);
    r->pid = fork();
    if (r->pid == 0) {
        struct sigaction plain = {.sa_handler = SIG_DFL};
        struct pollfd p = {.fd = fifo, .events = POLLIN};
        char buf[PIPE_BUF];
        sigset_t none;
        ssize_t n;

        sigemptyset(&plain.sa_mask);
        sigaction(SIGTERM, &plain, NULL);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        close(end[0]);
        fcntl(fifo, F_SETFL, 0);
        poll(&p, 1, -1); /* until the first writer comes read would return 0 */
        while ((n = read(fifo, buf, sizeof(buf))) > 0)
            if (write(end[1], buf, (size_t)n) < 0)
                break;
        close(end[1]);
        close(fifo);
        if (keep_fd >= 0)
            close(keep_fd);
        _exit(0);
    }
    close(end[1]);
    r->fd = end[0];
    return r->pid < 0 ? close_failed(end[0]) : 0;
}

static void reader_end(struct reader *r)
{
    kill(r->pid, SIGTERM);
    waitpid(r->pid, NULL, 0);
    close(r->fd);
}

/* A. fifosend ---------------------------------------------------------------------------------- */

int fifosend_run(const char *path, int wait, long count, const char *text)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    char line[PIPE_BUF + 1];
    int code = EXIT_OK, fd, n;

    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
    if (text && strlen(text) >= PIPE_BUF) { /* with its LF it could not be one atomic write */
        errno = EMSGSIZE;
        return complain("fifosend", "text");
    }
    fd = fifo_open_client(path, wait);
    if (fd < 0)
        return complain("fifosend", path);
    for (long i = 0; code == EXIT_OK && i < count; i++) {
        if (text)
            n = snprintf(line, sizeof(line), "%s\n", text);
        else
            n = snprintf(line, sizeof(line), "Message %ld - Number %ld\n", (long)getpid(), i);
        if (write_message(fd, line, (size_t)n) < 0)
            code = complain("fifosend", "write");
    }
    close(fd);
    return code;
}

/* B. fifolog ----------------------------------------------------------------------------------- */

static void log_line(const char *s, size_t len, int overlong, void *arg)
{
    long session = *(long *)arg;

    if (overlong) {
        printf("-- overlong %ld\n", session);
    } else {
        printf("[%ld] ", session);
        fwrite(s, 1, len, stdout); /* any bytes, NULs too */
        putchar('\n');
    }
    fflush(stdout);
}

/* Reads one session until its end of file. 0: it has ended; 1: we are asked to stop; -1. */
static int log_session(int fd, lb_t *lb, long session, const sigset_t *waiting)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char buf[PIPE_BUF];
    ssize_t n;

    for (;;) {
        if (stop_wanted(waiting))
            return 1;
        if (ppoll(&p, 1, NULL, waiting) <= 0)
            continue;
        n = read(fd, buf, sizeof(buf));
        if (n > 0)
            lb_feed(lb, buf, (size_t)n, log_line, &session);
        else if (n == 0)
            return lb_finish(lb, log_line, &session);
        else if (errno != EAGAIN && errno != EINTR)
            return -1;
    }
}

int fifolog_run(const char *path, long sessions)
{
    int r = 0, made, fd;
    struct reader reader;
    sigset_t waiting;
    lb_t *lb;

    signals_catch(&waiting);
    made = fifo_ensure(path, 0600);
    if (made < 0)
        return complain("fifolog", path);
    lb = lb_new(LOG_MAX);
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (!lb || fd < 0)
        r = -1;
    if (r == 0) {
        printf("READY %s\n", path);
        fflush(stdout);
    }
    for (long session = 1; r == 0; session++) {
        if (reader_start(&reader, fd, -1) < 0) {
            r = -1;
            break;
        }
        close(fd);
        fd = -1;
        r = log_session(reader.fd, lb, session, &waiting);
        reader_end(&reader);
        if (r != 0)
            break;
        printf("-- eof %ld\n", session); /* closed: whoever opens now belongs to the next session */
        fflush(stdout);
        if (session == sessions)
            break;
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
            r = -1;
    }
    if (r < 0)
        r = complain("fifolog", path);
    if (fd >= 0)
        close(fd);
    lb_free(lb);
    if (made)
        unlink(path);
    return r == 1 && stop_asked ? EXIT_OK : r;
}

/* Servers that keep their FIFO open ------------------------------------------------------------ */

struct server {
    const char *prog, *path;
    int fd, keep_fd;
    lb_t *lb;
    struct reader reader;
};

/* Takes the name and prints READY. An exit code. */
static int server_open(struct server *s)
{
    int other;

    if (fifo_ensure(s->path, 0600) < 0)
        return complain(s->prog, s->path);
    other = fifo_open_client(s->path, 0); /* works only if somebody reads there */
    if (other >= 0) {
        close(other);
        errno = EADDRINUSE;
        return complain(s->prog, s->path);
    }
    s->lb = lb_new(REQ_MAX);
    s->fd = s->lb ? fifo_open_server(s->path, &s->keep_fd) : -1;
    if (s->fd < 0) {
        lb_free(s->lb);
        return complain(s->prog, s->path);
    }
    if (reader_start(&s->reader, s->fd, s->keep_fd) < 0)
        return complain(s->prog, "reader");
    close(s->fd);
    close(s->keep_fd);
    printf("READY %s\n", s->path);
    fflush(stdout);
    return EXIT_OK;
}

/* Hands out lines until we are asked to stop, then gives the name back. */
static void server_run(struct server *s, const sigset_t *waiting,
                       void (*line)(const char *s, size_t len, int overlong, void *arg), void *arg)
{
    struct pollfd p = {.fd = s->reader.fd, .events = POLLIN};
    char buf[PIPE_BUF];

    while (!stop_wanted(waiting)) {
        ssize_t n = ppoll(&p, 1, NULL, waiting) > 0 ? read(p.fd, buf, sizeof(buf)) : 0;

        if (n > 0)
            lb_feed(s->lb, buf, (size_t)n, line, arg);
    }
    reader_end(&s->reader);
    lb_free(s->lb);
    unlink(s->path);
}

/* C. led --------------------------------------------------------------------------------------- */

static void led_line(const char *s, size_t len, int overlong, void *arg)
{
    long *presses = arg;

    if (overlong || len != strlen("press") || memcmp(s, "press", len) != 0)
        return;
    ++*presses;
    printf("LED %s\n", *presses % 2 ? "on" : "off");
    fflush(stdout);
}

int led_run(const char *path)
{
    struct server s = {.prog = "led", .path = path};
    long presses = 0;
    sigset_t waiting;
    int code;

    signals_catch(&waiting);
    code = server_open(&s);
    if (code != EXIT_OK)
        return code;
    server_run(&s, &waiting, led_line, &presses);
    printf("presses=%ld\n", presses);
    return EXIT_OK;
}

/* D. Requests ---------------------------------------------------------------------------------- */

int req_format(const struct request *r, char *buf, size_t cap)
{
    char line[REQ_MAX + sizeof(r->op) + 64];
    int n = snprintf(line, sizeof(line), "%ld %lu %s%s%s\n", (long)r->pid, (unsigned long)r->seq, r->op,
                     r->arg[0] ? " " : "", r->arg);

    if (n > REQ_MAX || (size_t)n > cap) {
        errno = EMSGSIZE;
        return -1;
    }
    memcpy(buf, line, (size_t)n);
    return n;
}

/* Reads the number at *at, of digits alone and at most max, and moves behind the space that must
 * follow. -1: it is not so. */
static int parse_number(const char **at, const char *end, unsigned long max, unsigned long *value)
{
    const char *p = *at;
    unsigned long n = 0;

    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (unsigned long)(*p - '0');
        if (n > max)
            return -1;
    }
    if (p == *at || p == end || *p != ' ')
        return -1;
    *at = p + 1;
    *value = n;
    return 0;
}

static int bad_message(void)
{
    errno = EBADMSG;
    return -1;
}

int req_parse(const char *line, size_t len, struct request *r)
{
    const char *at = line, *end = line + len, *space;
    unsigned long pid, seq;
    size_t op_len;

    if (len >= REQ_MAX)
        return bad_message();
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            return bad_message();
    if (parse_number(&at, end, INT_MAX, &pid) < 0 || pid == 0 ||
        parse_number(&at, end, UINT32_MAX, &seq) < 0)
        return bad_message();
    space = memchr(at, ' ', (size_t)(end - at));
    op_len = (size_t)((space ? space : end) - at);
    if (op_len == 0 || op_len >= sizeof(r->op))
        return bad_message();
    *r = (struct request){.pid = (pid_t)pid, .seq = (uint32_t)seq};
    memcpy(r->op, at, op_len);
    if (space)
        memcpy(r->arg, space + 1, (size_t)(end - space - 1));
    return 0;
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

/* D. fifod ------------------------------------------------------------------------------------- */

struct service {
    const char *path;
    unsigned long next, served, dropped;
};

/* The sum, or why there is none. */
static const char *add(const char *arg, long long *sum)
{
    long long a, b;
    char *end, *last;

    errno = 0;
    a = strtoll(arg, &end, 10);
    if (end == arg || *end != ' ')
        return "arg";
    b = strtoll(end + 1, &last, 10);
    if (last == end + 1 || *last)
        return "arg";
    return errno == ERANGE || __builtin_add_overflow(a, b, sum) ? "range" : NULL;
}

/* Writes the reply line to 'out', which has room for any. Returns its length. */
static int answer(struct service *s, const struct request *r, char *out, size_t room)
{
    const char *wrong = NULL;
    char text[REQ_MAX] = "";
    long long sum = 0;

    if (strcmp(r->op, "ECHO") == 0 || strcmp(r->op, "UPPER") == 0) {
        memcpy(text, r->arg, sizeof(text));
        for (char *p = text; r->op[0] == 'U' && *p; p++)
            if (*p >= 'a' && *p <= 'z')
                *p = (char)(*p - 'a' + 'A');
    } else if (strcmp(r->op, "ADD") == 0) {
        wrong = add(r->arg, &sum);
        snprintf(text, sizeof(text), "%lld", sum);
    } else if (strcmp(r->op, "NEXT") == 0) {
        snprintf(text, sizeof(text), "%lu", s->next++);
    } else if (strcmp(r->op, "STATS") == 0) {
        snprintf(text, sizeof(text), "served=%lu dropped=%lu", s->served, s->dropped);
    } else {
        wrong = "op";
    }
    return snprintf(out, room, "%lu %s %s\n", (unsigned long)r->seq, wrong ? "ERR" : "OK",
                    wrong ? wrong : text);
}

/* Opens, writes, closes: nothing in it waits, whatever the client has put there. */
static int deliver(const char *server, pid_t pid, const char *line, size_t n)
{
    char path[PATH_MAX];
    int fd, r;

    if (reply_path(server, pid, path, sizeof(path)) < 0)
        return -1;
    fd = open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    fd = fifo_with_flags(fd, O_NONBLOCK);
    if (fd < 0)
        return -1;
    r = write_message(fd, line, n);
    close(fd);
    return r;
}

static void service_line(const char *line, size_t len, int overlong, void *arg)
{
    struct service *s = arg;
    char out[REQ_MAX + 64];
    struct request r;
    int n;

    if (overlong || req_parse(line, len, &r) < 0)
        return; /* nobody knows whom to tell */
    n = answer(s, &r, out, sizeof(out));
    if (deliver(s->path, r.pid, out, (size_t)n) < 0)
        s->dropped++;
    else
        s->served++;
}

int fifod_run(const char *path)
{
    struct server s = {.prog = "fifod", .path = path};
    struct service service = {.path = path};
    sigset_t waiting;
    int code;

    signals_catch(&waiting);
    code = server_open(&s);
    if (code != EXIT_OK)
        return code;
    server_run(&s, &waiting, service_line, &service);
    printf("BYE served=%lu dropped=%lu\n", service.served, service.dropped);
    return EXIT_OK;
}

/* D. fifoc ------------------------------------------------------------------------------------- */

struct asking {
    struct request r;
    char line[REQ_MAX];
    int n;    /* bytes of line */
    int in, keep_fd, out;
    lb_t *lb;
    int code; /* -1: no answer yet */
};

/* Copies the arguments, one space between them, behind the operation. */
static int asking_fill(struct asking *a, const char *op, char *const args[])
{
    size_t used = 0;

    a->r.pid = getpid();
    a->r.seq = 1;
    if (strlen(op) >= sizeof(a->r.op)) {
        errno = EMSGSIZE;
        return -1;
    }
    memcpy(a->r.op, op, strlen(op) + 1);
    for (size_t i = 0; args[i]; i++) {
        int n = snprintf(a->r.arg + used, sizeof(a->r.arg) - used, "%s%s", i ? " " : "", args[i]);

        if (n < 0 || (size_t)n >= sizeof(a->r.arg) - used) {
            errno = EMSGSIZE;
            return -1;
        }
        used += (size_t)n;
    }
    a->n = req_format(&a->r, a->line, sizeof(a->line));
    if (a->n < 0)
        return -1;
    /* An LF in an argument would make two requests of it. */
    return req_parse(a->line, (size_t)a->n - 1, &(struct request){0});
}

static void asking_line(const char *s, size_t len, int overlong, void *arg)
{
    struct asking *a = arg;
    char head[32];
    size_t n = (size_t)snprintf(head, sizeof(head), "%lu OK ", (unsigned long)a->r.seq);

    if (overlong || a->code >= 0)
        return;
    if (len >= n && memcmp(s, head, n) == 0) {
        printf("%.*s\n", (int)(len - n), s + n);
        a->code = EXIT_OK;
    }
    n = (size_t)snprintf(head, sizeof(head), "%lu ERR ", (unsigned long)a->r.seq);
    if (len >= n && memcmp(s, head, n) == 0) {
        fprintf(stderr, "fifoc: %s: %.*s\n", a->r.op, (int)(len - n), s + n);
        a->code = EXIT_FAILED;
    }
}

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Sends the request and waits for its answer. An exit code. */
static int asking_run(struct asking *a, int timeout_ms, const sigset_t *waiting)
{
    long long end = now_ms() + timeout_ms, left;
    char buf[REQ_MAX];
    ssize_t n;

    while (a->code < 0) {
        struct pollfd p[2] = {{.fd = a->in, .events = POLLIN}, {.fd = a->out, .events = POLLOUT}};

        if (stop_wanted(waiting))
            return 128 + stop_asked;
        left = end - now_ms();
        if (left < 0)
            left = 0;
        n = ppoll(p, 2, &(struct timespec){left / 1000, left % 1000 * 1000000}, waiting);
        if (n == 0) {
            errno = ETIMEDOUT;
            return complain("fifoc", "answer");
        }
        if (n > 0 && p[1].revents) {
            n = write_message(a->out, a->line, (size_t)a->n);
            if (n < 0 && errno == EAGAIN)
                continue;
            if (n < 0) {
                complain("fifoc", "write");
                return EXIT_NO_PEER;
            }
            close(a->out);
            a->out = -1;
        }
        if (n >= 0 && p[0].revents) {
            n = read(a->in, buf, sizeof(buf));
            if (n > 0)
                lb_feed(a->lb, buf, (size_t)n, asking_line, a);
        }
    }
    return a->code;
}

int fifoc_run(const char *path, int timeout_ms, const char *op, char *const args[])
{
    struct asking a = {.in = -1, .keep_fd = -1, .out = -1, .code = -1};
    char reply[PATH_MAX];
    sigset_t waiting;
    int code;

    signals_catch(&waiting);
    if (asking_fill(&a, op, args) < 0)
        return complain("fifoc", "request");
    if (reply_path(path, a.r.pid, reply, sizeof(reply)) < 0 || fifo_ensure(reply, 0600) < 0)
        return complain("fifoc", "reply FIFO");
    /* Ready to receive before we ask. The write end of our own keeps the end of file away between
     * the server's replies. */
    a.lb = lb_new(REQ_MAX);
    a.in = a.lb ? fifo_open_server(reply, &a.keep_fd) : -1;
    a.out = a.in < 0 ? -1 : fifo_open_client(path, 0);
    if (a.out >= 0)
        a.out = fifo_with_flags(a.out, O_NONBLOCK); /* a full FIFO must not make us miss the time */
    code = a.out < 0 ? complain("fifoc", path) : asking_run(&a, timeout_ms, &waiting);
    if (a.out >= 0)
        close(a.out);
    if (a.in >= 0) {
        close(a.in);
        close(a.keep_fd);
    }
    lb_free(a.lb);
    unlink(reply);
    return code;
}
