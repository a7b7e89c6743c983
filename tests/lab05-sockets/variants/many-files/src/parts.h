/* SPDX-License-Identifier: MIT */
/* What the files of this library share. */
#ifndef PARTS_H
#define PARTS_H

#include "lab05.h"

#include <poll.h>

/* Prints "PROGRAM: WHAT: REASON" and returns the exit code for errno. */
int problem(const char *program, const char *what);

/* Marks the descriptor close-on-exec; returns it. -1 stays -1. */
int own(int fd);

/* close(), but errno stays and the result is -1. */
int close_fail(int fd);

/* A descriptor that becomes readable when SIGTERM or SIGINT has come; -1. alarm_close ends it. */
int alarm_open(void);
void alarm_close(void);

/* Both directions until the socket has ended. 0; -1 if 'out' failed. */
int copy_both(int in, int sock, int out);

struct conn {
    int fd;
    int used; /* this place of the pool is taken */
    enum conn_state { CONN_HERE, CONN_LEAVING, CONN_OUT } state;
    int deaf;
    char nick[CHAT_NICK_MAX + 1];
    size_t got, waiting;
    int too_long;
    char line[CHAT_LINE_MAX];
    char out[CHAT_PENDING_MAX + 4 * CHAT_LINE_MAX];
};

/* The n-th place of the pool, or NULL if it is free. */
conn_t *conn_at(size_t n);
enum { CONN_PLACES = CHAT_CLIENTS_MAX + 1 };

#endif
