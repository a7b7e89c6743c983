/* SPDX-License-Identifier: MIT */
/* solution B: what the files share */
#ifndef MINE_H
#define MINE_H
#include "lab04.h"
#include <time.h>

/* A descriptor that becomes readable when the program is to end (a signalfd), or -1: none. */
extern int stop_fd;

struct deadline {
    int mode; /* -1 for ever, 0 do not wait, 1 until */
    struct timespec at;
};
void deadline_set(struct deadline *d, int timeout_ms);
int q_put(mqd_t q, const void *buf, size_t len, unsigned prio, const struct deadline *d);
ssize_t q_get(mqd_t q, void *buf, size_t cap, unsigned *prio, const struct deadline *d);
size_t q_room(mqd_t q);

int stop_open(int with_children); /* blocks the signals and makes stop_fd */
int stop_signal(void);            /* number of a signal that has come, or 0; does not wait */
void stop_close(void);
int put_all(int fd, const void *buf, size_t len);
int say(const char *program, const char *what, int err, int code);
int code_of(int err);

extern uint64_t stat_served, stat_dropped;
#endif
