/* SPDX-License-Identifier: MIT */
#include "util/vec.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p)
{
    if (!p) {
        (void)fputs("grader: out of memory\n", stderr);
        exit(4);
    }
    return p;
}

void *xcalloc(size_t n, size_t size)
{
    return must(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        return must(NULL);
    return must(realloc(p, n && size ? n * size : 1));
}

char *xstrdup(const char *s)
{
    return s ? must(strdup(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
    return must(strndup(s, n));
}

char *xvformat(const char *fmt, va_list ap)
{
    char *s = NULL;

    if (vasprintf(&s, fmt, ap) < 0)
        s = NULL;
    return must(s);
}

char *xformat(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    char *s = xvformat(fmt, ap);
    va_end(ap);
    return s;
}

void *vec_add(void **items, size_t *n, size_t size)
{
    /* Room doubles at each power of two, so that no capacity has to be remembered. */
    if ((*n & (*n - 1)) == 0)
        *items = xrealloc(*items, *n ? *n * 2 : 1, size);
    char *at = (char *)*items + *n * size;
    memset(at, 0, size);
    (*n)++;
    return at;
}

void strs_take(struct strs *s, char *str)
{
    s->v = xrealloc(s->v, s->n + 2, sizeof(*s->v));
    s->v[s->n++] = str;
    s->v[s->n] = NULL;
}

void strs_add(struct strs *s, const char *str)
{
    strs_take(s, xstrdup(str));
}

void strs_addf(struct strs *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    strs_take(s, xvformat(fmt, ap));
    va_end(ap);
}

int strs_has(const struct strs *s, const char *str)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->v[i], str) == 0)
            return 1;
    return 0;
}

void strs_release(struct strs *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->v[i]);
    free(s->v);
    *s = (struct strs){0};
}

void buf_add(struct buf *b, const void *data, size_t n)
{
    size_t need = b->n + n + 1;
    size_t room = b->s ? 64 : 0;

    while (room && room < b->n + 1)
        room *= 2;
    if (!b->s || need > room) {
        size_t want = 64;
        while (want < need)
            want *= 2;
        b->s = xrealloc(b->s, want, 1);
    }
    if (n)
        memcpy(b->s + b->n, data, n);
    b->n += n;
    b->s[b->n] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    char *s = xvformat(fmt, ap);
    va_end(ap);
    buf_puts(b, s);
    free(s);
}

char *buf_steal(struct buf *b)
{
    char *s = b->s ? b->s : xstrdup("");

    *b = (struct buf){0};
    return s;
}

void buf_release(struct buf *b)
{
    free(b->s);
    *b = (struct buf){0};
}
