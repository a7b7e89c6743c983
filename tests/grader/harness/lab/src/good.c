/* SPDX-License-Identifier: MIT */
/* good: does what programs should: good echo | good serve NAME | good twice N | good threads N | good warn |
 * good rest MS. */
#include "lib.h"

#include <err.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void on_term(int sig)
{
    (void)sig;
    ended = 1;
}

static int helper(int n) /* local: bad.c has one of the same name */
{
    return twice(n);
}

static int echo(void)
{
    char buf[4096];
    ssize_t n;

    while ((n = read(0, buf, sizeof(buf))) > 0)
        if (write(1, buf, (size_t)n) != n)
            return 1;
    return n < 0;
}

/* Answers every line of any client with the same line, until SIGTERM. */
static int serve(const char *name)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct sigaction action = {.sa_handler = on_term};
    struct pollfd set[32];
    nfds_t n = 1;
    sigset_t block, open;

    (void)sigemptyset(&block);
    (void)sigaddset(&block, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &block, &open);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", name);
    set[0].fd = socket(AF_UNIX, SOCK_STREAM, 0);
    set[0].events = POLLIN;
    if (set[0].fd < 0 || bind(set[0].fd, (struct sockaddr *)&sa, sizeof(sa)) < 0
        || listen(set[0].fd, 16) < 0)
        return 1;
    (void)printf("READY %s\n", name);
    (void)fflush(stdout);
    while (!ended) {
        if (ppoll(set, n, NULL, &open) < 0)
            continue;
        for (nfds_t i = n; i-- > 1;) {
            char buf[512];
            ssize_t got;

            if (!set[i].revents)
                continue;
            got = recv(set[i].fd, buf, sizeof(buf), 0);
            if (got > 0 && send(set[i].fd, buf, (size_t)got, MSG_NOSIGNAL) == got)
                continue;
            (void)close(set[i].fd);
            set[i] = set[--n];
        }
        if (set[0].revents && n < 32) {
            set[n].fd = accept(set[0].fd, NULL, NULL);
            set[n].events = POLLIN;
            set[n].revents = 0;
            n++;
        }
    }
    while (n > 0)
        (void)close(set[--n].fd);
    return unlink(name) < 0;
}

static pthread_barrier_t all_there;

static void *wait_for_all(void *arg)
{
    (void)pthread_barrier_wait(&all_there);
    return arg;
}

/* Has work to do before it can serve. */
static int rest_after(int ms)
{
    while (clock() < (clock_t)ms * (CLOCKS_PER_SEC / 1000))
        ;
    (void)printf("READY\n");
    (void)fflush(stdout);
    (void)pause();
    return 1;
}

/* So many threads, all at once. */
static int threads(unsigned n)
{
    pthread_t *made = calloc(n, sizeof(*made));
    int failed = made == NULL || pthread_barrier_init(&all_there, NULL, n + 1);

    for (unsigned i = 0; i < n && !failed; i++)
        failed = pthread_create(&made[i], NULL, wait_for_all, NULL);
    if (failed)
        return 1;
    (void)pthread_barrier_wait(&all_there);
    for (unsigned i = 0; i < n; i++)
        (void)pthread_join(made[i], NULL);
    free(made);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "echo") == 0)
        return echo();
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2]);
    if (argc == 3 && strcmp(argv[1], "twice") == 0)
        return printf("%d\n", helper(atoi(argv[2]))) < 0;
    if (argc == 3 && strcmp(argv[1], "threads") == 0)
        return threads((unsigned)atoi(argv[2]));
    if (argc == 3 && strcmp(argv[1], "rest") == 0)
        return rest_after(atoi(argv[2]));
    if (argc == 2 && strcmp(argv[1], "warn") == 0) {
        warnx("by err.h");
        return 1;
    }
    (void)fprintf(stderr, "usage: good echo | serve NAME | twice N | threads N | warn | rest MS\n");
    return 2;
}
