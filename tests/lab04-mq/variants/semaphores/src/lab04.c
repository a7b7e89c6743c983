/* SPDX-License-Identifier: MIT */
/* lab04 - solution A: blocking calls, sigaction without SA_RESTART, stdio. */
#include "lab04.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Clean termination ----------------------------------------------------------------------------- */

static volatile sig_atomic_t stopped; /* only ever set in the programs that call catch_stop() */

/* A signal that comes between the test of 'stopped' and the blocking call would be overlooked: so the
 * alarm clock rings again every second until somebody has noticed. */
static void on_stop(int sig)
{
    int saved = errno;

    if (sig != SIGALRM)
        stopped = 1;
    alarm(1);
    errno = saved;
}

static int catch_stop(void)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGALRM};
    struct sigaction sa;

    memset(&sa, 0, sizeof(sa));
    sigemptyset(&sa.sa_mask);
    sa.sa_handler = on_stop;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (sigaction(signals[i], &sa, NULL) < 0)
            return -1;
    sa.sa_handler = SIG_IGN; /* a broken stdout must not leave a queue behind */
    return sigaction(SIGPIPE, &sa, NULL);
}

static int complain(const char *program, const char *what)
{
    int saved = errno;

    (void)program; /* warn() knows it */
    warn("%s", what);
    switch (saved) {
    case ENOENT:
    case EAGAIN:
        return EXIT_NO_PEER;
    case ETIMEDOUT:
        return EXIT_TIMEOUT;
    case EEXIST:
    case EBUSY:
        return EXIT_IN_USE;
    default:
        return EXIT_FAILED;
    }
}

/* A. Queue functions ---------------------------------------------------------------------------- */

static struct timespec moment_after(int timeout_ms)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += timeout_ms / 1000;
    t.tv_nsec += (timeout_ms % 1000) * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

mqd_t q_create(const char *name, long maxmsg, long msgsize)
{
    struct mq_attr attr;

    if (name[0] != '/') {
        errno = EINVAL;
        return (mqd_t)-1;
    }
    attr.mq_maxmsg = maxmsg;
    attr.mq_msgsize = msgsize;
    return mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
}

/* The wait goes on after a signal, unless the program is to end. until == NULL: for ever. */
static int send_until(mqd_t q, const void *buf, size_t len, unsigned prio, const struct timespec *until)
{
    int r;

    do {
        if (stopped) {
            errno = EINTR;
            return -1;
        }
        r = until ? mq_timedsend(q, buf, len, prio, until) : mq_send(q, buf, len, prio);
    } while (r < 0 && errno == EINTR);
    return r;
}

static ssize_t receive_until(mqd_t q, void **buf, unsigned *prio, const struct timespec *until)
{
    struct mq_attr attr;
    ssize_t n;
    void *p;

    if (mq_getattr(q, &attr) < 0)
        return -1;
    p = malloc((size_t)attr.mq_msgsize);
    if (!p)
        return -1;
    do {
        if (stopped) {
            n = -1;
            errno = EINTR;
            break;
        }
        n = until ? mq_timedreceive(q, p, (size_t)attr.mq_msgsize, prio, until)
                  : mq_receive(q, p, (size_t)attr.mq_msgsize, prio);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        int saved = errno;

        free(p);
        errno = saved;
        return -1;
    }
    *buf = p;
    return n;
}

int q_send(mqd_t q, const void *buf, size_t len, unsigned prio, int timeout_ms)
{
    struct timespec until;
    int r;

    if (timeout_ms < 0)
        return send_until(q, buf, len, prio, NULL);
    until = moment_after(timeout_ms);
    r = send_until(q, buf, len, prio, &until);
    if (r < 0 && errno == ETIMEDOUT && timeout_ms == 0)
        errno = EAGAIN;
    return r;
}

