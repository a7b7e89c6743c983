/* SPDX-License-Identifier: MIT */
/* What the files of solution B know of each other. */
#ifndef B_H
#define B_H

#include <stdarg.h>

int fail(int code, const char *what, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void shut(int *fd);
int lift(int fd);
int b_relay(int in, int sock, int out);

#endif
