/* SPDX-License-Identifier: MIT */
/* lab04 - POSIX message queues, with handlers that set a flag and calls that they interrupt. */
#include "lab04.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stopped, notified;

static void on_stop(int sig)
{
    stopped = sig;
}

static void on_notify(int sig)
{
    (void)sig;
    notified = 1;
}

static void handle(int sig, void (*handler)(int))
{
    struct sigaction sa;

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = handler;
    sigemptyset(&sa.sa_mask);
    if (sigaction(sig, &sa, NULL) < 0)
        abort();
}

static void handle_stops(void)
{
    handle(SIGTERM, on_stop);
    handle(SIGINT, on_stop);
}

static int report(const char *prog, const char *what, int exit_code)
{
    fprintf(stderr, "%s: %s: %s\n", prog, what, strerror(errno));
    return exit_code;
}

/* The exit code for a queue that cannot be opened or used. */
static int code_of(int error)
{
    if (error == ENOENT || error == EAGAIN)
        return EXIT_NO_PEER;
    if (error == ETIMEDOUT)
        return EXIT_TIMEOUT;
    return error == EEXIST || error == EBUSY ? EXIT_IN_USE : EXIT_FAILED;
}

/* A ---------------------------------------------------------------------------------------------- */

mqd_t q_create(const char *name, long maxmsg, long msgsize)
{
    struct mq_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.mq_maxmsg = maxmsg;
    attr.mq_msgsize = msgsize;
    return mq_open(name, O_CREAT | O_EXCL | O_RDWR, S_IRUSR | S_IWUSR, &attr);
}

static void moment(struct timespec *ts, int ms)
{
    clock_gettime(CLOCK_REALTIME, ts);
    ts->tv_sec += ms / 1000;
    ts->tv_nsec += (ms % 1000) * 1000000L;
    if (ts->tv_nsec > 999999999L) {
        ts->tv_nsec -= 1000000000L;
        ts->tv_sec += 1;
    }
}

/* With timeout 0 the queue is switched to non-blocking for one call. */
static int switch_on(mqd_t q, int timeout_ms)
{
    return timeout_ms == 0 ? q_nonblock(q, 1) : 1;
}

static void switch_back(mqd_t q, int before)
{
    int error = errno;

    if (before == 0)
        (void)q_nonblock(q, 0);
    errno = error;
}

/* until: NULL waits for ever. A flag that becomes true ends the wait. */
static int send_until(mqd_t q, const void *buf, size_t len, unsigned prio, const struct timespec *until,
                      const volatile sig_atomic_t *flag)
{
    for (;;) {
        int r = until ? mq_timedsend(q, buf, len, prio, until) : mq_send(q, buf, len, prio);

        if (r == 0 || errno != EINTR || (flag && *flag))
            return r;
    }
}

static ssize_t receive_until(mqd_t q, void **buf, unsigned *prio, const struct timespec *until,
                             const volatile sig_atomic_t *flag)
{
    struct mq_attr attr;
    char *block;

    if (mq_getattr(q, &attr) < 0 || !(block = malloc((size_t)attr.mq_msgsize)))
        return -1;
    for (;;) {
        ssize_t n = until ? mq_timedreceive(q, block, (size_t)attr.mq_msgsize, prio, until)
                          : mq_receive(q, block, (size_t)attr.mq_msgsize, prio);

        if (n >= 0) {
            *buf = block;
            return n;
        }
        if (errno != EINTR || (flag && *flag)) {
            free(block);
            return -1;
        }
    }
}

int q_send(mqd_t q, const void *buf, size_t len, unsigned prio, int timeout_ms)
{
    struct timespec until;
    int before = switch_on(q, timeout_ms), r;

    if (before < 0)
        return -1;
    if (timeout_ms > 0)
        moment(&until, timeout_ms);
    r = send_until(q, buf, len, prio, timeout_ms > 0 ? &until : NULL, NULL);
    switch_back(q, before);
    return r;
}