ssize_t q_recv(mqd_t q, void **buf, unsigned *prio, int timeout_ms)
{
    struct timespec until;
    ssize_t n;

    if (timeout_ms < 0)
        return receive_until(q, buf, prio, NULL);
    until = moment_after(timeout_ms);
    n = receive_until(q, buf, prio, &until);
    if (n < 0 && errno == ETIMEDOUT && timeout_ms == 0)
        errno = EAGAIN;
    return n;
}

int q_nonblock(mqd_t q, int on)
{
    struct mq_attr new, old;

    new.mq_flags = on ? O_NONBLOCK : 0;
    if (mq_setattr(q, &new, &old) < 0)
        return -1;
    return (old.mq_flags & O_NONBLOCK) != 0;
}

/* B. mqtool ------------------------------------------------------------------------------------- */

int mqtool_create(const char *name, long maxmsg, long msgsize)
{
    mqd_t q = q_create(name, maxmsg, msgsize);

    if (q == (mqd_t)-1)
        return complain("mqtool", name);
    mq_close(q);
    return EXIT_OK;
}

int mqtool_send(const char *name, const char *text, unsigned prio, int timeout_ms)
{
    mqd_t q = mq_open(name, O_WRONLY);
    int code = EXIT_OK;

    if (q == (mqd_t)-1)
        return complain("mqtool", name);
    if (q_send(q, text, strlen(text), prio, timeout_ms) < 0)
        code = complain("mqtool", name);
    mq_close(q);
    return code;
}

int mqtool_recv(const char *name, long count, int timeout_ms)
{
    mqd_t q = mq_open(name, O_RDONLY);
    int code = EXIT_OK;

    if (q == (mqd_t)-1)
        return complain("mqtool", name);
    for (long i = 0; i < count; i++) {
        unsigned prio;
        void *buf;
        ssize_t n = q_recv(q, &buf, &prio, timeout_ms);

        if (n < 0) {
            code = complain("mqtool", name);
            break;
        }
        printf("%u %zd ", prio, n);
        fwrite(buf, 1, (size_t)n, stdout);
        putchar('\n');
        fflush(stdout);
        free(buf);
    }
    mq_close(q);
    return code;
}

int mqtool_stat(const char *name)
{
    mqd_t q = mq_open(name, O_RDONLY);
    struct mq_attr attr;
    int code = EXIT_OK;

    if (q == (mqd_t)-1)
        return complain("mqtool", name);
    if (mq_getattr(q, &attr) < 0)
        code = complain("mqtool", name);
    else
        printf("maxmsg=%ld msgsize=%ld curmsgs=%ld\n", attr.mq_maxmsg, attr.mq_msgsize, attr.mq_curmsgs);
    mq_close(q);
    return code;
}

int mqtool_unlink(const char *name)
{
    return mq_unlink(name) < 0 ? complain("mqtool", name) : EXIT_OK;
}

/* C. Remote procedure calls --------------------------------------------------------------------- */

static struct {
    uint64_t served, dropped;
} counters; /* of this process, for OP_STAT */

static void answer(struct rpc_rep *rep, const void *data, size_t len)
{
    rep->len = (uint32_t)len;
    if (len > 0)
        memcpy(rep->data, data, len);
}

static int32_t do_sum(struct rpc_rep *rep, const unsigned char *data, size_t len)
{
    int64_t sum = 0, x;

    if (len % sizeof(x) != 0)
        return RPC_BAD_ARGUMENT;
    for (size_t i = 0; i < len; i += sizeof(x)) {
        memcpy(&x, data + i, sizeof(x));
        if (__builtin_add_overflow(sum, x, &sum))
            return RPC_OVERFLOW;
    }
    answer(rep, &sum, sizeof(sum));
    return RPC_OK;
}

static int32_t do_div(struct rpc_rep *rep, const unsigned char *data, size_t len)
{
    int64_t x[2], r[2];

    if (len != sizeof(x))
        return RPC_BAD_ARGUMENT;
    memcpy(x, data, sizeof(x));
    if (x[1] == 0)
        return RPC_DIVIDED_BY_ZERO;
    if (x[0] == INT64_MIN && x[1] == -1)
        return RPC_OVERFLOW;
    r[0] = x[0] / x[1];
    r[1] = x[0] % x[1];
    answer(rep, r, sizeof(r));
    return RPC_OK;
}

