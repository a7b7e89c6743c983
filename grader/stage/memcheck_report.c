/* SPDX-License-Identifier: MIT */
#include "stage/memcheck_report.h"

#include <expat.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "util/vec.h"

struct frame {
    char *fn, *dir, *file;
    int line;
};

struct reading {
    struct memcheck_report *report;
    const char *dir;
    struct buf text;       /* of the element being read */
    bool in_error, in_stack, placed;
    int stacks;            /* of this error: the first is where it happened */
    char *kind, *what;
    struct frame frame, place;
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
    g->text.n = 0;
    if (g->text.s)
        g->text.s[0] = '\0';
    if (strcmp(name, "error") == 0) {
        g->in_error = true;
        g->placed = false;
        g->stacks = 0;
    } else if (strcmp(name, "stack") == 0) {
        g->in_stack = true;
        g->stacks++;
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

static void end_error(struct reading *g)
{
    const bool leak = g->kind && strncmp(g->kind, "Leak_", 5) == 0;

    if (g->kind && g->placed && (!leak || strcmp(g->kind, "Leak_DefinitelyLost") == 0))
        merge(g->report, leak ? MEMCHECK_LEAK : MEMCHECK_ERROR, g->kind, g->what ? g->what : g->kind, g->place.file,
              g->place.line, g->place.fn ? g->place.fn : "?");
    free(g->kind);
    free(g->what);
    g->kind = g->what = NULL;
    frame_release(&g->place);
    g->in_error = false;
}

static void on_end(void *ctx, const char *name)
{
    struct reading *g = ctx;

    if (!g->in_error)
        return;
    if (strcmp(name, "kind") == 0 && !g->in_stack) {
        keep(g, &g->kind);
    } else if ((strcmp(name, "what") == 0 || strcmp(name, "text") == 0) && !g->in_stack && !g->what) {
        keep(g, &g->what);
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
        char *path = g->placed || g->stacks != 1 ? NULL : path_below(g->dir, &g->frame);
        if (path) {
            frame_release(&g->place);
            g->place = (struct frame){.fn = xstrdup(g->frame.fn), .file = path, .line = g->frame.line};
            g->placed = true;
        }
        frame_release(&g->frame);
    } else if (strcmp(name, "stack") == 0) {
        g->in_stack = false;
    } else if (strcmp(name, "error") == 0) {
        end_error(g);
    }
}

void memcheck_read_xml(struct memcheck_report *r, const char *xml, size_t n, const char *dir)
{
    struct reading g = {.report = r, .dir = dir};
    XML_Parser p = XML_ParserCreate(NULL);
    bool whole = p && n <= INT_MAX;

    r->files++;
    if (whole) {
        XML_SetUserData(p, &g);
        XML_SetElementHandler(p, on_start, on_end);
        XML_SetCharacterDataHandler(p, on_text);
        /* valgrind declares no document type; one that is there is not valgrind's. */
        whole = XML_Parse(p, xml, (int)n, 1) == XML_STATUS_OK;
    }
    if (!whole)
        r->cut++;
    XML_ParserFree(p);
    frame_release(&g.frame);
    frame_release(&g.place);
    free(g.kind);
    free(g.what);
    buf_release(&g.text);
}

/* Descriptors ---------------------------------------------------------------------------------- */

/* "==123==    by 0x10A2B3: un_listen (lab05.c:88)" -> function, file, line. */
static bool parse_frame(const char *s, struct frame *f)
{
    const char *colon = strstr(s, ": ");
    const char *open = colon ? strrchr(colon, '(') : NULL;
    const char *line = open ? strchr(open, ':') : NULL;

    if (!line || line == open + 1 || open <= colon + 2)
        return false;
    f->fn = xstrndup(colon + 2, (size_t)(open - colon - 2));
    size_t n = strlen(f->fn);
    while (n && f->fn[n - 1] == ' ')
        f->fn[--n] = '\0';
    f->file = xstrndup(open + 1, (size_t)(line - open - 1));
    long number = strtol(line + 1, NULL, 10);
    f->line = number > 0 && number < INT_MAX ? (int)number : 0;
    return true;
}

void memcheck_read_descriptors(struct memcheck_report *r, const char *log, size_t n,
                               bool (*is_source)(void *ctx, const char *file), void *ctx)
{
    char *copy = xstrndup(log, n), *save = NULL, *what = NULL;

    /* "Open file descriptor 5: /etc/hosts", "Open AF_UNIX socket 4: s", then the frames of where it
     * was made, or "<inherited from parent>". */
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, "==", 2) != 0 || !strstr(line + 2, "=="))
            continue;
        const char *s = strstr(line + 2, "==") + 2;
        s += strspn(s, " ");
        struct frame f = {0};
        if (strncmp(s, "Open ", 5) == 0) {
            const char *colon = strchr(s, ':');
            const char *digits = colon ? colon : s + strlen(s);
            while (digits > s && digits[-1] >= '0' && digits[-1] <= '9')
                digits--;
            free(what);
            what = strtol(digits, NULL, 10) > 2 ? xstrndup(s, (size_t)((colon ? colon : s + strlen(s)) - s)) : NULL;
        } else if (what && (strncmp(s, "at 0x", 5) == 0 || strncmp(s, "by 0x", 5) == 0) && parse_frame(s, &f)) {
            if (is_source(ctx, f.file)) {
                merge(r, MEMCHECK_DESCRIPTOR, "OpenDescriptor", what, f.file, f.line, f.fn);
                free(what);
                what = NULL;
            }
            frame_release(&f);
        } else if (strncmp(s, "<inherited", 10) == 0) {
            free(what);
            what = NULL;
        }
    }
    free(what);
    free(copy);
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
