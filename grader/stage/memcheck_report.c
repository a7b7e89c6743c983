/* SPDX-License-Identifier: MIT */
#include "stage/memcheck_report.h"

#include <expat.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/vec.h"

struct frame {
    char *fn, *dir, *file;
    int line;
};

struct reading {
    struct memcheck_report *report;
    struct memcheck_places *made;
    const char *dir;
    struct buf text;       /* of the element being read */
    bool in_error, in_stack;
    int stacks;            /* of this error: the first is where it happened */
    int depth;             /* of elements: a stack directly below the root belongs to no error */
    char *kind, *what;
    char *aux;             /* valgrind's second sentence: "Address 0x… is 0 bytes after a block …" */
    struct frame frame, place, aux_place;
};

static void frame_release(struct frame *f)
{
    free(f->fn);
    free(f->dir);
    free(f->file);
    *f = (struct frame){0};
}

static void merge(struct memcheck_report *r, enum memcheck_class class, const char *kind, const char *what,
                  const char *file, int line, const char *function)
{
    for (size_t i = 0; i < r->errors_n; i++) {
        struct memcheck_error *e = &r->errors[i];
        if (strcmp(e->kind, kind) == 0 && strcmp(e->file, file) == 0 && e->line == line &&
            strcmp(e->function, function) == 0) {
            e->count++;
            return;
        }
    }
    struct memcheck_error *e = VEC_ADD(&r->errors, &r->errors_n);
    *e = (struct memcheck_error){.class = class, .kind = xstrdup(kind), .what = xstrdup(what),
                                 .file = xstrdup(file), .line = line, .function = xstrdup(function), .count = 1};
}

/* The path of a frame below the sources' folder; NULL: it lies elsewhere. */
static char *path_below(const char *dir, const struct frame *f)
{
    size_t n = strlen(dir);

    if (!f->dir || !f->file || strncmp(f->dir, dir, n) != 0 || (f->dir[n] && f->dir[n] != '/'))
        return NULL;
    const char *rest = f->dir[n] ? f->dir + n + 1 : "";
    return xformat("%s%s%s", rest, *rest ? "/" : "", f->file);
}

static void on_start(void *ctx, const char *name, const char **attributes)
{
    struct reading *g = ctx;

    (void)attributes;
    g->depth++;
    g->text.n = 0;
    if (g->text.s)
        g->text.s[0] = '\0';
    if (strcmp(name, "error") == 0) {
        g->in_error = true;
        g->stacks = 0;
    } else if (strcmp(name, "stack") == 0 && (g->in_error || g->depth == 2)) {
        g->in_stack = true;
        g->stacks = g->in_error ? g->stacks + 1 : 1;
    }
}

static void on_text(void *ctx, const char *s, int n)
{
    struct reading *g = ctx;

    if (n > 0 && g->text.n + (size_t)n < 65536)
        buf_add(&g->text, s, (size_t)n);
}

static void keep(struct reading *g, char **slot)
{
    free(*slot);
    *slot = xstrdup(g->text.s ? g->text.s : "");
}

/* "Invalid write of size 1 (0 bytes after a block of size 513 alloc'd), src/lab05.c:488 in conn_new":
 * the address itself differs from run to run and says nothing. */
static char *whole_sentence(const struct reading *g)
{
    const char *what = g->what ? g->what : g->kind ? g->kind : "?";
    const char *is = g->aux ? strstr(g->aux, " is ") : NULL;

    if (!is)
        return xstrdup(what);
    if (!g->aux_place.file)
        return xformat("%s (%s)", what, is + 4);
    return xformat("%s (%s, %s:%d in %s)", what, is + 4, g->aux_place.file, g->aux_place.line, g->aux_place.fn);
}

static void end_error(struct reading *g)
{
    const bool leak = g->kind && strncmp(g->kind, "Leak_", 5) == 0;

    CLEANUP(free_ptr) char *what = whole_sentence(g);
    if (g->kind && g->place.file && (!leak || strcmp(g->kind, "Leak_DefinitelyLost") == 0))
        merge(g->report, leak ? MEMCHECK_LEAK : MEMCHECK_ERROR, g->kind, what, g->place.file,
              g->place.line, g->place.fn ? g->place.fn : "?");
    free(g->kind);
    free(g->what);
    free(g->aux);
    g->kind = g->what = g->aux = NULL;
    frame_release(&g->place);
    frame_release(&g->aux_place);
    g->in_error = false;
}

static void end_stack(struct reading *g)
{
    g->in_stack = false;
    if (g->in_error)
        return;
    struct memcheck_place *p = VEC_ADD(&g->made->v, &g->made->n);
    if (g->place.file)
        *p = (struct memcheck_place){.file = xstrdup(g->place.file), .line = g->place.line, .function = xstrdup(g->place.fn)};
    frame_release(&g->place);
}