int rpc_dispatch(const void *msg, size_t n, struct rpc_rep *rep, uint64_t *next_token)
{
    struct rpc_req req;
    int64_t r[2];

    memset(&req, 0, sizeof(req));
    if (n >= RPC_REQ_HEADER)
        memcpy(&req, msg, RPC_REQ_HEADER);
    if (n < RPC_REQ_HEADER || req.magic != RPC_REQ_MAGIC || req.len > RPC_MAX || req.len > n - RPC_REQ_HEADER) {
        errno = EBADMSG;
        return -1;
    }
    memcpy(req.data, (const char *)msg + RPC_REQ_HEADER, req.len);
    memset(rep, 0, sizeof(*rep));
    rep->magic = RPC_REP_MAGIC;
    rep->id = req.id;
    rep->status = RPC_OK;
    switch (req.op) {
    case OP_ECHO:
        answer(rep, req.data, req.len);
        break;
    case OP_TOKEN:
        if (req.len != 0) {
            rep->status = RPC_BAD_ARGUMENT;
        } else {
            r[0] = (int64_t)(*next_token)++;
            answer(rep, r, sizeof(r[0]));
        }
        break;
    case OP_SUM:
        rep->status = do_sum(rep, req.data, req.len);
        break;
    case OP_DIV:
        rep->status = do_div(rep, req.data, req.len);
        break;
    case OP_STAT:
        if (req.len != 0) {
            rep->status = RPC_BAD_ARGUMENT;
        } else {
            r[0] = (int64_t)counters.served;
            r[1] = (int64_t)counters.dropped;
            answer(rep, r, sizeof(r));
        }
        break;
    default:
        rep->status = RPC_UNKNOWN_OP;
    }
    return 0;
}

/* 0: the reply is in the queue with this name. */
static int deliver(const char *name, const struct rpc_rep *rep)
{
    mqd_t q = mq_open(name, O_WRONLY);
    int r;

    if (q == (mqd_t)-1)
        return -1;
    r = q_send(q, rep, RPC_REP_HEADER + rep->len, 0, 0);
    mq_close(q);
    return r;
}

static void serve(const void *msg, size_t n, uint64_t *next_token)
{
    struct rpc_rep rep;
    char name[sizeof(((struct rpc_req *)0)->reply_to)];

    if (rpc_dispatch(msg, n, &rep, next_token) == 0) {
        memcpy(name, (const char *)msg + offsetof(struct rpc_req, reply_to), sizeof(name));
        if (memchr(name, '\0', sizeof(name)) && name[0] == '/' && deliver(name, &rep) == 0) {
            counters.served++;
            return;
        }
    }
    counters.dropped++;
}

/* Sleeps on a semaphore that the notification thread, or the signal handler, posts. */
static sem_t something;

static void on_message(union sigval v)
{
    (void)v;
    sem_post(&something);
}

static void on_end(int sig)
{
    (void)sig;
    stopped = 1;
    sem_post(&something);
}

static int listen_again(mqd_t q)
{
    struct sigevent ev;

    memset(&ev, 0, sizeof(ev));
    ev.sigev_notify = SIGEV_THREAD;
    ev.sigev_notify_function = on_message;
    return mq_notify(q, &ev);
}

