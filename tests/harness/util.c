/* SPDX-License-Identifier: MIT */
/* util: memory, time and text for the harness. */
#include "inside.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

void *grab(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    if (!p)
        broken("out of memory");
    return p;
}

void *grow(void *p, size_t size)
{
    p = realloc(p, size);
    if (!p)
        broken("out of memory");
    return p;
}

char *copy_text(const char *s)
{
    size_t size = strlen(s) + 1;

    return memcpy(grab(size), s, size);
}

const char *text(const char *format, ...)
{
    va_list ap;
    char *s = NULL;

    va_start(ap, format);
    if (vasprintf(&s, format, ap) < 0)
        broken("out of memory");
    va_end(ap);
    return s;
}

void *bytes_of(int value, size_t size)
{
    return memset(grab(size), value, size);
}

uint64_t now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

uint64_t deadline_ns(void)
{
    return (uint64_t)(DEADLINE_MS * 1e6 * lab.factor);
}

const char *quoted(const void *bytes, size_t size, size_t max)
{
    const unsigned char *b = bytes;
    size_t n = size < max ? size : max;
    char *s = grab(4 * n + 8), *q = s;

    *q++ = '\'';
    for (size_t i = 0; i < n; i++) {
        if (b[i] == '\n')
            q += sprintf(q, "\\n");
        else if (b[i] == '\\' || b[i] == '\'')
            q += sprintf(q, "\\%c", b[i]);
        else if (isprint(b[i]))
            *q++ = (char)b[i];
        else
            q += sprintf(q, "\\x%02x", b[i]);
    }
    *q++ = '\'';
    if (n < size)
        (void)strcpy(q, "...");
    return s;
}

/* Did the box end this test's programs because they used more memory than they may? It notes the
 * uid in a file that only we can read (LAB_MEMORY). */
static bool was_memory(void)
{
    const char *path = getenv("LAB_MEMORY");
    FILE *f = path && lab.uid ? fopen(path, "re") : NULL;
    unsigned uid;
    bool found = false;

    while (f && !found && fscanf(f, "%u", &uid) == 1)
        found = uid == lab.uid;
    if (f)
        (void)fclose(f);
    return found;
}

const char *signal_name(int sig)
{
    const char *name = sigabbrev_np(sig);

    if (sig == SIGKILL && was_memory())
        return "SIGKILL, for using too much memory";

    return name ? text("SIG%s", name) : text("signal %d", sig);
}

const char *ending_of(int status)
{
    if (WIFSIGNALED(status))
        return text("was ended by %s", signal_name(WTERMSIG(status)));
    return text("ended with exit code %d", WEXITSTATUS(status));
}

/* How often the line that 'lines' begins with is there, as a whole line. */
static size_t count_first(const char *lines, size_t line, const char *all, size_t size)
{
    size_t n = 0;

    for (size_t at = 0; at + line <= size;) {
        const char *end = memchr(all + at, '\n', size - at);

        n += memcmp(all + at, lines, line) == 0;
        if (!end)
            break;
        at = (size_t)(end - all) + 1;
    }
    return n;
}

/* A line that comes out more often than it should: mostly a buffer that fork has copied. */
static const char *repeated(const char *got, size_t got_size, const char *want, size_t want_size)
{
    for (size_t at = 0; at < want_size;) {
        const char *end = memchr(want + at, '\n', want_size - at);
        size_t line = end ? (size_t)(end - want) + 1 - at : 0, is, should;

        if (line < 2)
            return NULL;
        is = count_first(want + at, line, got, got_size);
        should = count_first(want + at, line, want, want_size);
        if (should && is > should)
            return text("the line %s is there %zu times instead of %zu",
                        quoted(want + at, line - 1, 40), is, should);
        at += line;
    }
    return NULL;
}

const char *difference(const void *got, size_t got_size, const void *want, size_t want_size)
{
    enum { BEFORE = 12, SHOWN = 60 };
    const char *g = got, *w = want, *more;
    size_t same = 0, from;

    while (same < got_size && same < want_size && g[same] == w[same])
        same++;
    if (got_size <= SHOWN && want_size <= SHOWN) {
        if (!got_size)
            return text("nothing instead of %s", quoted(w, want_size, SHOWN));
        if (!want_size)
            return text("%s instead of nothing", quoted(g, got_size, SHOWN));
        more = repeated(g, got_size, w, want_size);
        return text("%s instead of %s%s%s", quoted(g, got_size, SHOWN), quoted(w, want_size, SHOWN),
                    more ? "; " : "", more ? more : "");
    }
    from = same > BEFORE ? same - BEFORE : 0;
    if (same == got_size)
        return text("only %zu bytes of %zu, which are right; then %s is missing", got_size,
                    want_size, quoted(w + same, want_size - same, SHOWN));
    if (same == want_size)
        return text("%zu bytes more than the %zu expected: %s", got_size - want_size, want_size,
                    quoted(g + same, got_size - same, SHOWN));
    return text("different from byte %zu on: %s instead of %s", same,
                quoted(g + from, got_size - from, SHOWN), quoted(w + from, want_size - from, SHOWN));
}
