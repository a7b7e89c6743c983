/* SPDX-License-Identifier: MIT */
/* mqpool */
#include "inner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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
            sigprocmask(SIG_SETMASK, stop_mask, NULL);
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
        if (wait_ready(STDIN_FILENO, POLLIN, FOREVER) < 0)
            return NULL;
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
        if (send_ready(pool->q, text + 1, strlen(text + 1), (unsigned)prio, end_after(FOREVER)) < 0)
            return pool_failed(pool, "job");
        pool->jobs++;
    }
    return errno ? pool_failed(pool, "standard input") : 0;
}

/* One stop message each: who takes one takes nothing more. */
static int stop_workers(struct pool *pool)
{
    for (int i = 0; i < pool->workers_n; i++)
        if (send_ready(pool->q, "", 0, 0, end_after(FOREVER)) < 0)
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

int mqpool_run(const char *name, int workers, int batch)
{
    struct pool pool = {0};
    int done;

    stop_catch();
    pool.q = q_create(name, QUEUE_MAXMSG, JOB_SIZE);
    if (pool.q < 0)
        return complain("mqpool", name);
    done = (batch || start_workers(&pool, workers) == 0) && feed(&pool, batch) == 0 &&
           start_workers(&pool, workers) == 0 && stop_workers(&pool) == 0;
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
