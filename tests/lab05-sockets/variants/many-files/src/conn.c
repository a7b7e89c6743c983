/* SPDX-License-Identifier: MIT */
/* A chat client, from a pool: no heap. One place more than clients, for one that is to be refused. */
#include "parts.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static conn_t pool[CONN_PLACES];

conn_t *conn_at(size_t n)
{
    return pool[n].used ? &pool[n] : NULL;
}

conn_t *conn_new(int fd)
{
    for (size_t i = 0; i < CONN_PLACES; i++) {
        conn_t *c = &pool[i];

        if (c->used)
            continue;
        c->used = 1;
        c->fd = fd;
        c->state = CONN_HERE;
        c->deaf = c->too_long = 0;
        c->got = c->waiting = 0;
        c->nick[0] = '\0';
        return c;
    }
    errno = ENOMEM;
    return NULL;
}

void conn_free(conn_t *c)
{
    if (!c)
        return;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->used = 0;
}

int chat_feed(conn_t *c, const char *p, size_t n,
              void (*line)(conn_t *c, const char *s, size_t len, int overlong))
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (c->too_long) {
            c->too_long = p[i] != '\n';
        } else if (p[i] == '\n') {
            size_t len = c->got;

            c->got = 0;
            line(c, c->line, len, 0);
        } else if (c->got == CHAT_LINE_MAX - 1) { /* this byte is the 512th, and no LF */
            c->got = 0;
            c->too_long = 1;
            line(c, c->line, CHAT_LINE_MAX - 1, 1);
        } else {
            c->line[c->got++] = p[i];
        }
    }
    return 0;
}