ssize_t q_recv(mqd_t q, void **buf, unsigned *prio, int timeout_ms)
{
    struct timespec until;
    int before = switch_on(q, timeout_ms);
    ssize_t n;

    if (before < 0)
        return -1;
    if (timeout_ms > 0)
        moment(&until, timeout_ms);
    n = receive_until(q, buf, prio, timeout_ms > 0 ? &until : NULL, NULL);
    switch_back(q, before);
    return n;
}

int q_nonblock(mqd_t q, int on)
{
    struct mq_attr new, old;

    if (mq_getattr(q, &new) < 0)
        return -1;
    if (on)
        new.mq_flags |= O_NONBLOCK;
    else
        new.mq_flags &= ~(long)O_NONBLOCK;
    if (mq_setattr(q, &new, &old) < 0)
        return -1;
    return old.mq_flags & O_NONBLOCK ? 1 : 0;
}

/* B ---------------------------------------------------------------------------------------------- */

int mqtool_create(const char *name, long maxmsg, long msgsize)
{
    mqd_t q = q_create(name, maxmsg, msgsize);

    if (q == (mqd_t)-1)
        return report("mqtool", name, code_of(errno));
    return mq_close(q) == 0 ? 0 : 1;
}

int mqtool_send(const char *name, const char *text, unsigned prio, int timeout_ms)
{
    mqd_t q = mq_open(name, O_WRONLY);
    int r;

    if (q == (mqd_t)-1)
        return report("mqtool", name, code_of(errno));
    r = q_send(q, text, strlen(text), prio, timeout_ms) == 0 ? 0 : report("mqtool", name, code_of(errno));
    mq_close(q);
    return r;
}

int mqtool_recv(const char *name, long count, int timeout_ms)
{
    mqd_t q = mq_open(name, O_RDONLY);
    int r = 0;

    if (q == (mqd_t)-1)
        return report("mqtool", name, code_of(errno));
    while (count-- > 0 && r == 0) {
        void *text = NULL;
        unsigned prio = 0;
        ssize_t n = q_recv(q, &text, &prio, timeout_ms);

        if (n < 0)
            r = report("mqtool", name, code_of(errno));
        else
            printf("%u %d %.*s\n", prio, (int)n, (int)n, (char *)text);
        free(text);
    }
    mq_close(q);
    return r;
}

int mqtool_stat(const char *name)
{
    struct mq_attr a;
    mqd_t q = mq_open(name, O_RDONLY);

    if (q == (mqd_t)-1)
        return report("mqtool", name, code_of(errno));
    if (mq_getattr(q, &a) == 0)
        printf("maxmsg=%ld msgsize=%ld curmsgs=%ld\n", a.mq_maxmsg, a.mq_msgsize, a.mq_curmsgs);
    mq_close(q);
    return 0;
}

int mqtool_unlink(const char *name)
{
    if (mq_unlink(name) < 0)
        return report("mqtool", name, code_of(errno));
    return 0;
}

/* C ---------------------------------------------------------------------------------------------- */

static struct {
    int64_t served, dropped;
} counters;

static void put(struct rpc_rep *rep, const void *bytes, size_t n)
{
    memcpy(&rep->data[rep->len], bytes, n);
    rep->len += (uint32_t)n;
}

static int add(const unsigned char *data, uint32_t len, struct rpc_rep *rep)
{
    int64_t total = 0, v;

    if (len % 8)
        return RPC_BAD_ARGUMENT;
    for (; len; len -= 8, data += 8) {
        memcpy(&v, data, 8);
        if ((v > 0 && total > INT64_MAX - v) || (v < 0 && total < INT64_MIN - v))
            return RPC_OVERFLOW;
        total += v;
    }
    put(rep, &total, sizeof(total));
    return RPC_OK;
}

static int divide(const unsigned char *data, uint32_t len, struct rpc_rep *rep)
{
    int64_t v[2], r[2];

    if (len != sizeof(v))
        return RPC_BAD_ARGUMENT;
    memcpy(v, data, sizeof(v));
    if (!v[1])
        return RPC_DIVIDED_BY_ZERO;
    if (v[1] == -1 && v[0] < -INT64_MAX)
        return RPC_OVERFLOW;
    r[0] = v[0] / v[1];
    r[1] = v[0] % v[1];
    put(rep, r, sizeof(r));
    return RPC_OK;
}

