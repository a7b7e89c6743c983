/* SPDX-License-Identifier: MIT */
/* init: the parts of process 1 of the box (init.c). Nothing here is seen by the grader. */
#ifndef BOX_INIT_H
#define BOX_INIT_H

#include "box/wire.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A program that was started and whose end the grader has not been told yet. */
struct init_proc {
    bool used, ended, walled;
    uint32_t id, uid;
    pid_t pid;
    int report_fd; /* says what failed before exec; empty when exec worked */
    int64_t started_ms, deadline_ms;
    struct wire_reply result;
};

struct init_state {
    const char *root; /* where the box's own folders are; "" when it has a mount namespace */
    bool single;      /* the box has no uid but 0 */
    uid_t first_uid;  /* what is added to a uid of the box, but for 0; 0 with a user namespace */
    int null_fd;
    uint64_t memory_max; /* bytes, of all that students run */
    int events_fd;       /* of the box's memory control group; -1: it has none */
    struct sock_filter *filter;
    unsigned short filter_len;
    struct init_proc procs[WIRE_PROCS_MAX];
};

extern struct init_state init;

int64_t init_now_ms(void);
uid_t init_inner_uid(uid_t uid); /* as box_inner_uid() */

/* init_files.c: each 0 or an errno. 'text' holds the strings of the request, checked by the caller
 * to end with NUL. */
/* What a path is called here: itself, or a new string. */
const char *files_inner(const char *path);
int files_mkdir(const char *path, mode_t mode, uid_t uid);
int files_put(const char *path, int from, mode_t mode, uid_t uid);
int files_symlink(const char *path, const char *target);
int files_chown(const char *path, uid_t uid);
int files_unlink(const char *path);
int files_get(const char *path, uint64_t max, int *fd);
int files_list(const char *dir, uint64_t max, int *fd, struct wire_reply *reply);
int files_listen(const char *path, int *fd);
int files_load_filter(const char *path, struct sock_filter **filter, unsigned short *len);

/* init_spawn.c */
int spawn_start(const struct wire_request *req, const char *text, const int *fds, size_t nfds);
/* The process has ended with this wait status: fills the result. */
struct rusage;
void spawn_finish(struct init_proc *p, int status, const struct rusage *used);
void spawn_kill(const struct init_proc *p);
/* How many processes of the uid (an inner one) there were; all are gone, or *errnum is ETIMEDOUT. */
unsigned spawn_kill_uid(uid_t uid, int *errnum);
/* Sends SIGKILL to all processes of an inner uid at one moment. */
void spawn_kill_all_as(uid_t uid);
struct init_status {
    bool alive; /* neither a zombie nor dead */
    pid_t parent;
    uid_t uid; /* the real one */
};
/* What /proc/PID/status says (proc_pid_status(5)). False: there is no such process any more. */
bool spawn_read_status(const char *pid, struct init_status *status);

/* init_watch.c: kills the programs of the uid that uses most when all together use more than
 * memory_max, or when the kernel had to kill one, and notes its number in BOX_MEMORY_PATH.
 * Milliseconds to the next look, -1: nothing runs. */
int watch_memory(void);
void watch_soon(void);    /* the next look is now: what runs is known before the next program does */
int watch_events(int fd); /* takes the descriptor for init.events_fd; 0 or an errno */

/* init_sweep.c: without namespaces, ends and removes all that belongs to the uids of the box; of
 * the judge, what descends from this process. */
void sweep_users(void);
void sweep_folders(void); /* root, and what is in it */

/* init_probe.c: the same file, run as a program of the box, looks around for the self-test. */
int probe_main(int argc, char *argv[]);

#endif