static void on_end(void *ctx, const char *name)
{
    struct reading *g = ctx;

    g->depth--;
    if (!g->in_error && !g->in_stack)
        return;
    if (strcmp(name, "kind") == 0 && !g->in_stack) {
        keep(g, &g->kind);
    } else if ((strcmp(name, "what") == 0 || strcmp(name, "text") == 0) && !g->in_stack && !g->what) {
        keep(g, &g->what);
    } else if ((strcmp(name, "auxwhat") == 0 || strcmp(name, "text") == 0) && !g->in_stack && !g->aux) {
        keep(g, &g->aux);
    } else if (g->in_stack && strcmp(name, "fn") == 0) {
        keep(g, &g->frame.fn);
    } else if (g->in_stack && strcmp(name, "dir") == 0) {
        keep(g, &g->frame.dir);
    } else if (g->in_stack && strcmp(name, "file") == 0) {
        keep(g, &g->frame.file);
    } else if (g->in_stack && strcmp(name, "line") == 0) {
        long line = g->text.s ? strtol(g->text.s, NULL, 10) : 0;
        g->frame.line = line > 0 && line < INT_MAX ? (int)line : 0;
    } else if (strcmp(name, "frame") == 0) {
        struct frame *to = g->stacks == 1 ? &g->place : g->stacks == 2 ? &g->aux_place : NULL;
        char *path = !to || to->file ? NULL : path_below(g->dir, &g->frame);
        if (path) {
            *to = (struct frame){.fn = xstrdup(g->frame.fn ? g->frame.fn : "?"), .file = path, .line = g->frame.line};
        }
        frame_release(&g->frame);
    } else if (strcmp(name, "stack") == 0) {
        end_stack(g);
    } else if (strcmp(name, "error") == 0) {
        end_error(g);
    }
}

void memcheck_read_xml(struct memcheck_report *r, const char *xml, size_t n, const char *dir,
                       struct memcheck_places *made)
{
    struct reading g = {.report = r, .dir = dir, .made = made};
    XML_Parser p = XML_ParserCreate(NULL);
    bool whole = p && n <= INT_MAX;

    r->files++;
    if (whole) {
        XML_SetUserData(p, &g);
        XML_SetElementHandler(p, on_start, on_end);
        XML_SetCharacterDataHandler(p, on_text);
        /* valgrind declares no document type; one that is there is not valgrind's. */
        whole = XML_Parse(p, xml, (int)n, 0) == XML_STATUS_OK;
        r->broken += !whole;
        whole = whole && XML_Parse(p, "", 0, 1) == XML_STATUS_OK;
    }
    if (!whole)
        r->cut++;
    XML_ParserFree(p);
    frame_release(&g.frame);
    frame_release(&g.place);
    frame_release(&g.aux_place);
    free(g.kind);
    free(g.what);
    free(g.aux);
    buf_release(&g.text);
}

/* Descriptors ---------------------------------------------------------------------------------- */

/* "==123== Open AF_UNIX socket 4: s" -> "Open AF_UNIX socket 4", and the number. NULL: another line. */
static const char *parse_open(const char *line, long pid, int *n, long *fd)
{
    char *end;

    if (strncmp(line, "==", 2) != 0 || strtol(line + 2, &end, 10) != pid || strncmp(end, "== Open ", 8) != 0)
        return NULL;
    const char *what = end + 3;
    const char *colon = strchr(what, ':');
    const char *digits = colon ? colon : what + strlen(what);
    *n = (int)(digits - what);
    while (digits > what && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    *fd = strtol(digits, NULL, 10);
    return what;
}

/* Is the next line of this process "<inherited from parent>"? Lines of others may come between. */
static bool is_inherited(char *const lines[], size_t n, size_t at, long pid)
{
    for (size_t i = at + 1; i < n; i++) {
        char *end;
        if (strncmp(lines[i], "==", 2) != 0 || strtol(lines[i] + 2, &end, 10) != pid || strncmp(end, "==", 2) != 0)
            continue;
        end += 2;
        end += strspn(end, " ");
        return strncmp(end, "<inherited", 10) == 0;
    }
    return false;
}

/* The C library's own, for mq_notify with SIGEV_THREAD: nobody can close it. AF_NETLINK is 16. */
static bool is_netlink(const char *what, size_t n)
{
    return memmem(what, n, "pf-16 socket", 12) != NULL;
}

void memcheck_read_descriptors(struct memcheck_report *r, const char *log, size_t n, long pid,
                               const struct memcheck_places *made)
{
    char *copy = xstrndup(log, n), *save = NULL;
    char **lines = NULL;
    size_t lines_n = 0, at = 0;

    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        *VEC_ADD(&lines, &lines_n) = line;
    for (size_t i = 0; i < lines_n && at < made->n; i++) {
        int what_n;
        long fd;
        const char *what = parse_open(lines[i], pid, &what_n, &fd);
        if (!what || is_inherited(lines, lines_n, i, pid))
            continue;
        const struct memcheck_place *p = &made->v[at++];
        if (fd <= 2 || !p->file || is_netlink(what, (size_t)what_n))
            continue;
        char *text = xstrndup(what, (size_t)what_n);
        merge(r, MEMCHECK_DESCRIPTOR, "OpenDescriptor", text, p->file, p->line, p->function);
        free(text);
    }
    free(lines);
    free(copy);
}

void memcheck_places_release(struct memcheck_places *places)
{
    for (size_t i = 0; i < places->n; i++) {
        free(places->v[i].file);
        free(places->v[i].function);
    }
    free(places->v);
    *places = (struct memcheck_places){0};
}

void memcheck_report_release(struct memcheck_report *r)
{
    for (size_t i = 0; i < r->errors_n; i++) {
        free(r->errors[i].kind);
        free(r->errors[i].what);
        free(r->errors[i].file);
        free(r->errors[i].function);
    }
    free(r->errors);
    *r = (struct memcheck_report){0};
}
