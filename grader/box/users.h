/* SPDX-License-Identifier: MIT */
/* users: mode users. Starts init as a plain process, in folders of its own; what a namespace would
 * hide is closed by who owns it, and by Landlock where the kernel has it. */
#ifndef BOX_USERS_H
#define BOX_USERS_H

#include "box/enter.h"

#include <stddef.h>

/* As enter_start(). */
int users_start(const struct box_spec *spec, const struct ids *ids, struct cgroup *group,
                struct entered *entered, struct err *err);

/* The slots of boxes that run, or were killed and left something: taken first, they are cleaned. At
 * most 'max'; how many. */
size_t users_slots(unsigned *slots, size_t max);

/* Whether the kernel has a Landlock that we use: its version, or 0. */
int users_landlock(void);

#endif
