/* SPDX-License-Identifier: MIT */
/* lab04 - POSIX message queues, where everybody who waits for a message is told by mq_notify: server and
 * client by a signal, the watcher by a thread. */
#include "lab04.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FOREVER = -1, NO_WAIT = 0 };
enum { REPLIES_MAX = 2, JOB_SIZE = 256, WORKERS_MAX = 16, LINE_SIZE = JOB_SIZE + 16 };

/* One line on stderr for the failure in errno. Returns the exit code for it. */
static int complain(const char *prog, const char *what)
{
    int why = errno;

    fprintf(stderr, "%s: %s: %s\n", prog, what, strerror(why));
    switch (why) {
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

static int fail_with(int why)
{
    errno = why;
    return -1;
}

/* A. Queue functions ---------------------------------------------------------------------------- */

mqd_t q_create(const char *name, long maxmsg, long msgsize)
{
    struct mq_attr attr = {.mq_maxmsg = maxmsg, .mq_msgsize = msgsize};

    return mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
}

/* The moment on the wall clock so many milliseconds from now. NO_WAIT: long ago, so that the call
 * takes what it can have at once and does not wait. */
static struct timespec deadline_after(int timeout_ms)
{
    struct timespec t = {0};

    if (timeout_ms > 0) {
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_sec += timeout_ms / 1000;
        t.tv_nsec += timeout_ms % 1000 * 1000000L;
        if (t.tv_nsec >= 1000000000L) {
            t.tv_sec++;
            t.tv_nsec -= 1000000000L;
        }
    }
    return t;
}

/* The deadline is a moment, so going on after a signal does not move it. */
static int transmit(mqd_t q, const void *buf, size_t len, unsigned prio, int timeout_ms)
{
    struct timespec until = deadline_after(timeout_ms);
    int r;

    do
        r = timeout_ms < 0 ? mq_send(q, buf, len, prio) : mq_timedsend(q, buf, len, prio, &until);
    while (r < 0 && errno == EINTR);
    if (r < 0 && errno == ETIMEDOUT && timeout_ms == NO_WAIT)
        errno = EAGAIN;
    return r;
}

/* Receives into buf, which has room for the longest message of the queue. */
static ssize_t receive(mqd_t q, void *buf, size_t size, unsigned *prio, int timeout_ms)
{
    struct timespec until = deadline_after(timeout_ms);
    ssize_t n;

    do
        n = timeout_ms < 0 ? mq_receive(q, buf, size, prio) : mq_timedreceive(q, buf, size, prio, &until);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == ETIMEDOUT && timeout_ms == NO_WAIT)
        errno = EAGAIN;
    return n;
}

int q_send(mqd_t q, const void *buf, size_t len, unsigned prio, int timeout_ms)
{
    return transmit(q, buf, len, prio, timeout_ms);
}

ssize_t q_recv(mqd_t q, void **buf, unsigned *prio, int timeout_ms)
{
    struct mq_attr attr;
    ssize_t n;
    void *room;

    if (mq_getattr(q, &attr) < 0)
        return -1;
    room = malloc((size_t)attr.mq_msgsize);
    if (!room)
        return -1;
    n = receive(q, room, (size_t)attr.mq_msgsize, prio, timeout_ms);
    if (n < 0) {
        free(room);
        return -1;
    }
    *buf = room;
    return n;
}

int q_nonblock(mqd_t q, int on)
{
    struct mq_attr attr = {.mq_flags = on ? O_NONBLOCK : 0}, old;

    if (mq_setattr(q, &attr, &old) < 0)
        return -1;
    return (old.mq_flags & O_NONBLOCK) != 0;
}

/* B. mqtool ------------------------------------------------------------------------------------- */

static void print_message(const char *head, const void *text, size_t len)
{
    fputs(head, stdout);
    fwrite(text, 1, len, stdout);
    putchar('\n');
    fflush(stdout); /* the whole line in one write: other processes may write to the same place */
}

int mqtool_create(const char *name, long maxmsg, long msgsize)
{
    mqd_t q = q_create(name, maxmsg, msgsize);

    if (q < 0)
        return complain("mqtool", name);
    mq_close(q);
    return EXIT_OK;
}

int mqtool_send(const char *name, const char *text, unsigned prio, int timeout_ms)
{
    mqd_t q = mq_open(name, O_WRONLY);
    int code = EXIT_OK;

    if (q < 0)
        return complain("mqtool", name);
    if (q_send(q, text, strlen(text), prio, timeout_ms) < 0)
        code = complain("mqtool", "send");
    mq_close(q);
    return code;
}

int mqtool_recv(const char *name, long count, int timeout_ms)
{
    mqd_t q = mq_open(name, O_RDONLY);
    int code = EXIT_OK;

    if (q < 0)
        return complain("mqtool", name);
    for (; code == EXIT_OK && count > 0; count--) {
        char head[64];
        unsigned prio;
        void *text;
        ssize_t n = q_recv(q, &text, &prio, timeout_ms);

        if (n < 0) {
            code = complain("mqtool", "recv");
        } else {
            snprintf(head, sizeof(head), "%u %zd ", prio, n);
            print_message(head, text, (size_t)n);
            free(text);
        }
    }
    mq_close(q);
    return code;
}

int mqtool_stat(const char *name)
{
    mqd_t q = mq_open(name, O_RDONLY);
    struct mq_attr attr;

    if (q < 0)
        return complain("mqtool", name);
    mq_getattr(q, &attr);
    printf("maxmsg=%ld msgsize=%ld curmsgs=%ld\n", attr.mq_maxmsg, attr.mq_msgsize, attr.mq_curmsgs);
    mq_close(q);
    return EXIT_OK;
}

int mqtool_unlink(const char *name)
{
    return mq_unlink(name) < 0 ? complain("mqtool", name) : EXIT_OK;
}

/* Waiting, until a signal asks to stop ---------------------------------------------------------- */

static sigset_t awaited; /* what sigwaitinfo takes; empty: nothing is caught */

static void stop_catch(void)
{
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGINT);
    sigaddset(&awaited, SIGUSR1);
    sigprocmask(SIG_BLOCK, &awaited, NULL);
}

