/* SPDX-License-Identifier: MIT */
/* err: why something could not be done. Lives on the caller's stack, filled by whoever fails,
 * wrapped by those above, printed by main.c alone. A NULL err is allowed everywhere: the reason is
 * dropped.
 *
 * Texts are translated here, so they are marked with N_() where they are given. Only who reads them
 * knows whether they may be: what becomes part of a result is plain. */
#ifndef UTIL_ERR_H
#define UTIL_ERR_H

#include <stdbool.h>

struct err {
    char msg[1024]; /* one line, no full stop; "" while nothing has failed */
    int code;       /* the errno behind it, 0 if there was none */
    bool plain;     /* set beforehand: English in every language, for results */
};

/* Each returns -1, so that a failing function can end with it. */
int err_set(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As err_set, then ": " and the text of errnum. */
int err_errno(struct err *err, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "text: " in front of what is there; the code stays. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A text for err, that err_set would get as a value: translated unless it is plain. */
const char *err_text(const struct err *err, const char *text);

/* clang's analyzer looks at one file at a time, and would have to guess that. */
#ifdef __clang_analyzer__
#define err_set(...) ((void)(err_set)(__VA_ARGS__), -1)
#define err_errno(...) ((void)(err_errno)(__VA_ARGS__), -1)
#define err_wrap(...) ((void)(err_wrap)(__VA_ARGS__), -1)
#endif

#endif
