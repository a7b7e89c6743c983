/* SPDX-License-Identifier: MIT */
/* inner: what the files of the library share. */
#ifndef INNER_H
#define INNER_H

#include "lab04.h"

#include <signal.h>

enum { FOREVER = -1, NO_WAIT = 0 };
enum { REPLIES_MAX = 2, JOB_SIZE = 256, WORKERS_MAX = 16, LINE_SIZE = JOB_SIZE + 16 };

int complain(const char *prog, const char *what);
int fail_with(int why);
int transmit(mqd_t q, const void *buf, size_t len, unsigned prio, int timeout_ms);
ssize_t receive(mqd_t q, void *buf, size_t size, unsigned *prio, int timeout_ms);
void print_message(const char *head, const void *text, size_t len);
void stop_catch(void);
long long now_ns(void);
long long end_after(int timeout_ms);
int wait_ready(int fd, short events, long long end_ns);
int send_ready(mqd_t q, const void *buf, size_t len, unsigned prio, long long end_ns);
extern const sigset_t *stop_mask;
extern uint64_t served, dropped;

#endif