static int notify_me(mqd_t q)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};

    return mq_notify(q, &event);
}

static struct timespec left_until(const struct timespec *until)
{
    struct timespec now, left;

    clock_gettime(CLOCK_REALTIME, &now);
    left.tv_sec = until->tv_sec - now.tv_sec;
    left.tv_nsec = until->tv_nsec - now.tv_nsec;
    if (left.tv_nsec < 0) {
        left.tv_nsec += 1000000000L;
        left.tv_sec--;
    }
    return left.tv_sec < 0 ? (struct timespec){0} : left;
}

/* As receive, but SIGTERM and SIGINT end it with EINTR. */
static ssize_t receive_told(mqd_t q, void *buf, size_t size, int timeout_ms)
{
    struct timespec until = deadline_after(timeout_ms), left;

    if (sigisemptyset(&awaited)) /* a program that does not catch signals */
        return receive(q, buf, size, NULL, timeout_ms);
    if (notify_me(q) < 0 && errno != EBUSY) /* EBUSY: of ours, from the last time */
        return -1;
    for (;;) {
        ssize_t n = receive(q, buf, size, NULL, NO_WAIT);
        int sig;

        if (n >= 0 || errno != EAGAIN)
            return n;
        left = left_until(&until);
        do
            sig = timeout_ms < 0 ? sigwaitinfo(&awaited, NULL) : sigtimedwait(&awaited, NULL, &left);
        while (sig < 0 && errno == EINTR);
        if (sig < 0)
            return fail_with(ETIMEDOUT);
        if (sig != SIGUSR1)
            return fail_with(EINTR);
        if (notify_me(q) < 0 && errno != EBUSY)
            return -1;
    }
}

/* C. Remote procedure calls: what both sides know ------------------------------------------------ */

static uint64_t served, dropped; /* what STAT tells */

static int64_t argument(const struct rpc_req *req, size_t i)
{
    int64_t n;

    memcpy(&n, req->data + i * sizeof(n), sizeof(n));
    return n;
}

static void result(struct rpc_rep *rep, uint64_t n)
{
    memcpy(rep->data + rep->len, &n, sizeof(n));
    rep->len += (uint32_t)sizeof(n);
}

