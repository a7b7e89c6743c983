/* SPDX-License-Identifier: MIT */
/* cgroup: the kernel's own limit for the memory of a whole box, a memory control group of version 1
 * or 2, where the grader may make one: as root, with the hierarchy mounted for writing. Elsewhere
 * process 1 of the box looks how much is used (init_watch.c), which it does here, too: it knows who
 * used it. */
#ifndef BOX_CGROUP_H
#define BOX_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Where groups for memory are made: next to the grader's own processes, so that limits for these
 * hold for its boxes, too. False: nowhere. */
struct cgroup_place {
    char dir[512];
    bool v2;
};
/* From the texts of /proc/self/mountinfo (proc_pid_mountinfo(5)) and /proc/self/cgroup (cgroups(7)). */
bool cgroup_place(const char *mountinfo, const char *self, struct cgroup_place *place);

struct cgroup { /* zero-initialised: there is none */
    char dir[600];
    bool v2;
};

/* A group for the box that has this slot of ids, with a limit of so many bytes, without swap. Those
 * that killed graders have left are removed. Whether it could be made is in cgroup->dir. */
void cgroup_open(unsigned slot, size_t bytes, struct cgroup *cgroup);
/* Puts a process of ours in, and all that it will start. If that cannot be, there is no group any more. */
void cgroup_add(struct cgroup *cgroup, pid_t pid);
/* Where "oom_kill N" counts what the kernel has killed (memory.events, memory.oom_control); -1. */
int cgroup_events(const struct cgroup *cgroup);
/* Removes it; all its processes have ended. */
void cgroup_close(struct cgroup *cgroup);

#endif
