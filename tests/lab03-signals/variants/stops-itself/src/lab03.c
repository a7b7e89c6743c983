/* SPDX-License-Identifier: MIT */
/* A. Names and default actions. */
#include "lab03.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct entry {
    int signo;
    const char *name;
    enum sig_act act;
};

static const struct entry table[] = {
    {SIGHUP, "HUP", ACT_TERM},       {SIGINT, "INT", ACT_TERM},     {SIGQUIT, "QUIT", ACT_CORE},
    {SIGILL, "ILL", ACT_CORE},       {SIGTRAP, "TRAP", ACT_CORE},   {SIGABRT, "ABRT", ACT_CORE},
    {SIGBUS, "BUS", ACT_CORE},       {SIGFPE, "FPE", ACT_CORE},     {SIGKILL, "KILL", ACT_TERM},
    {SIGUSR1, "USR1", ACT_TERM},     {SIGSEGV, "SEGV", ACT_CORE},   {SIGUSR2, "USR2", ACT_TERM},
    {SIGPIPE, "PIPE", ACT_TERM},     {SIGALRM, "ALRM", ACT_TERM},   {SIGTERM, "TERM", ACT_TERM},
    {SIGSTKFLT, "STKFLT", ACT_TERM}, {SIGCHLD, "CHLD", ACT_IGN},    {SIGCONT, "CONT", ACT_CONT},
    {SIGSTOP, "STOP", ACT_STOP},     {SIGTSTP, "TSTP", ACT_STOP},   {SIGTTIN, "TTIN", ACT_STOP},
    {SIGTTOU, "TTOU", ACT_STOP},     {SIGURG, "URG", ACT_IGN},      {SIGXCPU, "XCPU", ACT_CORE},
    {SIGXFSZ, "XFSZ", ACT_CORE},     {SIGVTALRM, "VTALRM", ACT_TERM}, {SIGPROF, "PROF", ACT_TERM},
    {SIGWINCH, "WINCH", ACT_IGN},    {SIGIO, "IO", ACT_TERM},       {SIGPWR, "PWR", ACT_TERM},
    {SIGSYS, "SYS", ACT_CORE},
};
enum { ENTRIES = sizeof(table) / sizeof(table[0]) };

static int invalid(void)
{
    errno = EINVAL;
    return -1;
}

static const struct entry *find(int signo)
{
    for (int i = 0; i < ENTRIES; i++)
        if (table[i].signo == signo)
            return &table[i];
    return NULL;
}

static int is_realtime(int signo)
{
    return signo >= SIGRTMIN && signo <= SIGRTMAX;
}

/* Decimal digits and nothing else, up to three. -1: something else. */
static int digits(const char *s)
{
    int n = 0, count = 0;

    for (; *s >= '0' && *s <= '9' && count < 4; s++, count++)
        n = n * 10 + (*s - '0');
    return *s || count == 0 || count > 3 ? -1 : n;
}

int sig_number(const char *name)
{
    int n;

    if (name == NULL)
        return invalid();
    n = digits(name);
    if (n >= 0)
        return find(n) || is_realtime(n) ? n : invalid();
    if (strncmp(name, "SIG", 3) == 0)
        name += 3;
    if (strncmp(name, "RTMIN+", 6) == 0) {
        n = digits(name + 6);
        return n >= 0 && SIGRTMIN + n <= SIGRTMAX ? SIGRTMIN + n : invalid();
    }
    for (int i = 0; i < ENTRIES; i++)
        if (strcmp(table[i].name, name) == 0)
            return table[i].signo;
    return invalid();
}

int sig_label(int signo, char *buf, size_t cap)
{
    char label[SIG_LABEL_MAX];
    const struct entry *e = find(signo);
    int n;

    if (e)
        n = snprintf(label, sizeof(label), "%s", e->name);
    else if (is_realtime(signo))
        n = snprintf(label, sizeof(label), "RTMIN+%d", signo - SIGRTMIN);
    else
        return invalid();
    if ((size_t)n + 1 > cap) {
        errno = ERANGE;
        return -1;
    }
    memcpy(buf, label, (size_t)n + 1);
    return n;
}

int sig_default(int signo, enum sig_act *act)
{
    const struct entry *e = find(signo);

    if (e == NULL && !is_realtime(signo))
        return invalid();
    *act = e ? e->act : ACT_TERM;
    return 0;
}