static int do_sum(const struct rpc_req *req, struct rpc_rep *rep)
{
    int64_t sum = 0;

    if (req->len % sizeof(sum) != 0)
        return RPC_BAD_ARGUMENT;
    for (size_t i = 0; i < req->len / sizeof(sum); i++)
        if (__builtin_add_overflow(sum, argument(req, i), &sum))
            return RPC_OVERFLOW;
    result(rep, (uint64_t)sum);
    return RPC_OK;
}

static int do_div(const struct rpc_req *req, struct rpc_rep *rep)
{
    int64_t a, b;

    if (req->len != 2 * sizeof(a))
        return RPC_BAD_ARGUMENT;
    a = argument(req, 0);
    b = argument(req, 1);
    if (b == 0)
        return RPC_DIVIDED_BY_ZERO;
    if (a == INT64_MIN && b == -1) /* the quotient is one more than fits, and the processor traps */
        return RPC_OVERFLOW;
    result(rep, (uint64_t)(a / b));
    result(rep, (uint64_t)(a % b));
    return RPC_OK;
}

static int do_op(const struct rpc_req *req, struct rpc_rep *rep, uint64_t *next_token)
{
    switch (req->op) {
    case OP_ECHO:
        memcpy(rep->data, req->data, req->len);
        rep->len = req->len;
        return RPC_OK;
    case OP_TOKEN:
        if (req->len != 0)
            return RPC_BAD_ARGUMENT;
        result(rep, (*next_token)++);
        return RPC_OK;
    case OP_SUM:
        return do_sum(req, rep);
    case OP_DIV:
        return do_div(req, rep);
    case OP_STAT:
        if (req->len != 0)
            return RPC_BAD_ARGUMENT;
        result(rep, served);
        result(rep, dropped);
        return RPC_OK;
    default:
        return RPC_UNKNOWN_OP;
    }
}

int rpc_dispatch(const void *msg, size_t n, struct rpc_rep *rep, uint64_t *next_token)
{
    struct rpc_req req = {0};

    memcpy(&req, msg, n < sizeof(req) ? n : sizeof(req));
    if (n < RPC_REQ_HEADER || req.magic != RPC_REQ_MAGIC || req.len > RPC_MAX || req.len > n - RPC_REQ_HEADER)
        return fail_with(EBADMSG);
    memset(rep, 0, sizeof(*rep));
    rep->magic = RPC_REP_MAGIC;
    rep->id = req.id;
    rep->status = do_op(&req, rep, next_token);
    return 0;
}

/* C. The client's side --------------------------------------------------------------------------- */

struct rpc {
    mqd_t server, reply;
    char name[sizeof(((struct rpc_req *)0)->reply_to)];
    uint64_t last_id;
};

rpc_t *rpc_open(const char *server)
{
    rpc_t *c;

    if (strlen(server) > SERVER_NAME_MAX) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    snprintf(c->name, sizeof(c->name), "%s.%ld", server, (long)getpid());
    c->server = mq_open(server, O_WRONLY);
    c->reply = c->server < 0 ? -1 : q_create(c->name, REPLIES_MAX, sizeof(struct rpc_rep));
    if (c->reply < 0) {
        int why = errno;

        if (c->server >= 0)
            mq_close(c->server);
        free(c);
        errno = why;
        return NULL;
    }
    return c;
}

int rpc_call(rpc_t *c, uint32_t op, const void *in, size_t inlen, void *out, size_t cap,
             size_t *outlen, int timeout_ms)
{
    struct rpc_req req = {.magic = RPC_REQ_MAGIC, .op = op, .id = ++c->last_id};
    struct timespec end = deadline_after(timeout_ms);
    struct rpc_rep rep;
    ssize_t n;

    if (inlen > RPC_MAX)
        return fail_with(EMSGSIZE);
    memcpy(req.reply_to, c->name, sizeof(req.reply_to));
    if (inlen > 0)
        memcpy(req.data, in, inlen);
    req.len = (uint32_t)inlen;
    if (transmit(c->server, &req, RPC_REQ_HEADER + inlen, 0, timeout_ms) < 0)
        return -1;
    do {
        struct timespec left = left_until(&end);
        int ms = (int)(left.tv_sec * 1000 + left.tv_nsec / 1000000 + 1);

        n = receive_told(c->reply, &rep, sizeof(rep), timeout_ms < 0 ? FOREVER : ms);
        if (n < 0)
            return -1;
    } while (n < (ssize_t)RPC_REP_HEADER || rep.magic != RPC_REP_MAGIC || rep.id != req.id ||
             rep.len > (size_t)n - RPC_REP_HEADER);
    if (rep.len > cap)
        return fail_with(EMSGSIZE);
    if (rep.len > 0)
        memcpy(out, rep.data, rep.len);
    *outlen = rep.len;
    return rep.status;
}