int tokend_run(const char *name)
{
    struct sigaction sa;
    uint64_t next_token = 0;
    int code = EXIT_OK, r;
    mqd_t q;

    memset(&sa, 0, sizeof(sa));
    sigemptyset(&sa.sa_mask);
    sa.sa_handler = on_end;
    if (sem_init(&something, 0, 0) < 0 || sigaction(SIGTERM, &sa, NULL) < 0 || sigaction(SIGINT, &sa, NULL) < 0)
        return complain("tokend", "signals");
    sa.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &sa, NULL);
    q = q_create(name, QUEUE_MAXMSG, QUEUE_MSGSIZE);
    if (q == (mqd_t)-1)
        return complain("tokend", name);
    r = listen_again(q);
    if (r == 0) {
        printf("READY %s\n", name);
        fflush(stdout);
    }
    while (r == 0 && !stopped) {
        void *msg;
        ssize_t n = q_recv(q, &msg, NULL, 0);

        if (n >= 0) {
            serve(msg, (size_t)n, &next_token);
            free(msg);
        } else if (stopped) {
            break;
        } else if (errno != EAGAIN) {
            r = -1;
        } else {
            while (sem_wait(&something) < 0 && errno == EINTR)
                ;
            r = stopped ? 0 : listen_again(q);
        }
    }
    if (r < 0)
        code = complain("tokend", name);
    mq_close(q);
    mq_unlink(name);
    printf("BYE served=%" PRIu64 " dropped=%" PRIu64 "\n", counters.served, counters.dropped);
    return code;
}

struct rpc {
    mqd_t server, replies;
    char name[sizeof(((struct rpc_req *)0)->reply_to)];
    uint64_t last_id;
};

rpc_t *rpc_open(const char *server)
{
    rpc_t *c;
    int saved;

    if (strlen(server) > SERVER_NAME_MAX) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    snprintf(c->name, sizeof(c->name), "%s.%d", server, (int)getpid());
    c->server = mq_open(server, O_WRONLY);
    if (c->server == (mqd_t)-1)
        goto no_server;
    c->replies = q_create(c->name, QUEUE_MAXMSG, RPC_REP_HEADER + RPC_MAX);
    if (c->replies == (mqd_t)-1)
        goto no_replies;
    return c;
no_replies:
    saved = errno;
    mq_close(c->server);
    errno = saved;
no_server:
    saved = errno;
    free(c);
    errno = saved;
    return NULL;
}

