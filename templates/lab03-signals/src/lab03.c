/* SPDX-License-Identifier: MIT */
/* lab03 - signals: your library. What each function must do is told in include/lab03.h and in the
 * handout. Replace the stubs one after the other: parts A, B, C, D, E. */
#include "lab03.h"

#include <errno.h>

/* What every stub returns. Remove it with the last of them. */
static int not_implemented(void)
{
    errno = ENOSYS;
    return -1;
}

/* A. Names and default actions ----------------------------------------------------------------- */

int sig_number(const char *name)
{
    (void)name;
    return not_implemented();
}

int sig_label(int signo, char *buf, size_t cap)
{
    (void)signo;
    (void)buf;
    (void)cap;
    return not_implemented();
}

int sig_default(int signo, enum sig_act *act)
{
    (void)signo;
    (void)act;
    return not_implemented();
}

int sig_install(int signo, void (*handler)(int), int restart)
{
    (void)signo;
    (void)handler;
    (void)restart;
    return not_implemented();
}

/* B. Waiting and working ----------------------------------------------------------------------- */

int wait_for_flag(volatile sig_atomic_t *flag, int signo)
{
    (void)flag;
    (void)signo;
    return not_implemented();
}

long work_until_alarm(unsigned seconds, void (*work)(void *), void *arg)
{
    (void)seconds;
    (void)work;
    (void)arg;
    return not_implemented();
}

int survivor_run(unsigned seconds)
{
    (void)seconds;
    return not_implemented();
}

/* C. Blocking ---------------------------------------------------------------------------------- */

int with_blocked(const int *sigs, size_t n, int (*fn)(void *), void *arg, sigset_t *arrived)
{
    (void)sigs;
    (void)n;
    (void)fn;
    (void)arg;
    (void)arrived;
    return not_implemented();
}

int masked_run(void)
{
    return not_implemented();
}

/* D. Data by signals --------------------------------------------------------------------------- */

int led_run(void)
{
    return not_implemented();
}

int button_run(pid_t pid, long presses, int realtime)
{
    (void)pid;
    (void)presses;
    (void)realtime;
    return not_implemented();
}

int rt_send(pid_t to, const void *buf, size_t len, int timeout_ms)
{
    (void)to;
    (void)buf;
    (void)len;
    (void)timeout_ms;
    return not_implemented();
}

ssize_t rt_recv(void *buf, size_t cap, pid_t *from, int timeout_ms)
{
    (void)buf;
    (void)cap;
    (void)from;
    (void)timeout_ms;
    return not_implemented();
}

int rtsend_run(pid_t to, const char *text, int timeout_ms)
{
    (void)to;
    (void)text;
    (void)timeout_ms;
    return not_implemented();
}

int rtrecv_run(long messages)
{
    (void)messages;
    return not_implemented();
}

/* E. Children ---------------------------------------------------------------------------------- */

int reap_all(void (*cb)(pid_t pid, int wstatus, void *arg), void *arg)
{
    (void)cb;
    (void)arg;
    return not_implemented();
}

int supervise_run(unsigned jobs, unsigned timeout_ms, unsigned grace_ms)
{
    (void)jobs;
    (void)timeout_ms;
    (void)grace_ms;
    return not_implemented();
}