void rpc_close(rpc_t *c)
{
    if (!c)
        return;
    mq_close(c->server);
    mq_close(c->reply);
    mq_unlink(c->name);
    free(c);
}

/* C. tokend --------------------------------------------------------------------------------------- */

/* Hands the reply over to the client's queue, if there is one and it has room. */
static int reply_to(const struct rpc_req *req, const struct rpc_rep *rep)
{
    mqd_t q;
    int r;

    if (!memchr(req->reply_to, '\0', sizeof(req->reply_to)))
        return fail_with(EBADMSG);
    q = mq_open(req->reply_to, O_WRONLY);
    if (q < 0)
        return -1;
    r = transmit(q, rep, RPC_REP_HEADER + rep->len, 0, NO_WAIT);
    mq_close(q);
    return r;
}

/* One message. Whatever is wrong with it is its sender's affair. */
static void serve(const struct rpc_req *message, size_t n, uint64_t *next_token)
{
    struct rpc_req req = *message;
    struct rpc_rep rep;

    if (rpc_dispatch(&req, n, &rep, next_token) == 0 && reply_to(&req, &rep) == 0)
        served++;
    else
        dropped++;
}

int tokend_run(const char *name)
{
    uint64_t next_token = 0;
    ssize_t n;
    mqd_t q;

    stop_catch();
    q = q_create(name, QUEUE_MAXMSG, sizeof(struct rpc_req));
    if (q < 0)
        return complain("tokend", name);
    printf("READY %s\n", name);
    fflush(stdout);
    for (struct rpc_req req; (n = receive_told(q, &req, sizeof(req), FOREVER)) >= 0;)
        serve(&req, (size_t)n, &next_token);
    mq_close(q);
    mq_unlink(name);
    printf("BYE served=%llu dropped=%llu\n", (unsigned long long)served, (unsigned long long)dropped);
    return EXIT_OK;
}

/* C. tokenc --------------------------------------------------------------------------------------- */

/* Prints what came back, in the form of the command. */
static void print_result(const char *word, const unsigned char *data, size_t n)
{
    uint64_t v[2] = {0};

    memcpy(v, data, n < sizeof(v) ? n : sizeof(v));
    if (strcmp(word, "echo") == 0)
        print_message("", data, n);
    else if (strcmp(word, "stat") == 0)
        printf("served=%llu dropped=%llu\n", (unsigned long long)v[0], (unsigned long long)v[1]);
    else if (strcmp(word, "div") == 0)
        printf("%lld %lld\n", (long long)v[0], (long long)v[1]);
    else if (strcmp(word, "sum") == 0)
        printf("%lld\n", (long long)v[0]);
    else
        printf("%llu\n", (unsigned long long)v[0]);
}

/* The arguments of a command as they travel: a text, or numbers. */
static size_t marshal(char *const arguments[], int text, unsigned char data[RPC_MAX + 1])
{
    size_t n = 0;

    if (text) {
        n = strlen(arguments[0]) < RPC_MAX ? strlen(arguments[0]) : RPC_MAX + 1; /* too long: rpc_call says so */
        memcpy(data, arguments[0], n);
    }
    for (; !text && *arguments; arguments++, n += sizeof(int64_t)) {
        int64_t v = strtoll(*arguments, NULL, 10);

        memcpy(data + n, &v, sizeof(v));
    }
    return n;
}

