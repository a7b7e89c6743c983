/* SPDX-License-Identifier: MIT */
/* Theory of operation. hidden.c is read as a sequence of C tokens, with a stack of the calls that are
 * open: a literal in the argument of check() and its like that names what was seen is a message, for
 * students to read; a clue is a key; every other literal is data. */
#include "lab/secrets.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/text.h"

/* Texts --------------------------------------------------------------------------------------------- */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Runs of blanks become one, and none is at the ends. */
static char *squeeze(const char *s, size_t n)
{
    struct buf b = {0};
    bool blank = false;

    for (size_t i = 0; i < n; i++) {
        if (isspace((unsigned char)s[i])) {
            blank = true;
            continue;
        }
        if (blank && b.n)
            buf_puts(&b, " ");
        blank = false;
        buf_add(&b, s + i, 1);
    }
    return buf_steal(&b);
}

/* Both are squeezed. */
static bool has_words(const char *page, const char *text)
{
    const size_t n = strlen(text);

    for (const char *at = page; n && (at = strstr(at, text)); at++)
        if ((at == page || !is_word(at[-1]) || !is_word(text[0])) && (!is_word(text[n - 1]) || !is_word(at[n])))
            return true;
    return false;
}

bool text_has_words(const char *page, const char *text)
{
    CLEANUP(free_ptr) char *p = squeeze(page, strlen(page));
    CLEANUP(free_ptr) char *t = squeeze(text, strlen(text));

    return has_words(p, t);
}

static int read_file(const char *path, struct buf *b, struct err *err)
{
    CLEANUP(fclose_file) FILE *f = fopen(path, "re");
    char block[4096];

    if (!f)
        return err_errno(err, errno, N_("cannot read %s"), path);
    for (size_t n; (n = fread(block, 1, sizeof(block), f)) > 0;)
        buf_add(b, block, n);
    return 0;
}

/* What students may read ------------------------------------------------------------------------------ */