int rpc_dispatch(const void *msg, size_t n, struct rpc_rep *rep, uint64_t *next_token)
{
    const unsigned char *bytes = msg, *data = bytes + RPC_REQ_HEADER;
    uint32_t magic, op, len;

    if (n < RPC_REQ_HEADER)
        goto bad;
    memcpy(&magic, bytes + offsetof(struct rpc_req, magic), sizeof(magic));
    memcpy(&op, bytes + offsetof(struct rpc_req, op), sizeof(op));
    memcpy(&len, bytes + offsetof(struct rpc_req, len), sizeof(len));
    if (magic != RPC_REQ_MAGIC || len > RPC_MAX || RPC_REQ_HEADER + len > n)
        goto bad;
    memset(rep, 0, sizeof(*rep));
    rep->magic = RPC_REP_MAGIC;
    memcpy(&rep->id, bytes + offsetof(struct rpc_req, id), sizeof(rep->id));
    if (op == OP_ECHO) {
        put(rep, data, len);
    } else if (op == OP_SUM) {
        rep->status = add(data, len, rep);
    } else if (op == OP_DIV) {
        rep->status = divide(data, len, rep);
    } else if (op != OP_TOKEN && op != OP_STAT) {
        rep->status = RPC_UNKNOWN_OP;
    } else if (len) {
        rep->status = RPC_BAD_ARGUMENT;
    } else if (op == OP_TOKEN) {
        put(rep, next_token, sizeof(*next_token));
        ++*next_token;
    } else {
        put(rep, &counters, sizeof(counters));
    }
    return 0;
bad:
    errno = EBADMSG;
    return -1;
}

struct rpc {
    char name[64];
    mqd_t to, from;
    uint64_t id;
};

rpc_t *rpc_open(const char *server)
{
    rpc_t *c = malloc(sizeof(*c));
    int error;

    if (!c)
        return NULL;
    memset(c, 0, sizeof(*c));
    error = ENAMETOOLONG;
    if (strlen(server) > SERVER_NAME_MAX)
        goto fail;
    sprintf(c->name, "%s.%d", server, (int)getpid());
    c->to = mq_open(server, O_WRONLY);
    error = errno;
    if (c->to == (mqd_t)-1)
        goto fail;
    c->from = q_create(c->name, 1, sizeof(struct rpc_rep));
    if (c->from != (mqd_t)-1) {
        c->id = (uint64_t)getpid() << 32;
        return c;
    }
    error = errno;
    mq_close(c->to);
fail:
    free(c);
    errno = error;
    return NULL;
}

