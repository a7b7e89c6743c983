/* SPDX-License-Identifier: MIT */
/* lab02 - FIFOs with blocking calls alone; see VARIANT.md. */
#include "lab02.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
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
    if (*keep_fd < 0)
        return close_failed(fd);
    if (fcntl(fd, F_SETFL, 0) < 0) { /* from now on read waits */
        close_failed(*keep_fd);
        return close_failed(fd);
    }
    return fd;
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
static volatile sig_atomic_t stop_fd = -1;
static const char *stop_path; /* the FIFO in which the program may be asleep, in open or in read */

/* A flag alone comes too late if the program is just about to sleep. So the handler becomes a writer
 * of the FIFO and writes a line that means nothing: neither open nor read waits then. */
static void stop_ask(int sig)
{
    int saved = errno;

    stop_asked = sig;
    if (stop_fd < 0) /* stays open: the line must not vanish with the last descriptor */
        stop_fd = open(stop_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (stop_fd >= 0)
        (void)!write(stop_fd, "\n", 1);
    errno = saved;
}

static void signals_catch(const char *path)
{
    struct sigaction stop = {.sa_handler = stop_ask, .sa_flags = SA_RESTART};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    stop_path = path;
    sigemptyset(&stop.sa_mask);
    sigaddset(&stop.sa_mask, SIGTERM);
    sigaddset(&stop.sa_mask, SIGINT);
    sigaddset(&stop.sa_mask, SIGALRM);
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGALRM, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
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
static int log_session(int fd, lb_t *lb, long session)
{
    char buf[512];
    ssize_t n;

    for (;;) {
        n = read(fd, buf, sizeof(buf));
        if (stop_asked)
            return 1;
        if (n < 0)
            return -1;
        if (n == 0)
            return lb_finish(lb, log_line, &session);
        lb_feed(lb, buf, (size_t)n, log_line, &session);
    }
}

int fifolog_run(const char *path, long sessions)
{
    int r = 0, made, fd;
    lb_t *lb;

    made = fifo_ensure(path, 0600);
    if (made < 0)
        return complain("fifolog", path);
    signals_catch(path);
    lb = lb_new(LOG_MAX);
    printf("READY %s\n", path); /* a writer that opens now waits for us, and we for it */
    fflush(stdout);
    for (long session = 1; r == 0 && lb && (sessions == 0 || session <= sessions); session++) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            r = -1;
            break;
        }
        r = stop_asked ? 1 : log_session(fd, lb, session);
        close(fd);
        if (r != 0)
            break;
        printf("-- eof %ld\n", session);
        fflush(stdout);
    }
    if (r < 0)
        complain("fifolog", path);
    if (stop_fd >= 0)
        close(stop_fd);
    lb_free(lb);
    if (made)
        unlink(path);
    return r < 0 ? EXIT_FAILED : EXIT_OK;
}

/* Servers that keep their FIFO open ------------------------------------------------------------ */

struct server {
    const char *prog, *path;
    int fd, keep_fd;
    lb_t *lb;
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
    signals_catch(s->path); /* before READY: whoever reads it may stop us */
    printf("READY %s\n", s->path);
    fflush(stdout);
    return EXIT_OK;
}

/* Hands out lines until we are asked to stop, then gives the name back. */
static void server_run(struct server *s,
                       void (*line)(const char *s, size_t len, int overlong, void *arg), void *arg)
{
    char buf[512];
    ssize_t n;

    while (!stop_asked && (n = read(s->fd, buf, sizeof(buf))) > 0)
        lb_feed(s->lb, buf, (size_t)n, line, arg);
    if (stop_fd >= 0)
        close(stop_fd);
    close(s->fd);
    close(s->keep_fd);
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
    int code = server_open(&s);

    if (code != EXIT_OK)
        return code;
    server_run(&s, led_line, &presses);
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
    int code = server_open(&s);

    if (code != EXIT_OK)
        return code;
    server_run(&s, service_line, &service);
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

/* Sends the request and waits for its answer. An exit code. */
static int asking_run(struct asking *a, int timeout_ms)
{
    struct itimerval end = {.it_value = {timeout_ms / 1000, timeout_ms % 1000 * 1000 + 1}};
    char buf[REQ_MAX];
    ssize_t n;

    setitimer(ITIMER_REAL, &end, NULL);
    if (write_message(a->out, a->line, (size_t)a->n) < 0) {
        complain("fifoc", "write");
        return EXIT_NO_PEER;
    }
    while (a->code < 0 && !stop_asked && (n = read(a->in, buf, sizeof(buf))) > 0)
        lb_feed(a->lb, buf, (size_t)n, asking_line, a);
    if (a->code >= 0)
        return a->code;
    if (stop_asked != SIGALRM)
        return 128 + stop_asked;
    errno = ETIMEDOUT;
    return complain("fifoc", "answer");
}

int fifoc_run(const char *path, int timeout_ms, const char *op, char *const args[])
{
    static const struct itimerval never;
    struct asking a = {.in = -1, .keep_fd = -1, .out = -1, .code = -1};
    char reply[PATH_MAX];
    int code;

    if (asking_fill(&a, op, args) < 0)
        return complain("fifoc", "request");
    if (reply_path(path, a.r.pid, reply, sizeof(reply)) < 0 || fifo_ensure(reply, 0600) < 0)
        return complain("fifoc", "reply FIFO");
    signals_catch(reply);
    /* Ready to receive before we ask. The write end of our own keeps the end of file away between
     * the server's replies. */
    a.lb = lb_new(REQ_MAX);
    a.in = a.lb ? fifo_open_server(reply, &a.keep_fd) : -1;
    a.out = a.in < 0 ? -1 : fifo_open_client(path, 0);
    code = a.out < 0 ? complain("fifoc", path) : asking_run(&a, timeout_ms);
    setitimer(ITIMER_REAL, &never, NULL); /* or it makes itself a writer of what is closed now */
    if (a.out >= 0)
        close(a.out);
    if (a.in >= 0) {
        close(a.in);
        close(a.keep_fd);
    }
    if (stop_fd >= 0)
        close(stop_fd);
    lb_free(a.lb);
    unlink(reply);
    return code;
}
