/* SPDX-License-Identifier: MIT */
/* Helpers of my own that all parts share. */
#ifndef UTIL_H
#define UTIL_H
#include <stddef.h>
#include <stdint.h>
int write_all(int fd, const void *buf, size_t len);
int out_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int complain(const char *program, const char *what); /* prints errno, returns EXIT_FAILED */
int64_t now_ns(void);
#endif
