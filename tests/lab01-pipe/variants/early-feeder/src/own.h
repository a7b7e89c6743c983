/* SPDX-License-Identifier: MIT */
/* What lab01.c and tools.c share. */
#ifndef OWN_H
#define OWN_H

#include <signal.h>
#include <sys/types.h>

/* SIGPIPE blocked for a while, SIGCHLD such that exit codes are kept. */
struct quiet {
    sigset_t mask;
    struct sigaction chld;
    int was_pending;
};

void quiet_begin(struct quiet *q);
void quiet_end(const struct quiet *q);
int high_pipe(int p[2]);
int reap(pid_t pid, int *code);
void shut(int *fd);
int spawn(const char *program, pid_t *pid, char *const argv[], int in, int out, const int also_close[2]);
int pump(int from, int to, int *read_error);

#endif
