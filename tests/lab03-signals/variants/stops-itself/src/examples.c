/* SPDX-License-Identifier: MIT */
/* survivor, masked, led, button: handlers that set flags, and sigsuspend. */
#include "lab03.h"
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "util.h"

static volatile sig_atomic_t got[65];

static void on_signal(int signo)
{
    got[signo]++;
}

/* Handles these signals by on_signal and blocks them; 'sleeping' becomes the mask for sigsuspend:
 * that of the entry without them. */
static int take_signals(const int *sigs, size_t n, sigset_t *sleeping)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < n; i++)
        sigaddset(&set, sigs[i]);
    if (sigprocmask(SIG_BLOCK, &set, sleeping) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        sigdelset(sleeping, sigs[i]);
        if (sig_install(sigs[i], on_signal, 1) < 0)
            return -1;
    }
    return 0;
}

static int take(int signo)
{
    int n = got[signo]; /* it is blocked now */

    got[signo] = 0;
    return n;
}

static sem_t wake;
static volatile sig_atomic_t int_total, term_total, alarm_total; /* they only grow */

static void on_wake(int signo)
{
    int e = errno;

    if (signo == SIGINT)
        int_total++;
    else if (signo == SIGTERM)
        term_total++;
    else
        alarm_total++;
    sem_post(&wake); /* async-signal-safe: signal-safety(7) */
    errno = e;
}

int survivor_run(unsigned seconds)
{
    int ints = 0, terms = 0;

    if (sem_init(&wake, 0, 0) < 0)
        return complain("survivor", "sem_init");
    if (sig_install(SIGINT, on_wake, 1) < 0 || sig_install(SIGTERM, on_wake, 1) < 0
        || sig_install(SIGALRM, on_wake, 1) < 0)
        return complain("survivor", "sigaction");
    if (out_line("READY %ld", (long)getpid()) < 0)
        return complain("survivor", "standard output");
    alarm(seconds);
    for (;;) {
        while (sem_wait(&wake) < 0 && errno == EINTR)
            ;
        while (ints < int_total)
            if (out_line("INT %d", ++ints) < 0)
                return complain("survivor", "standard output");
        while (terms < term_total) {
            terms++;
            if (out_line("TERM refused") < 0)
                return complain("survivor", "standard output");
        }
        if (alarm_total) {
            out_line("ALARM");
            kill(getpid(), SIGKILL);
        }
    }
}

static int print_pending(void)
{
    sigset_t pending;
    int i, q;

    if (sigpending(&pending) < 0)
        return -1;
    i = sigismember(&pending, SIGINT);
    q = sigismember(&pending, SIGQUIT);
    return out_line("PENDING%s%s%s", i ? " INT" : "", q ? " QUIT" : "", i || q ? "" : " -");
}

/* Lets SIGINT and SIGQUIT in for a moment. */
static int open_door(const sigset_t *door)
{
    int i, q;

    got[SIGINT] = got[SIGQUIT] = 0;
    if (sigprocmask(SIG_UNBLOCK, door, NULL) < 0 || sigprocmask(SIG_BLOCK, door, NULL) < 0)
        return -1;
    i = take(SIGINT);
    q = take(SIGQUIT);
    if (i && out_line("INT %d", i) < 0)
        return -1;
    return q ? out_line("QUIT %d", q) : 0;
}

int masked_run(void)
{
    static const int sigs[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGTERM};
    static const int behind[] = {SIGINT, SIGQUIT};
    sigset_t sleeping, door, unused;
    long hups = 0;

    if (take_signals(behind, 2, &unused) < 0 || take_signals(sigs, 4, &sleeping) < 0)
        return complain("masked", "sigaction");
    sigemptyset(&door);
    sigaddset(&door, SIGINT);
    sigaddset(&door, SIGQUIT);
    if (out_line("READY %ld", (long)getpid()) < 0)
        return complain("masked", "standard output");
    for (;;) {
        sigsuspend(&sleeping);
        for (int n = take(SIGHUP); n > 0; n--)
            if (out_line("HUP %ld", ++hups) < 0)
                return complain("masked", "standard output");
        for (int n = take(SIGUSR1); n > 0; n--)
            if (print_pending() < 0)
                return complain("masked", "standard output");
        for (int n = take(SIGUSR2); n > 0; n--)
            if (open_door(&door) < 0)
                return complain("masked", "standard output");
        if (take(SIGTERM))
            return EXIT_OK;
    }
}

int led_run(void)
{
    const int sigs[] = {SIGUSR1, SIGRTMIN, SIGTERM, SIGINT};
    sigset_t sleeping;
    long presses = 0;

    if (take_signals(sigs, 4, &sleeping) < 0)
        return complain("led", "sigaction");
    if (out_line("READY %ld", (long)getpid()) < 0)
        return complain("led", "standard output");
    for (;;) {
        sigsuspend(&sleeping);
        for (int n = take(SIGUSR1) + take(SIGRTMIN); n > 0; n--)
            if (out_line(++presses % 2 ? "LED on" : "LED off") < 0)
                return complain("led", "standard output");
        if (got[SIGTERM] || got[SIGINT])
            return out_line("presses=%ld", presses) < 0 ? complain("led", "standard output")
                                                          : EXIT_OK;
    }
}

int button_run(pid_t pid, long presses, int realtime)
{
    union sigval none = {0};
    char who[32];

    for (long i = 0; i < presses; i++) {
        if ((realtime ? sigqueue(pid, SIGRTMIN, none) : kill(pid, SIGUSR1)) < 0) {
            int code = errno == ESRCH ? EXIT_NO_PEER : EXIT_FAILED;

            snprintf(who, sizeof(who), "%ld", (long)pid);
            complain("button", who);
            return code;
        }
    }
    return EXIT_OK;
}
