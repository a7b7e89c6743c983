/* SPDX-License-Identifier: MIT */
/* mqpool by poll, read and signalfd. A job travels as 'J' and its text, the stop message as "STOP". */
#include "mine.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT = 200, BLOCK = 1 << 16 };

static struct {
    mqd_t q;
    int n, alive, failed;
    pid_t *pid;
    long jobs, line;
    const char *name;
} P;

static const struct deadline FOREVER = {.mode = -1}, AT_ONCE = {.mode = 0};

static void worker(int me)
{
    static char buf[TEXT + 64];
    char head[32];
    unsigned prio;
    ssize_t n;
    int code = 1, k;

    free(P.pid);
    close(STDIN_FILENO);
    stop_close();
    if (stop_open(0) == 0)
        while ((n = q_get(P.q, buf + 32, q_room(P.q), &prio, &FOREVER)) != -1) {
            if (prio == 0) {
                code = 0;
                break;
            }
            k = snprintf(head, sizeof head, "%d %u ", me, prio);
            memcpy(buf + 33 - k, head, (size_t)k); /* over the 'J' and before it */
            buf[32 + n] = '\n';
            if (put_all(STDOUT_FILENO, buf + 33 - k, (size_t)(n + k)) == -1)
                break;
        }
    mq_close(P.q);
    stop_close();
    exit(code);
}

static void reap(int options)
{
    int st;
    pid_t w;

    while (P.alive > 0 && ((w = waitpid(-1, &st, options)) > 0 || (w == -1 && errno == EINTR)))
        if (w > 0) {
            P.alive--;
            P.failed |= st != 0;
            for (int i = 0; i < P.n; i++)
                if (P.pid[i] == w)
                    P.pid[i] = 0;
        }
}

/* Something on stop_fd. 1: the program is to end. */
static int signals(void)
{
    int sig, end = 0, children = 0;

    while ((sig = stop_signal()) != 0)
        sig == SIGCHLD ? (children = 1) : (end = 1);
    if (children) {
        reap(WNOHANG);
        if (P.alive == 0 && !end) /* nobody is left to do the work */
            end = 1;
    }
    return end;
}

static int start(void)
{
    for (int i = 0; i < P.n; i++) {
        if ((P.pid[i] = fork()) == 0)
            worker(i + 1);
        if (P.pid[i] == -1)
            return P.pid[i] = 0, -1;
        P.alive++;
    }
    return 0;
}

/* Sends, waits for room, and listens to signals meanwhile. 1: end. */
static int post(const void *m, size_t len, unsigned prio, int wait)
{
    while (q_put(P.q, m, len, prio, wait ? &FOREVER : &AT_ONCE) == -1) {
        if (errno != ECANCELED)
            return -1;
        if (signals())
            return 1;
    }
    return 0;
}

static int job(const char *s, size_t n, int batch)
{
    char m[1 + TEXT], what[64];
    unsigned long prio = 0;
    size_t i = 0;
    int r;

    P.line++;
    for (; i < n && i < 9 && s[i] >= '0' && s[i] <= '9'; i++)
        prio = 10 * prio + (unsigned long)(s[i] - '0');
    snprintf(what, sizeof what, "line %ld is no job", P.line);
    if (i == 0 || i == n || s[i] != ' ' || n - i - 1 > TEXT || prio == 0 ||
        prio >= (unsigned long)sysconf(_SC_MQ_PRIO_MAX)) {
        P.failed = 1;
        say("mqpool", what, EINVAL, 0);
        return 0;
    }
    m[0] = 'J';
    memcpy(m + 1, s + i + 1, n - i - 1);
    r = post(m, n - i, (unsigned)prio, !batch);
    if (r == 0)
        P.jobs++;
    if (r != -1)
        return r;
    P.failed = 1;
    say("mqpool", what, errno, 0);
    return 0;
}

static int feed(int batch)
{
    char *buf = NULL, *nl;
    size_t have = 0, cap = 0, at;
    int end = 0, eof = 0;

    while (!end && !eof) {
        struct pollfd p[2] = {{.fd = 0, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
        ssize_t n;

        if (poll(p, 2, -1) == -1)
            continue;
        if (p[1].revents && (end = signals()))
            break;
        if (!p[0].revents)
            continue;
        if (cap - have < BLOCK) {
            char *more = realloc(buf, cap += BLOCK);

            if (!more) {
                end = 1;
                break;
            }
            buf = more;
        }
        n = read(0, buf + have, BLOCK);
        if (n == -1) {
            if (errno == EINTR || errno == EAGAIN)
                continue;
            P.failed = 1;
            say("mqpool", "stdin", errno, 0);
        }
        eof = n <= 0;
        if (n > 0)
            have += (size_t)n;
        for (at = 0; !end && (nl = memchr(buf + at, '\n', have - at)) != NULL; at = (size_t)(nl - buf) + 1)
            end = job(buf + at, (size_t)(nl - buf) - at, batch);
        if (!end && eof && at < have) {
            end = job(buf + at, have - at, batch);
            at = have;
        }
        memmove(buf, buf + at, have - at);
        have -= at;
    }
    free(buf);
    return end;
}

/* Ends the workers: politely, then not. */
static void put_down(void)
{
    for (int round = 0; P.alive > 0 && round < 2; round++) {
        struct pollfd p = {.fd = stop_fd, .events = POLLIN};

        for (int i = 0; i < P.n; i++)
            if (P.pid[i] > 0)
                kill(P.pid[i], round ? SIGKILL : SIGTERM);
        while (P.alive > 0 && poll(&p, 1, 1000) == 1)
            signals();
    }
    reap(0);
}

int mqpool_run(const char *name, int workers, int batch)
{
    int end;

    P.name = name;
    P.n = workers;
    P.pid = calloc((size_t)workers, sizeof *P.pid);
    if (!P.pid || stop_open(1) == -1) {
        free(P.pid);
        return say("mqpool", "start", errno, EXIT_FAILED);
    }
    P.q = q_create(name, 8, 1 + TEXT);
    if (P.q == (mqd_t)-1) {
        end = say("mqpool", name, errno, errno == EEXIST ? EXIT_IN_USE : EXIT_FAILED);
        free(P.pid);
        stop_close();
        return end;
    }
    end = (!batch && start() == -1) || feed(batch) || (batch && start() == -1);
    for (int i = 0; i < workers && !end; i++)
        end = post("STOP", 4, 0, 1) != 0 && P.alive > 0;
    while (!end && P.alive > 0) {
        struct pollfd p = {.fd = stop_fd, .events = POLLIN};

        if (poll(&p, 1, -1) == 1)
            end = signals() && P.alive > 0;
    }
    if (end)
        put_down();
    mq_unlink(name);
    mq_close(P.q);
    stop_close();
    free(P.pid);
    if (!end)
        dprintf(1, "DONE jobs=%ld\n", P.jobs);
    return end || P.failed ? EXIT_FAILED : EXIT_OK;
}
