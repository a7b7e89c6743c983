/* SPDX-License-Identifier: MIT */
/* vec: growable arrays and strings that belong to one owner. Running out of memory ends the program
 * (exit status 4): there is nothing sensible that a caller could do instead. */
#ifndef GRADER_UTIL_VEC_H
#define GRADER_UTIL_VEC_H

#include <stdarg.h>
#include <stddef.h>

/* malloc, realloc and strdup that do not return NULL; memory from xcalloc is zeroed. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
char *xstrdup(const char *s); /* NULL gives NULL */
char *xstrndup(const char *s, size_t n);

/* printf into a new string that the caller frees. */
char *xformat(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvformat(const char *fmt, va_list ap);

/* Room for one more element at the end of the array *items of *n elements: zeroed, and counted.
 * Use as: struct x *x = VEC_ADD(&r->items, &r->items_n). */
#define VEC_ADD(items, n) \
    ((__typeof__(*(items)))vec_add((void **)(items), (n), sizeof(**(items))))
void *vec_add(void **items, size_t *n, size_t size);

/* A list of strings that ends with NULL once it holds anything: an argv. */
struct strs {
    char **v; /* owned, as are the strings */
    size_t n;
};
void strs_add(struct strs *s, const char *str);
void strs_addf(struct strs *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strs_take(struct strs *s, char *str); /* owns 'str' from now on */
int strs_has(const struct strs *s, const char *str);
void strs_release(struct strs *s);

/* A growing string. */
struct buf {
    char *s; /* NUL-terminated once anything was added; owned */
    size_t n;
};
void buf_add(struct buf *b, const void *data, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *buf_steal(struct buf *b); /* the string, never NULL; the caller frees it; b is empty again */
void buf_release(struct buf *b);

#endif