/* The next reply: mq_notify tells of it, a timer of the end of the time, both through one signalfd. */
static ssize_t next_reply(mqd_t q, void **msg, const struct timespec *until)
{
    struct sigevent ev;
    struct itimerspec at;
    struct signalfd_siginfo info;
    sigset_t set, before;
    timer_t timer;
    ssize_t n;
    int sfd, saved, registered = 0, late = 0;

    n = q_recv(q, msg, NULL, 0);
    if (n >= 0 || errno != EAGAIN)
        return n;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    if (sigprocmask(SIG_BLOCK, &set, &before) < 0)
        return -1;
    sfd = signalfd(-1, &set, SFD_CLOEXEC);
    memset(&ev, 0, sizeof(ev));
    ev.sigev_notify = SIGEV_SIGNAL;
    ev.sigev_signo = SIGUSR2;
    memset(&at, 0, sizeof(at));
    if (until)
        at.it_value = *until;
    timer_create(CLOCK_REALTIME, &ev, &timer);
    timer_settime(timer, TIMER_ABSTIME, &at, NULL);
    ev.sigev_signo = SIGUSR1;
    do {
        if (!registered)
            registered = mq_notify(q, &ev) == 0;
        n = stopped ? (errno = EINTR, -1) : q_recv(q, msg, NULL, 0);
        if (n >= 0 || errno != EAGAIN)
            break;
        if (late) {
            errno = ETIMEDOUT;
            break;
        }
        if (read(sfd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
            late = info.ssi_signo == SIGUSR2;
            registered &= info.ssi_signo != SIGUSR1;
        }
    } while (1);
    saved = errno;
    if (registered)
        mq_notify(q, NULL);
    timer_delete(timer);
    at.it_value.tv_sec = at.it_value.tv_nsec = 0;
    while (sigtimedwait(&set, NULL, &at.it_value) > 0)
        ;
    close(sfd);
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return n;
}

/* Is this the reply that we wait for? */
static int is_reply(const struct rpc_rep *rep, size_t n, uint64_t id)
{
    return n >= RPC_REP_HEADER && rep->magic == RPC_REP_MAGIC && rep->id == id && rep->status >= 0 &&
           rep->len <= RPC_MAX && rep->len <= n - RPC_REP_HEADER;
}

int rpc_call(rpc_t *c, uint32_t op, const void *in, size_t inlen, void *out, size_t cap, size_t *outlen,
             int timeout_ms)
{
    struct timespec moment, *until = NULL;
    struct rpc_req req;

    if (inlen > RPC_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    if (timeout_ms >= 0) {
        moment = moment_after(timeout_ms);
        until = &moment;
    }
    memset(&req, 0, sizeof(req));
    req.magic = RPC_REQ_MAGIC;
    req.op = op;
    req.id = ++c->last_id;
    strcpy(req.reply_to, c->name);
    req.len = (uint32_t)inlen;
    if (inlen > 0)
        memcpy(req.data, in, inlen);
    if (send_until(c->server, &req, RPC_REQ_HEADER + inlen, 0, until) < 0)
        goto failed;
    for (;;) {
        struct rpc_rep rep;
        void *msg;
        ssize_t n = next_reply(c->replies, &msg, until);

        if (n < 0)
            goto failed;
        memset(&rep, 0, sizeof(rep));
        memcpy(&rep, msg, (size_t)n < sizeof(rep) ? (size_t)n : sizeof(rep));
        free(msg);
        if (!is_reply(&rep, (size_t)n, req.id))
            continue;
        if (rep.len > cap) {
            errno = EMSGSIZE;
            return -1;
        }
        if (rep.len > 0)
            memcpy(out, rep.data, rep.len);
        if (outlen)
            *outlen = rep.len;
        return rep.status;
    }
failed:
    if (errno == ETIMEDOUT && timeout_ms == 0)
        errno = EAGAIN;
    return -1;
}

void rpc_close(rpc_t *c)
{
    if (!c)
        return;
    mq_close(c->replies);
    mq_unlink(c->name);
    mq_close(c->server);
    free(c);
}

static int print_result(uint32_t op, const unsigned char *data, size_t len)
{
    int64_t r[2] = {0, 0};
    size_t expected = op == OP_TOKEN || op == OP_SUM ? 8 : 16;

    if (op == OP_ECHO) {
        fwrite(data, 1, len, stdout);
        putchar('\n');
        return 0;
    }
    if (len != expected) {
        errno = EBADMSG;
        return -1;
    }
    memcpy(r, data, len);
    if (op == OP_DIV)
        printf("%" PRId64 " %" PRId64 "\n", r[0], r[1]);
    else if (op == OP_STAT)
        printf("served=%" PRId64 " dropped=%" PRId64 "\n", r[0], r[1]);
    else
        printf("%" PRId64 "\n", r[0]);
    return 0;
}

int tokenc_run(const char *name, int timeout_ms, char *const command[])
{
    static const char *const words[] = {[OP_ECHO] = "echo", [OP_TOKEN] = "token", [OP_SUM] = "sum",
                                        [OP_DIV] = "div", [OP_STAT] = "stat"};
    unsigned char out[RPC_MAX];
    int64_t numbers[RPC_MAX / 8];
    const void *in = numbers;
    size_t inlen = 0, outlen = 0;
    uint32_t op = OP_ECHO;
    int status, code = EXIT_OK;
    rpc_t *c;

    while (strcmp(words[op], command[0]) != 0)
        op++;
    if (op == OP_ECHO) {
        in = command[1];
        inlen = strlen(command[1]);
    } else {
        for (size_t i = 0; command[i + 1] && i < RPC_MAX / 8; i++, inlen += 8)
            numbers[i] = strtoll(command[i + 1], NULL, 10);
    }
    if (catch_stop() < 0)
        return complain("tokenc", "sigaction");
    c = rpc_open(name);
    if (!c)
        return complain("tokenc", name);
    status = rpc_call(c, op, in, inlen, out, sizeof(out), &outlen, timeout_ms);
    if (status < 0)
        code = complain("tokenc", command[0]);
    rpc_close(c);
    if (status > 0) {
        printf("remote error %d\n", status);
        code = EXIT_FAILED;
    } else if (status == 0 && print_result(op, out, outlen) < 0) {
        code = complain("tokenc", command[0]);
    }
    return code;
}

/* D. mqpool ------------------------------------------------------------------------------------- */

enum { TEXT_MAX = 200, POOL_MAX = 16 };

static int work(mqd_t q, int worker)
{
    char line[TEXT_MAX + 64];
    int code = EXIT_OK, stop = 0;

    while (!stop) {
        unsigned prio;
        void *text;
        ssize_t n = q_recv(q, &text, &prio, -1);
        size_t len;

        if (n < 0) {
            code = EXIT_FAILED;
            break;
        }
        if (prio == 0) {
            stop = 1;
        } else {
            len = (size_t)snprintf(line, sizeof(line), "%d %u ", worker, prio);
            memcpy(line + len, text, (size_t)n);
            len += (size_t)n;
            line[len++] = '\n';
            if (write(STDOUT_FILENO, line, len) != (ssize_t)len)
                code = EXIT_FAILED;
        }
        free(text);
    }
    mq_close(q);
    return code;
}

/* Is this line a job? Then its priority and where its text begins. */
static int parse_job(const char *line, size_t len, unsigned *prio, size_t *start)
{
    size_t i = 0;
    unsigned long p = 0;

    while (i < len && line[i] >= '0' && line[i] <= '9' && p < 1000000)
        p = p * 10 + (unsigned long)(line[i++] - '0');
    if (i == 0 || i >= len || line[i] != ' ' || p < 1 || p > (unsigned long)sysconf(_SC_MQ_PRIO_MAX) - 1 ||
        len - i - 1 > TEXT_MAX)
        return 0;
    *prio = (unsigned)p;
    *start = i + 1;
    return 1;
}

struct pool {
    mqd_t q;
    const char *name;
    pid_t pids[POOL_MAX];
    int started, workers;
    int alive[2]; /* a pipe: it ends when the last worker has */
};

/* 0 in the parent, the number of the worker in a worker, -1: error. */
static int start_workers(struct pool *p)
{
    while (p->started < p->workers) {
        pid_t pid = fork();

        if (pid < 0)
            return -1;
        if (pid == 0) {
            close(p->alive[0]);
            return p->started + 1;
        }
        p->pids[p->started++] = pid;
    }
    return 0;
}

static int feed(struct pool *p, int batch, long *jobs)
{
    char *line = NULL;
    size_t cap = 0, start;
    ssize_t len;
    unsigned prio;
    long number = 0;
    int code = EXIT_OK;

    while (!stopped && (len = getline(&line, &cap, stdin)) >= 0) {
        char where[40];

        if (stopped)
            break;
        number++;
        if (len > 0 && line[len - 1] == '\n')
            len--;
        snprintf(where, sizeof(where), "line %ld", number);
        if (!parse_job(line, (size_t)len, &prio, &start)) {
            errno = EINVAL;
            complain("mqpool", where);
            code = EXIT_FAILED;
        } else if (q_send(p->q, line + start, (size_t)len - start, prio, batch ? 0 : -1) < 0) {
            if (stopped)
                break;
            complain("mqpool", where);
            code = EXIT_FAILED;
        } else {
            ++*jobs;
        }
    }
    if (ferror(stdin) && !stopped) {
        complain("mqpool", "stdin");
        code = EXIT_FAILED;
    }
    free(line);
    return code;
}

static int wait_workers(struct pool *p)
{
    int code = EXIT_OK, status, killed = 0;
    char byte;

    close(p->alive[1]);
    do {
        if (stopped && !killed) {
            killed = 1;
            for (int k = 0; k < p->started; k++)
                kill(p->pids[k], SIGTERM);
        }
    } while (read(p->alive[0], &byte, 1) != 0);
    close(p->alive[0]);
    for (int i = 0; i < p->started; i++) { /* they are dead, or dying */
        while (waitpid(p->pids[i], &status, 0) < 0 && errno == EINTR)
            ;
        if (status != 0)
            code = EXIT_FAILED;
    }
    return code;
}

int mqpool_run(const char *name, int workers, int batch)
{
    struct pool p = {.name = name, .workers = workers};
    int code = EXIT_OK, r = 0;
    long jobs = 0;

    if (catch_stop() < 0 || pipe(p.alive) < 0)
        return complain("mqpool", "start");
    p.q = q_create(name, QUEUE_MAXMSG, TEXT_MAX);
    if (p.q == (mqd_t)-1)
        return complain("mqpool", name);
    if (!batch)
        r = start_workers(&p);
    if (r > 0)
        return work(p.q, r);
    if (r == 0) {
        code = feed(&p, batch, &jobs);
        if (batch && !stopped)
            r = start_workers(&p);
        if (r > 0)
            return work(p.q, r);
    }
    if (r < 0) {
        complain("mqpool", "fork");
        code = EXIT_FAILED;
        stopped = 1;
    }
    for (int i = 0; i < workers && !stopped; i++)
        if (q_send(p.q, "", 0, 0, -1) < 0 && !stopped) {
            complain("mqpool", name);
            code = EXIT_FAILED;
            stopped = 1;
        }
    if (wait_workers(&p) != EXIT_OK)
        code = EXIT_FAILED;
    mq_close(p.q);
    mq_unlink(name);
    if (stopped)
        return EXIT_FAILED;
    printf("DONE jobs=%ld\n", jobs);
    return code;
}

/* E. mqwatch ------------------------------------------------------------------------------------ */

static int subscribe(mqd_t q)
{
    struct sigevent ev;

    memset(&ev, 0, sizeof(ev));
    ev.sigev_notify = SIGEV_SIGNAL;
    ev.sigev_signo = SIGUSR1;
    return mq_notify(q, &ev);
}

/* Prints what is there. 1: that was enough. */
static int drain(mqd_t q, long *left, const sigset_t *end)
{
    static const struct timespec at_once = {0, 0};
    unsigned prio;
    void *text;
    ssize_t n;

    while ((n = q_recv(q, &text, &prio, 0)) >= 0) {
        printf("%u ", prio);
        fwrite(text, 1, (size_t)n, stdout);
        putchar('\n');
        fflush(stdout);
        free(text);
        if (*left > 0 && --*left == 0)
            return 1;
        if (sigtimedwait(end, NULL, &at_once) > 0)
            return 1;
    }
    return errno == EAGAIN ? 0 : -1;
}

int mqwatch_run(const char *name, long count)
{
    sigset_t end, all;
    siginfo_t info;
    int r, sig;
    mqd_t q;

    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigaddset(&end, SIGINT);
    all = end;
    sigaddset(&all, SIGUSR1);
    sigprocmask(SIG_BLOCK, &all, NULL);
    q = mq_open(name, O_RDONLY);
    if (q == (mqd_t)-1)
        return complain("mqwatch", name);
    if (subscribe(q) < 0) {
        r = complain("mqwatch", name);
        mq_close(q);
        return r;
    }
    printf("READY %s\n", name);
    fflush(stdout);
    r = drain(q, &count, &end);
    while (r == 0) {
        sig = sigwaitinfo(&all, &info);
        if (sig < 0 && errno == EINTR)
            continue;
        if (sig < 0)
            r = -1;
        else if (sig != SIGUSR1)
            r = 1;
        else if (info.si_code == SI_MESGQ)
            r = subscribe(q) < 0 ? -1 : drain(q, &count, &end);
    }
    r = r < 0 ? complain("mqwatch", name) : EXIT_OK;
    mq_close(q);
    return r;
}
