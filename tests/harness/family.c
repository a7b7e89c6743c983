/* SPDX-License-Identifier: MIT */
/* family: what a program forked, all of it: whoever is in the session that the harness gave the
 * program, also after the program's own end. */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t session_of(const struct proc *p, struct pinfo **list)
{
    size_t count = procfs_list(list), n = 0;

    for (size_t i = 0; i < count; i++)
        if ((*list)[i].session == p->pid && (*list)[i].pid != p->pid)
            (*list)[n++] = (*list)[i];
    return n;
}

int offspring_of(struct proc *p)
{
    struct pinfo *list;
    size_t n = session_of(p, &list);

    free(list);
    return (int)n;
}

struct family_wait {
    const struct proc *p;
    bool stopped;
};

static bool family_ready(void *arg)
{
    const struct family_wait *w = arg;
    struct pinfo *list;
    size_t n = session_of(w->p, &list);
    bool ready = true;

    for (size_t i = 0; i < n; i++)
        if (list[i].state != 'Z' && list[i].state != 'X')
            ready &= (list[i].state == 'T') == w->stopped;
    free(list);
    return ready;
}

static void signal_family(struct proc *p, int sig, const char *what)
{
    struct family_wait w = {p, sig == SIGSTOP};
    struct pinfo *list;
    size_t n = session_of(p, &list);

    for (size_t i = 0; i < n; i++)
        if (kill(list[i].pid, sig) < 0 && errno != ESRCH)
            broken("cannot send %s to a child of %s: %s", signal_name(sig), p->name, strerror(errno));
    free(list);
    wait_for(&(struct wait){.what = text("the children of %s to %s", p->name, what),
                            .ready = family_ready, .arg = &w, .fd = -1, .look = true});
}

void freeze_offspring(struct proc *p)
{
    p->frozen_below = true;
    signal_family(p, SIGSTOP, "be stopped");
}

void thaw_offspring(struct proc *p)
{
    p->frozen_below = false;
    signal_family(p, SIGCONT, "go on");
}

long cpu_ms(struct proc *p)
{
    struct pinfo info;

    return procfs_info(p->pid, &info) ? (long)(info.ticks * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK))
                                      : 0;
}