int tokenc_run(const char *name, int timeout_ms, char *const command[])
{
    static const char *const words[] = {[OP_ECHO] = "echo", [OP_TOKEN] = "token", [OP_SUM] = "sum",
                                        [OP_DIV] = "div", [OP_STAT] = "stat"};
    unsigned char in[RPC_MAX + 1], out[RPC_MAX];
    uint32_t op = OP_ECHO;
    size_t n, outlen;
    int status, code = EXIT_OK;
    rpc_t *c;

    while (strcmp(command[0], words[op]) != 0)
        op++;
    n = marshal(command + 1, op == OP_ECHO, in);
    stop_catch();
    c = rpc_open(name);
    if (!c)
        return complain("tokenc", name);
    status = rpc_call(c, op, in, n, out, sizeof(out), &outlen, timeout_ms);
    if (status < 0) {
        code = complain("tokenc", command[0]);
    } else if (status > 0) {
        printf("remote error %d\n", status);
        code = EXIT_FAILED;
    } else {
        print_result(command[0], out, outlen);
    }
    rpc_close(c);
    return code;
}

/* D. mqpool --------------------------------------------------------------------------------------- */

/* A worker: until its stop message, which has the one priority that no job has. */
static int work(mqd_t q, int number)
{
    for (;;) {
        char head[64];
        unsigned prio;
        void *text;
        ssize_t n = q_recv(q, &text, &prio, FOREVER);

        if (n < 0)
            return complain("mqpool", "worker");
        if (prio > 0) {
            snprintf(head, sizeof(head), "%d %u ", number, prio);
            print_message(head, text, (size_t)n);
        }
        free(text);
        if (prio == 0)
            return EXIT_OK;
    }
}

struct pool {
    mqd_t q;
    pid_t workers[WORKERS_MAX];
    int workers_n;
    long jobs;
    int failed; /* what the exit code says */
};

/* Says why in its line on stderr. */
static int pool_failed(struct pool *pool, const char *what)
{
    complain("mqpool", what);
    pool->failed = 1;
    return -1;
}

static int start_workers(struct pool *pool, int n)
{
    while (pool->workers_n < n) {
        pid_t pid = fork();

        if (pid < 0)
            return pool_failed(pool, "fork");
        if (pid == 0) {
            struct sigaction act = {.sa_handler = SIG_DFL};
            int code;

            sigemptyset(&act.sa_mask);
            sigaction(SIGTERM, &act, NULL);
            sigaction(SIGINT, &act, NULL);
            code = work(pool->q, pool->workers_n + 1);
            mq_close(pool->q);
            exit(code);
        }
        pool->workers[pool->workers_n++] = pid;
    }
    return 0;
}

/* Lines of standard input. */
struct lines {
    char buf[LINE_SIZE];
    size_t used, taken;
    int ended;
};

/* The next one, without its LF. NULL: the end, or a failure (errno, which is 0 at the end). */
static char *next_line(struct lines *in)
{
    for (;;) {
        char *line = in->buf + in->taken;
        char *lf = memchr(line, '\n', in->used - in->taken);
        ssize_t n;

        errno = 0;
        if (!lf && in->ended) {
            if (in->used == in->taken)
                return NULL;
            lf = in->buf + in->used++; /* a last line without its LF */
        }
        if (lf) {
            *lf = '\0';
            in->taken = (size_t)(lf + 1 - in->buf);
            return line;
        }
        in->used -= in->taken;
        memmove(in->buf, line, in->used);
        in->taken = 0;
        if (in->used == sizeof(in->buf) - 1) {
            errno = EMSGSIZE;
            return NULL;
        }
        n = read(STDIN_FILENO, in->buf + in->used, sizeof(in->buf) - 1 - in->used);
        if (n < 0)
            return NULL;
        in->ended = n == 0;
        in->used += (size_t)n;
    }
}

/* Standard input to the queue, to its end. A line that is no job is left out. */
static int feed(struct pool *pool, int batch)
{
    struct lines in = {0};
    char *line;

    while ((line = next_line(&in)) != NULL) {
        char *text;
        unsigned long prio = strtoul(line, &text, 10);

        if (prio < 1 || prio >= (unsigned long)sysconf(_SC_MQ_PRIO_MAX) || *text != ' ') {
            errno = EINVAL;
            pool_failed(pool, line);
            continue;
        }
        if (batch && pool->jobs == QUEUE_MAXMSG) { /* nobody takes anything out yet */
            errno = E2BIG;
            return pool_failed(pool, line);
        }
        if (transmit(pool->q, text + 1, strlen(text + 1), (unsigned)prio, FOREVER) < 0)
            return pool_failed(pool, "job");
        pool->jobs++;
    }
    return errno ? pool_failed(pool, "standard input") : 0;
}

