/* SPDX-License-Identifier: MIT */
/* confine: what a process gives up for ever, between fork and exec. The box's init uses it for what
 * it starts, the test harness for student programs; both compile this one file. */
#ifndef BOX_CONFINE_H
#define BOX_CONFINE_H

#include <linux/filter.h>
#include <sys/types.h>

/* Zero means "as it is" in every field. Limits never rise above the hard limit that is there. */
struct confine {
    uid_t uid; /* 0: stay who we are; else all three uids, no groups, no capabilities */
    gid_t gid; /* 0: same number as uid */
    const struct sock_filter *filter; /* seccomp program, installed last; NULL: none */
    unsigned short filter_len;        /* in instructions */
    unsigned nproc;                   /* processes and threads of the uid, all together */
    unsigned nofile;                  /* one more than the highest descriptor */
    unsigned cpu_s;                   /* SIGXCPU then, SIGKILL one second later; of one process */
    unsigned long long fsize_bytes;   /* SIGXFSZ beyond */
    unsigned long long stack_bytes;
    unsigned long long as_bytes; /* address space; never with sanitizers */
    unsigned long long msgqueue_bytes; /* POSIX message queues of the uid, all together */
};

/* Always: default signal dispositions, empty signal mask, umask 022, no core files. With uid != 0
 * also: no_new_privs, empty capability sets (bounding and ambient too), no locked memory to speak
 * of, no real-time priority, first victim when memory runs out. With a filter: no_new_privs.
 *
 * Descriptors, session, working folder and environment are the caller's: do setsid() before, and
 * chdir() after, so that the folder is entered with the rights of the new uid.
 *
 * Async-signal-safe; the caller is single-threaded (a child after fork). 0: done. -1: errno, and
 * *step (static text, may be NULL) names what failed; the process is half confined then and must
 * _exit. */
int confine_self(const struct confine *c, const char **step);

/* Part of that: default dispositions of all signals, the two that the C library hides too, and an
 * empty mask. Async-signal-safe. */
void confine_reset_signals(void);

#endif
