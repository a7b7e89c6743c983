/* SPDX-License-Identifier: MIT */
/* held: conditions that a test sets up between programs: a standard output that nobody reads, and
 * children that have ended but were not waited for. */
#include "inside.h"

#include <stdlib.h>

void release_stdout(struct proc *p)
{
    p->out_held = false;
    pump(-1, 0, 0);
}

struct running_wait {
    const struct proc *p;
    int count;
};

static bool running_ready(void *arg)
{
    const struct running_wait *w = arg;
    struct pinfo *list;
    size_t count = procfs_list(&list);
    int n = 0;

    for (size_t i = 0; i < count; i++)
        n += list[i].ppid == w->p->pid && list[i].state != 'Z' && list[i].state != 'X';
    free(list);
    return n == w->count;
}

void await_running_children(struct proc *p, int count)
{
    struct running_wait w = {p, count};

    wait_for(&(struct wait){.what = text("%s to have %d running child processes", p->name, count),
                            .ready = running_ready, .arg = &w, .fd = -1, .look = true, .of = p});
}
