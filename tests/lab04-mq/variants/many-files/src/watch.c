/* SPDX-License-Identifier: MIT */
/* mqwatch */
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

/* E. mqwatch -------------------------------------------------------------------------------------- */

/* Asks for one signal, when a message comes into the empty queue. */
static int watch(mqd_t q)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};

    return mq_notify(q, &event);
}

/* Prints what is there, *left messages at most (-1: no limit). */
static int drain(mqd_t q, long *left)
{
    char head[64];
    unsigned prio;
    void *text;
    ssize_t n;

    while (*left != 0 && (n = q_recv(q, &text, &prio, NO_WAIT)) >= 0) {
        snprintf(head, sizeof(head), "%u ", prio);
        print_message(head, text, (size_t)n);
        free(text);
        if (*left > 0)
            --*left;
    }
    return *left == 0 || errno == EAGAIN ? 0 : -1;
}

int mqwatch_run(const char *name, long count)
{
    long left = count > 0 ? count : -1;
    int sig = SIGUSR1, r;
    sigset_t wanted;
    mqd_t q;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR1);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigprocmask(SIG_BLOCK, &wanted, NULL); /* they are taken by sigwaitinfo, one after the other */
    q = mq_open(name, O_RDONLY);
    if (q < 0)
        return complain("mqwatch", name);
    r = watch(q);
    if (r == 0) {
        printf("READY %s\n", name);
        fflush(stdout);
        r = drain(q, &left); /* what came before does not announce itself */
    }
    while (r == 0 && left != 0 && sig == SIGUSR1) {
        do
            sig = sigwaitinfo(&wanted, NULL);
        while (sig < 0 && errno == EINTR); /* stopped and continued */
        /* Register first, drain afterwards: between the two a message would come unseen. */
        if (sig == SIGUSR1 && ((r = watch(q)) == 0))
            r = drain(q, &left);
    }
    if (r < 0)
        r = complain("mqwatch", name);
    mq_close(q);
    return r;
}
