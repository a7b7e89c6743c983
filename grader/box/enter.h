/* SPDX-License-Identifier: MIT */
/* enter: makes the namespaces and folders of a box and starts its process 1. */
#ifndef BOX_ENTER_H
#define BOX_ENTER_H

#include "box/cgroup.h"
#include "box/ids.h"

#include <sys/types.h>

struct box_spec;
struct err;

struct entered {
    pid_t monitor; /* our child: bubblewrap's outer process. It ends when the box has ended */
    int ctl_fd;    /* the grader's end of the control socket */
    int log_fd;    /* memfd: what bubblewrap and init complain about */
};

/* Starts it, in 'group' if there is one; whether it works is known when init says hello on ctl_fd,
 * or when that ends. The caller closes both descriptors and reaps the monitor. */
int enter_start(const struct box_spec *spec, const struct ids *ids, struct cgroup *group,
                struct entered *entered, struct err *err);

/* What the log says about a box that did not start, with the next step where we know one. -1. */
int enter_explain(int log_fd, struct err *err);

#endif