/* One stop message each: who takes one takes nothing more. */
static int stop_workers(struct pool *pool)
{
    for (int i = 0; i < pool->workers_n; i++)
        if (transmit(pool->q, "", 0, 0, FOREVER) < 0)
            return pool_failed(pool, "stop");
    return 0;
}

static void reap_workers(struct pool *pool)
{
    for (int i = 0; i < pool->workers_n; i++) {
        int status;

        if (waitpid(pool->workers[i], &status, 0) < 0 || status != 0)
            pool->failed = 1;
    }
}

/* In the pool the handler does what is left to do: removing a queue's name is one system call. */
static struct pool *pool_now;
static const char *pool_name;

static void pool_end(int sig)
{
    if (pool_name) {
        for (int i = 0; i < pool_now->workers_n; i++)
            kill(pool_now->workers[i], sig);
        for (int i = 0; i < pool_now->workers_n; i++)
            waitpid(pool_now->workers[i], NULL, 0);
        mq_unlink(pool_name);
    }
    _exit(EXIT_FAILED);
}

static void pool_catch(struct pool *pool, const char *name)
{
    struct sigaction act = {.sa_handler = pool_end, .sa_flags = SA_RESTART};

    pool_now = pool;
    pool_name = name;
    sigemptyset(&act.sa_mask);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
}

int mqpool_run(const char *name, int workers, int batch)
{
    struct pool pool = {0};
    int done;

    pool.q = q_create(name, QUEUE_MAXMSG, JOB_SIZE);
    if (pool.q < 0)
        return complain("mqpool", name);
    pool_catch(&pool, name);
    done = (batch || start_workers(&pool, workers) == 0) && feed(&pool, batch) == 0 &&
           start_workers(&pool, workers) == 0 && stop_workers(&pool) == 0;
    pool_name = NULL;
    if (!done)
        for (int i = 0; i < pool.workers_n; i++)
            kill(pool.workers[i], SIGTERM);
    reap_workers(&pool);
    mq_close(pool.q);
    mq_unlink(name);
    if (done)
        printf("DONE jobs=%ld\n", pool.jobs);
    return pool.failed ? EXIT_FAILED : EXIT_OK;
}

/* E. mqwatch -------------------------------------------------------------------------------------- */

static struct {
    pthread_mutex_t lock; /* a notification may come while the thread of the last one still prints */
    mqd_t q;
    long left; /* -1: no limit */
    int failed;
    pthread_t waiter;
} watcher = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int watch(void);

/* Prints what is there. Whoever prints the last one wakes main. */
static void drain(void)
{
    char head[64];
    unsigned prio;
    void *text;
    ssize_t n = 0;

    pthread_mutex_lock(&watcher.lock);
    while (watcher.left != 0 && (n = q_recv(watcher.q, &text, &prio, NO_WAIT)) >= 0) {
        snprintf(head, sizeof(head), "%u ", prio);
        print_message(head, text, (size_t)n);
        free(text);
        if (watcher.left > 0)
            watcher.left--;
    }
    watcher.failed |= n < 0 && errno != EAGAIN;
    if (watcher.left == 0 || watcher.failed)
        pthread_kill(watcher.waiter, SIGUSR2);
    pthread_mutex_unlock(&watcher.lock);
}

static void on_message(union sigval unused)
{
    (void)unused;
    if (watch() < 0)
        watcher.failed = 1;
    drain();
}

static int watch(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_message};

    return mq_notify(watcher.q, &event);
}

int mqwatch_run(const char *name, long count)
{
    sigset_t wanted;
    int sig;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR2);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigprocmask(SIG_BLOCK, &wanted, NULL); /* for all threads that come */
    watcher.waiter = pthread_self();
    watcher.left = count > 0 ? count : -1;
    watcher.q = mq_open(name, O_RDONLY);
    if (watcher.q < 0)
        return complain("mqwatch", name);
    if (watch() < 0) {
        int code = complain("mqwatch", name);

        mq_close(watcher.q);
        return code;
    }
    printf("READY %s\n", name);
    fflush(stdout);
    drain();
    sigwait(&wanted, &sig);
    pthread_mutex_lock(&watcher.lock); /* nobody prints any more */
    mq_close(watcher.q);
    return watcher.failed ? EXIT_FAILED : EXIT_OK;
}