static void add_files(struct buf *b, const struct lab *lab, const char *what, const char *pattern)
{
    CLEANUP(free_ptr) char *path = lab_path(lab, what, pattern);
    glob_t g = {0};

    if (glob(path, 0, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc; i++) {
            (void)read_file(g.gl_pathv[i], b, NULL); /* a folder, say: adds nothing */
            buf_puts(b, "\n");
        }
    globfree(&g);
}

static void add_text(struct buf *b, const char *en, const char *pt_br)
{
    buf_printf(b, "%s\n%s\n", en, pt_br ? pt_br : "");
}

/* The harness's helpers run as peers of students' programs, and are named where somebody waits. */
static void add_peers(struct buf *b, const struct lab *lab)
{
    CLEANUP(free_ptr) char *pattern = xformat("%s/tests/harness/peers/*.c", lab->root);
    glob_t g = {0};

    if (glob(pattern, 0, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc; i++) {
            const char *name = strrchr(g.gl_pathv[i], '/') + 1;
            buf_printf(b, "%.*s\n", (int)strcspn(name, "."), name);
        }
    globfree(&g);
}

static char *known_texts(const struct lab *lab)
{
    const struct lab_config *c = lab->config;
    struct buf b = {0};

    add_files(&b, lab, "labs", "README*.md");
    add_files(&b, lab, "templates", "*");
    add_files(&b, lab, "templates", "*/*");
    add_files(&b, lab, "tests", "public.c");
    add_peers(&b, lab);
    for (unsigned i = 0; i < c->demands_count; i++)
        add_text(&b, c->demands[i].en, c->demands[i].pt_br);
    for (unsigned i = 0; i < c->tests_count; i++)
        if (c->tests[i].visibility == LAB_PUBLIC)
            add_text(&b, c->tests[i].does.en, c->tests[i].does.pt_br);
    for (unsigned i = 0; lab->hints && i < lab->hints->hints_count; i++) {
        const struct lab_hint *h = &lab->hints->hints[i];
        add_text(&b, h->en, h->pt_br);
        if (h->look)
            add_text(&b, h->look->en, h->look->pt_br);
    }
    char *known = squeeze(b.s, b.n);
    buf_release(&b);
    return known;
}

/* hidden.c as tokens ------------------------------------------------------------------------------------ */

/* Arguments, from 0, that are no data; -1: none. */
struct call {
    const char *name;
    int clue, message;
};

static const struct call calls[] = {
    {"check", 1, 2}, {"fail", 1, 2}, {"check_int", 2, 3}, {"check_str", 2, 3}, {"check_bytes", 4, 5}, {"clue", 0, -1},
    {"lab_fail", 2, 3},
};

struct frame { /* an open bracket */
    char call[32];
    int argument;
};

enum { FRAMES_MAX = 64 };

struct reader {
    const char *path, *at;
    int line;
    struct frame frames[FRAMES_MAX];
    size_t depth;
    char callee[32];    /* the identifier that was read last, also in brackets of its own */
    bool pointer;       /* the token before that one was '*' */
    struct strs helpers; /* a lab's own: those with a parameter *what or *key pass it on: "step:3:what" */
    struct buf literal; /* adjacent literals are one */
    bool literal_open;
    int literal_line;
    struct secrets *s;
};

enum use { USE_DATA, USE_CLUE, USE_MESSAGE };

static enum use use_of_literal(const struct reader *r)
{
    for (size_t i = r->depth; i > 0; i--) {
        const struct frame *f = &r->frames[i - 1];
        CLEANUP(free_ptr) char *what = xformat("%s:%d:what", f->call, f->argument);
        CLEANUP(free_ptr) char *key = xformat("%s:%d:key", f->call, f->argument);
        if (strs_has(&r->helpers, what))
            return USE_MESSAGE;
        if (strs_has(&r->helpers, key))
            return USE_CLUE;
        for (size_t k = 0; k < sizeof(calls) / sizeof(*calls); k++)
            if (strcmp(f->call, calls[k].name) == 0)
                return f->argument == calls[k].clue ? USE_CLUE : f->argument == calls[k].message ? USE_MESSAGE : USE_DATA;
    }
    return USE_DATA;
}

bool secrets_is_one(const struct secrets *s, const char *text)
{
    CLEANUP(free_ptr) char *t = squeeze(text, strlen(text));

    return strlen(t) >= SECRET_MIN && !has_words(s->known, t);
}

static void add_piece(struct reader *r, const char *from, const char *to)
{
    char *piece = squeeze(from, (size_t)(to - from));

    if (secrets_is_one(r->s, piece) && !strs_has(&r->s->texts, piece))
        strs_take(&r->s->texts, piece);
    else
        free(piece);
}

/* Between line ends, conversions and bytes that are no text. */
static void add_data(struct reader *r, const char *text)
{
    const char *from = text, *p = text;

    while (*p) {
        const size_t n = text_conversion(p) ? text_conversion(p) : iscntrl((unsigned char)*p) && *p != '\t';
        if (n) {
            add_piece(r, from, p);
            from = p + n;
        }
        p += n ? n : 1;
    }
    add_piece(r, from, p);
}

static void end_literal(struct reader *r)
{
    if (!r->literal_open)
        return;
    r->literal_open = false;
    const char *text = r->literal.s ? r->literal.s : "";
    switch (use_of_literal(r)) {
    case USE_DATA: add_data(r, text); break;
    case USE_MESSAGE: strs_addf(&r->s->messages, "%s:%d:%s", r->path, r->literal_line, text); break;
    case USE_CLUE: break;
    }
    buf_release(&r->literal);
}

/* After a backslash; *at is moved behind it. A byte that no text has becomes a line end. */
static char escape(const char **at)
{
    static const char from[] = "ntrabfv", to[] = "\n\t\r\a\b\f\v";
    const char c = *(*at)++;
    const char *known = strchr(from, c);
    long n = 0;

    if (known)
        return to[known - from];
    if (c == 'x') {
        char *end;
        n = strtol(*at, &end, 16);
        *at = end;
    } else if (c >= '0' && c <= '7') {
        n = c - '0';
        for (int i = 0; i < 2 && **at >= '0' && **at <= '7'; i++)
            n = n * 8 + (*(*at)++ - '0');
    } else {
        return c;
    }
    return n > 0 && n < 0x80 ? (char)n : '\n';
}

static void read_quoted(struct reader *r, char quote)
{
    if (quote == '"' && !r->literal_open) {
        r->literal_open = true;
        r->literal_line = r->line;
    }
    r->at++;
    while (*r->at && *r->at != quote) {
        char c = *r->at++;
        r->line += c == '\n';
        if (c == '\\' && *r->at)
            c = escape(&r->at);
        if (quote == '"')
            buf_add(&r->literal, &c, 1);
    }
    r->at += *r->at == quote;
}

static void open_bracket(struct reader *r)
{
    if (r->depth < FRAMES_MAX) {
        (void)strcpy(r->frames[r->depth].call, r->callee);
        r->frames[r->depth].argument = 0;
    }
    r->depth += r->depth < FRAMES_MAX;
    r->callee[0] = '\0';
}

/* Comments, lines of the preprocessor, blanks. True: there was something to skip. */
static bool skip(struct reader *r)
{
    const char *from = r->at;

    if (strncmp(r->at, "/*", 2) == 0) {
        const char *end = strstr(r->at + 2, "*/");
        r->at = end ? end + 2 : r->at + strlen(r->at);
    } else if (strncmp(r->at, "//", 2) == 0 || strncmp(r->at, "#include", 8) == 0) {
        r->at += strcspn(r->at, "\n");
    } else {
        r->at += strspn(r->at, " \t\n");
    }
    for (const char *p = from; p < r->at; p++)
        r->line += *p == '\n';
    return r->at > from;
}

static void read_token(struct reader *r)
{
    const char c = *r->at;
    size_t n = 0;

    if (c == '"') {
        read_quoted(r, c);
        return;
    }
    end_literal(r);
    while (is_word(r->at[n]))
        n++;
    if (n) {
        (void)snprintf(r->callee, sizeof(r->callee), "%.*s", (int)n, r->at);
        r->at += n;
        if (r->pointer && r->depth == 1 && (strcmp(r->callee, "what") == 0 || strcmp(r->callee, "key") == 0))
            strs_addf(&r->helpers, "%s:%d:%s", r->frames[0].call, r->frames[0].argument, r->callee);
        r->pointer = false;
    } else if (c == '\'') {
        read_quoted(r, c);
    } else {
        r->at++;
        if (c == '(' || c == '{' || c == '[')
            open_bracket(r);
        else if ((c == ')' || c == '}' || c == ']') && r->depth)
            r->depth--;
        else if (c == ',' && r->depth)
            r->frames[r->depth - 1].argument++;
        if (c != ')') /* (check_str)(...) calls it, too */
            r->callee[0] = '\0';
        r->pointer = c == '*';
    }
}

static void read_tokens(struct reader *r, const char *text)
{
    r->line = 1;
    r->depth = 0;
    for (r->at = text; *r->at;)
        if (!skip(r))
            read_token(r);
    end_literal(r);
}

/* The helpers of the lab's headers. What else they say is known to its public tests: that goes to *others. */
static void read_headers(struct reader *r, const struct lab *lab, struct secrets *others)
{
    CLEANUP(free_ptr) char *pattern = lab_path(lab, "tests", "*.h");
    struct reader header = {.s = others};
    glob_t g = {0};

    if (glob(pattern, 0, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc; i++) {
            CLEANUP(buf_release) struct buf text = {0};
            header.path = g.gl_pathv[i];
            if (read_file(header.path, &text, NULL) == 0)
                read_tokens(&header, text.s ? text.s : "");
        }
    globfree(&g);
    r->helpers = header.helpers;
}

/* Messages ------------------------------------------------------------------------------------------------ */

/* A number that stands alone: an amount, a code. "lab05", "L5-01" and "%5d" are none. */
static bool has_number(const char *message)
{
    for (const char *p = message; *p; p++) {
        size_t n = text_conversion(p);
        if (n)
            p += n - 1;
        else if (isdigit((unsigned char)*p) && (p == message || !is_word(p[-1])) &&
                 !(p > message + 1 && p[-1] == '-' && is_word(p[-2])))
            return true;
    }
    return false;
}

static void check_messages(struct reader *r)
{
    for (size_t i = 0; i < r->s->messages.n; i++) {
        const char *place = r->s->messages.v[i] + strlen(r->path) + 1;
        const char *message = strchr(place, ':') + 1;
        const char *secret = secrets_in(r->s, message);
        const int at = (int)(message - r->s->messages.v[i]);
        if (secret)
            strs_addf(&r->s->told, "%.*s the message tells students '%s'", at, r->s->messages.v[i], secret);
        else if (has_number(message))
            strs_addf(&r->s->told, "%.*s the message tells students a number: '%s'", at, r->s->messages.v[i], message);
    }
}

int secrets_load(const struct lab *lab, struct secrets *s, struct err *err)
{
    CLEANUP(free_ptr) char *hidden = lab_path(lab, "tests", "hidden.c");
    CLEANUP(free_ptr) char *public = lab_path(lab, "tests", "public.c");
    CLEANUP(buf_release) struct buf hidden_text = {0};
    CLEANUP(buf_release) struct buf public_text = {0};
    CLEANUP(secrets_release) struct secrets others = {.known = xstrdup("")};
    struct reader r = {.path = hidden, .s = s};

    *s = (struct secrets){.known = known_texts(lab)};
    if (read_file(hidden, &hidden_text, err) < 0 || read_file(public, &public_text, err) < 0)
        return -1;
    read_headers(&r, lab, &others);
    read_tokens(&r, hidden_text.s ? hidden_text.s : "");
    check_messages(&r);
    r.path = public;
    r.s = &others;
    read_tokens(&r, public_text.s ? public_text.s : "");
    for (size_t i = 0; i < others.messages.n; i++)
        strs_add(&s->messages, others.messages.v[i]);
    strs_release(&r.helpers);
    return 0;
}

void secrets_release(struct secrets *s)
{
    strs_release(&s->texts);
    strs_release(&s->told);
    strs_release(&s->messages);
    free(s->known);
    *s = (struct secrets){0};
}

const char *secrets_in(const struct secrets *s, const char *page)
{
    CLEANUP(free_ptr) char *squeezed = squeeze(page, strlen(page));

    for (size_t i = 0; i < s->texts.n; i++)
        if (has_words(squeezed, s->texts.v[i]))
            return s->texts.v[i];
    return NULL;
}
