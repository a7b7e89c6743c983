/* SPDX-License-Identifier: MIT */
/* interrupt: SIGINT, SIGTERM and SIGHUP as something that can be asked for and polled. */
#ifndef GRADER_UTIL_INTERRUPT_H
#define GRADER_UTIL_INTERRUPT_H

#include "util/err.h"

/* Blocks the three signals and makes a descriptor that becomes readable when one arrives. Call it
 * once, before anything is started. */
int interrupt_init(struct err *err);

/* The descriptor to poll; -1 before interrupt_init. Never read it yourself. */
int interrupt_fd(void);

/* The signal that arrived, 0: none so far. Does not wait. */
int interrupt_signal(void);

#endif
