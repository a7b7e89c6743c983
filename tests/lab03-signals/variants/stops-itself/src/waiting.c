/* SPDX-License-Identifier: MIT */
/* B, C. Installing, waiting, blocking, working. */
#include "lab03.h"
#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include "util.h"

int sig_install(int signo, void (*handler)(int), int restart)
{
    struct sigaction sa;

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = handler;
    sigemptyset(&sa.sa_mask);
    sa.sa_flags = restart ? SA_RESTART : 0;
    return sigaction(signo, &sa, NULL);
}

int wait_for_flag(volatile sig_atomic_t *flag, int signo)
{
    sigset_t mask;

    if (sigprocmask(SIG_BLOCK, NULL, &mask) < 0 || sigdelset(&mask, signo) < 0)
        return -1;
    while (!*flag)
        sigsuspend(&mask); /* always returns with EINTR */
    return 0;
}

int with_blocked(const int *sigs, size_t n, int (*fn)(void *), void *arg, sigset_t *arrived)
{
    sigset_t add, old, pending;
    int result, saved;

    sigemptyset(&add);
    for (size_t i = 0; i < n; i++)
        if (sigaddset(&add, sigs[i]) < 0)
            return -1;
    if (sigprocmask(SIG_BLOCK, &add, &old) < 0)
        return -1;
    result = fn(arg);
    saved = errno;
    if (arrived) {
        sigpending(&pending);
        sigemptyset(arrived);
        for (size_t i = 0; i < n; i++)
            if (sigismember(&pending, sigs[i]) == 1)
                sigaddset(arrived, sigs[i]);
    }
    if (sigprocmask(SIG_SETMASK, &old, NULL) < 0)
        return -1;
    errno = saved;
    return result;
}

static volatile sig_atomic_t alarm_came;

static void on_alarm(int signo)
{
    (void)signo;
    alarm_came = 1;
}

static int64_t tv_us(struct timeval tv)
{
    return (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}

/* The caller's alarm again, without the time that has passed. An alarm that was due meanwhile is
 * due now. */
static void restore_alarm(struct itimerval old, int64_t passed_us)
{
    int64_t left = tv_us(old.it_value) - passed_us;

    if (tv_us(old.it_value) == 0)
        return;
    if (left < 1)
        left = 1;
    old.it_value.tv_sec = (time_t)(left / 1000000);
    old.it_value.tv_usec = (suseconds_t)(left % 1000000);
    setitimer(ITIMER_REAL, &old, NULL);
}

long work_until_alarm(unsigned seconds, void (*work)(void *), void *arg)
{
    struct sigaction sa, old_sa;
    struct itimerval none, own, old_timer;
    sigset_t alrm, mask;
    int64_t start;
    long calls = 0;

    memset(&none, 0, sizeof(none));
    sigemptyset(&alrm);
    sigaddset(&alrm, SIGALRM);
    if (sigprocmask(SIG_BLOCK, &alrm, &mask) < 0)
        return -1;
    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = on_alarm;
    sigemptyset(&sa.sa_mask);
    alarm_came = 0;
    if (sigaction(SIGALRM, &sa, &old_sa) < 0) {
        sigprocmask(SIG_SETMASK, &mask, NULL);
        return -1;
    }
    start = now_ns();
    if (seconds > 0) {
        own = none;
        own.it_value.tv_sec = seconds;
        setitimer(ITIMER_REAL, &own, &old_timer);
    }
    sigprocmask(SIG_UNBLOCK, &alrm, NULL);
    do {
        work(arg);
        calls++;
    } while (!alarm_came);
    if (seconds > 0)
        setitimer(ITIMER_REAL, &none, NULL);
    sigprocmask(SIG_BLOCK, &alrm, NULL);
    sigaction(SIGALRM, &old_sa, NULL);
    if (seconds > 0)
        restore_alarm(old_timer, (now_ns() - start) / 1000);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return calls;
}
