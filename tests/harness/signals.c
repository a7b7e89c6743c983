/* SPDX-License-Identifier: MIT */
/* signals: what the kernel knows of a program's signals, and who is left of its family.
 *
 * The sets of /proc/PID/status are hexadecimal, signal N in bit N-1. A signal that was sent is
 * pending at once, before kill() returns; so "not pending any more" means that it was taken: by a
 * handler, which may still run, or by a call that waits for it. */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Is it in one of these sets? False for a program that has ended. */
static bool in_set(const struct proc *p, const char *const fields[], int sig)
{
    char status[8192];

    if (p->ended || procfs_read(p->pid, "status", status, sizeof(status)) <= 0)
        return false;
    for (; *fields; fields++) {
        const char *at = strstr(status, *fields);

        if (at && strtoull(at + strlen(*fields), NULL, 16) >> (sig - 1) & 1)
            return true;
    }
    return false;
}

bool signal_pending(struct proc *p, int sig)
{
    return in_set(p, (const char *const[]){"\nSigPnd:", "\nShdPnd:", NULL}, sig);
}

bool signal_blocked(struct proc *p, int sig)
{
    return in_set(p, (const char *const[]){"\nSigBlk:", NULL}, sig);
}

bool signal_caught(struct proc *p, int sig)
{
    return in_set(p, (const char *const[]){"\nSigCgt:", NULL}, sig);
}

struct taken_wait {
    struct proc *p;
    int sig;
};

static bool taken_ready(void *arg)
{
    const struct taken_wait *w = arg;

    return !signal_pending(w->p, w->sig);
}

void await_signal_taken(struct proc *p, int sig)
{
    struct taken_wait w = {p, sig};

    wait_for(&(struct wait){.what = text("%s to take %s", p->name, signal_name(sig)),
                            .ready = taken_ready, .arg = &w, .fd = -1, .look = true, .of = p});
}

void queue_signal(struct proc *p, int sig, int value)
{
    if (p->ended)
        return;
    if (sig > 0 && sig < 64)
        p->sent |= 1ULL << sig;
    if (sigqueue(p->pid, sig, (union sigval){.sival_int = value}) < 0 && errno != ESRCH)
        broken("cannot queue %s for %s: %s", signal_name(sig), p->name, strerror(errno));
}

int running_children(struct proc *p)
{
    struct pinfo *list;
    size_t count = procfs_list(&list);
    int n = 0;

    for (size_t i = 0; i < count; i++)
        n += list[i].ppid == p->pid && list[i].state != 'Z' && list[i].state != 'X';
    free(list);
    return n;
}

int left_by(struct proc *p)
{
    struct pinfo *list;
    size_t count = procfs_list(&list);
    int n = 0;

    for (size_t i = 0; i < count; i++)
        n += list[i].session == p->pid && list[i].pid != p->pid;
    free(list);
    return n;
}