int rpc_call(rpc_t *c, uint32_t op, const void *in, size_t inlen, void *out, size_t cap, size_t *outlen,
             int timeout_ms)
{
    struct timespec until;
    struct rpc_req *req;
    int r;

    if (inlen > RPC_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    moment(&until, timeout_ms < 0 ? 0 : timeout_ms);
    req = calloc(1, sizeof(*req));
    if (!req)
        return -1;
    req->magic = RPC_REQ_MAGIC;
    req->op = op;
    req->id = c->id++;
    strncpy(req->reply_to, c->name, sizeof(req->reply_to) - 1);
    req->len = (uint32_t)inlen;
    if (inlen)
        memcpy(req->data, in, inlen);
    r = send_until(c->to, req, RPC_REQ_HEADER + inlen, 1, timeout_ms < 0 ? NULL : &until, &stopped);
    while (r == 0) {
        void *msg;
        const struct rpc_rep *rep;
        ssize_t n = receive_until(c->from, &msg, NULL, timeout_ms < 0 ? NULL : &until, &stopped);
        bool mine = false;

        if (n < 0) {
            r = -1;
            break;
        }
        rep = msg;
        if ((size_t)n >= RPC_REP_HEADER && rep->magic == RPC_REP_MAGIC && rep->id == req->id
            && RPC_REP_HEADER + rep->len <= (size_t)n) {
            mine = true;
            r = rep->status;
            if (rep->len > cap) {
                errno = EMSGSIZE;
                r = -1;
            } else if (rep->len) {
                memcpy(out, rep->data, rep->len);
            }
            *outlen = rep->len;
        }
        free(msg);
        if (mine)
            break;
    }
    free(req);
    return r;
}

void rpc_close(rpc_t *c)
{
    if (!c)
        return;
    mq_unlink(c->name);
    mq_close(c->from);
    mq_close(c->to);
    free(c);
}

static bool answer(const struct rpc_req *req, const struct rpc_rep *rep)
{
    char name[sizeof(req->reply_to) + 1];
    mqd_t q;
    bool sent;

    memcpy(name, req->reply_to, sizeof(req->reply_to));
    name[sizeof(req->reply_to)] = '\0'; /* a name that fills its field is none of ours, and will not be found */
    q = mq_open(name, O_WRONLY | O_NONBLOCK);
    if (q == (mqd_t)-1)
        return false;
    sent = mq_send(q, (const char *)rep, RPC_REP_HEADER + rep->len, 0) == 0;
    mq_close(q);
    return sent;
}

int tokend_run(const char *name)
{
    uint64_t token = 0;
    mqd_t q;

    handle_stops();
    q = q_create(name, 4, 300);
    if (q == (mqd_t)-1)
        return report("tokend", name, code_of(errno));
    printf("READY %s\n", name);
    fflush(stdout);
    while (!stopped) {
        struct rpc_rep rep;
        void *msg;
        ssize_t n = receive_until(q, &msg, NULL, NULL, &stopped);

        if (n < 0)
            continue;
        if (rpc_dispatch(msg, (size_t)n, &rep, &token) == 0 && answer(msg, &rep))
            counters.served++;
        else
            counters.dropped++;
        free(msg);
    }
    mq_unlink(name);
    mq_close(q);
    printf("BYE served=%lld dropped=%lld\n", (long long)counters.served, (long long)counters.dropped);
    return 0;
}

int tokenc_run(const char *name, int timeout_ms, char *const command[])
{
    int64_t v[RPC_MAX / 8];
    union {
        int64_t v[RPC_MAX / 8];
        char text[RPC_MAX];
    } out;
    const void *in = v;
    size_t n = 0, outn = 0;
    uint32_t op = OP_TOKEN;
    rpc_t *c;
    int status, error;

    if (!strcmp(command[0], "echo")) {
        op = OP_ECHO;
        in = command[1];
        n = strlen(command[1]);
    } else {
        if (!strcmp(command[0], "sum"))
            op = OP_SUM;
        else if (!strcmp(command[0], "div"))
            op = OP_DIV;
        else if (!strcmp(command[0], "stat"))
            op = OP_STAT;
        for (int i = 1; command[i]; i++, n += 8)
            v[i - 1] = strtoll(command[i], NULL, 10);
    }
    handle_stops();
    c = rpc_open(name);
    if (!c)
        return report("tokenc", name, code_of(errno));
    status = rpc_call(c, op, in, n, &out, sizeof(out), &outn, timeout_ms);
    error = errno;
    rpc_close(c);
    errno = error;
    if (stopped)
        return 128 + stopped;
    if (status < 0)
        return report("tokenc", name, code_of(errno));
    if (status > 0) {
        printf("remote error %d\n", status);
        return 1;
    }
    switch (op) {
    case OP_ECHO:
        printf("%.*s\n", (int)outn, out.text);
        break;
    case OP_DIV:
        printf("%lld %lld\n", (long long)out.v[0], (long long)out.v[1]);
        break;
    case OP_STAT:
        printf("served=%lld dropped=%lld\n", (long long)out.v[0], (long long)out.v[1]);
        break;
    default:
        printf("%lld\n", (long long)out.v[0]);
    }
    return 0;
}

/* D ---------------------------------------------------------------------------------------------- */

static int worker(const char *name, int number)
{
    mqd_t q = mq_open(name, O_RDONLY);
    unsigned prio = 1;

    while (q != (mqd_t)-1 && prio) {
        void *text;
        ssize_t n = receive_until(q, &text, &prio, NULL, NULL);

        if (n < 0)
            break;
        if (prio) {
            printf("%d %u %.*s\n", number, prio, (int)n, (char *)text);
            fflush(stdout);
        }
        free(text);
    }
    if (q != (mqd_t)-1)
        mq_close(q);
    return prio ? 1 : 0;
}

int mqpool_run(const char *name, int workers, int batch)
{
    mqd_t q;
    char *line = NULL;
    size_t room = 0;
    long jobs = 0;
    int code = 0, started = 0;
    pid_t *pids = calloc((size_t)workers, sizeof(*pids));

    handle_stops();
    q = q_create(name, 8, 256);
    if (q == (mqd_t)-1) {
        free(pids);
        return report("mqpool", name, code_of(errno));
    }
    for (int phase = 0; phase < 2; phase++) {
        if (phase == batch) {
            for (; started < workers; started++) {
                pids[started] = fork();
                if (pids[started] == 0) {
                    handle(SIGTERM, SIG_DFL);
                    handle(SIGINT, SIG_DFL);
                    mq_close(q);
                    free(pids);
                    free(line);
                    exit(stopped ? 1 : worker(name, started + 1)); /* the signal may have been quicker */
                }
            }
        }
        if (phase == 1 - batch) {
            while (!stopped && getline(&line, &room, stdin) > 0) {
                unsigned prio;
                int at = 0;

                line[strcspn(line, "\n")] = '\0';
                if (sscanf(line, "%u%n", &prio, &at) != 1 || !prio || line[at] != ' ') {
                    fprintf(stderr, "mqpool: %s: not a job\n", line);
                    code = 1;
                    continue;
                }
                if (batch && jobs == 8) {
                    fprintf(stderr, "mqpool: standard input: more than 8 jobs\n");
                    code = 1;
                    break;
                }
                if (send_until(q, line + at + 1, strlen(line + at + 1), prio, NULL, &stopped) == 0)
                    jobs++;
            }
        }
    }
    for (int i = 0; i < started && !stopped; i++)
        send_until(q, "stop", 4, 0, NULL, &stopped);
    for (int i = 0; i < started; i++) {
        if (stopped)
            kill(pids[i], SIGTERM);
        while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
            if (stopped)
                kill(pids[i], SIGTERM);
    }
    mq_close(q);
    mq_unlink(name);
    free(line);
    free(pids);
    if (!stopped)
        printf("DONE jobs=%ld\n", jobs);
    return stopped ? 1 : code;
}

/* E ---------------------------------------------------------------------------------------------- */

int mqwatch_run(const char *name, long count)
{
    struct sigevent event;
    sigset_t mask, old;
    mqd_t q = mq_open(name, O_RDONLY | O_NONBLOCK);
    long seen = 0;
    int code = 0;

    if (q == (mqd_t)-1)
        return report("mqwatch", name, code_of(errno));
    handle_stops();
    handle(SIGRTMIN, on_notify);
    sigemptyset(&mask);
    sigaddset(&mask, SIGRTMIN);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigprocmask(SIG_BLOCK, &mask, &old);
    memset(&event, 0, sizeof(event));
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGRTMIN;
    if (mq_notify(q, &event) < 0)
        code = report("mqwatch", name, code_of(errno));
    else
        printf("READY %s\n", name);
    fflush(stdout);
    while (code == 0) {
        void *text;
        unsigned prio;
        ssize_t n;

        /* Anew each time, whether the last registration is used up or not. */
        notified = 0;
        (void)mq_notify(q, NULL);
        if (mq_notify(q, &event) < 0) {
            code = report("mqwatch", name, code_of(errno));
            break;
        }
        while ((!count || seen < count) && (n = receive_until(q, &text, &prio, NULL, NULL)) >= 0) {
            printf("%u %.*s\n", prio, (int)n, (char *)text);
            fflush(stdout);
            free(text);
            seen++;
        }
        if (count && seen == count)
            break;
        while (!notified && !stopped)
            sigsuspend(&old);
        if (stopped)
            break;
    }
    mq_close(q);
    return code;
}
