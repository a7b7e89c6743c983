/* SPDX-License-Identifier: MIT */
/* The text report: one screen for a good submission; else the causes, the costliest first, each with
 * what was seen, what was asked, a hint, where to look and how to see it again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "util/text.h"

enum { WIDTH = 96, INDENT = 12 };

struct style {
    const char *bold, *dim, *good, *bad, *off;
};

static const struct style plain = {"", "", "", "", ""};
static const struct style coloured = {"\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m"};

/* What a student wrote may be in any text: nothing of it may reach the terminal as a command. */
static void put(FILE *out, const char *s)
{
    char *shown = text_printable(s, strlen(s));

    (void)fputs(shown, out);
    free(shown);
}

/* Words of 's' in lines of WIDTH columns; the lines after the first are indented. UTF-8 aware. */
static void put_wrapped(FILE *out, const char *s, int indent)
{
    char *shown = text_printable(s, strlen(s));
    int column = indent;

    for (const char *p = shown; *p;) {
        size_t n = strcspn(p, " \n");
        int width = 0;
        for (size_t i = 0; i < n; i++)
            width += ((unsigned char)p[i] & 0xc0) != 0x80;
        if (column > indent && column + width > WIDTH) {
            (void)fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        (void)fwrite(p, 1, n, out);
        column += width;
        p += n;
        if (*p == '\n') {
            (void)fprintf(out, "\n%*s", indent, "");
            column = indent;
            p++;
        } else if (*p == ' ') {
            (void)fputc(' ', out);
            column++;
            p++;
        }
    }
    (void)fputc('\n', out);
    free(shown);
}

static void put_field(FILE *out, const struct style *c, const char *label, const char *text)
{
    (void)fprintf(out, "     %s%-*s%s", c->dim, INDENT - 5, label, c->off);
    put_wrapped(out, text, INDENT);
}

static void points(char s[static 16], double p)
{
    (void)snprintf(s, 16, p == floor(p) ? "%.0f" : "%.1f", p);
}

static const char *in_lang(const struct report_options *o, const char *en, const char *pt_br)
{
    return o->lang == LANG_PT_BR && pt_br ? pt_br : en;
}

/* Causes: the same hint, or without one the same signature, is one cause ------------------------- */

struct cause {
    const char *hint;             /* key, or NULL */
    double lost;
    struct { const struct result_test **v; size_t n; } tests;
    struct { const struct finding **v; size_t n; } findings;
};

struct causes {
    struct cause *v;
    size_t n;
};

static const char *cause_key(const struct cause *c)
{
    if (c->tests.n)
        return c->tests.v[0]->signature;
    return c->findings.v[0]->kind;
}

static struct cause *cause_for(struct causes *all, const char *hint, const char *key)
{
    for (size_t i = 0; i < all->n; i++) {
        struct cause *c = &all->v[i];
        if (hint ? c->hint && strcmp(c->hint, hint) == 0
                 : !c->hint && key && cause_key(c) && strcmp(cause_key(c), key) == 0)
            return c;
    }
    struct cause *c = VEC_ADD(&all->v, &all->n);
    c->hint = hint;
    return c;
}

static int by_loss(const void *a, const void *b)
{
    double d = ((const struct cause *)b)->lost - ((const struct cause *)a)->lost;

    return d > 0 ? 1 : d < 0 ? -1 : 0;
}

static struct causes find_causes(const struct result *r)
{
    struct causes all = {0};

    for (size_t i = 0; i < r->tests_n; i++) {
        const struct result_test *t = &r->tests[i];
        if (t->verdict == VERDICT_PASS || (t->verdict == VERDICT_NOT_RUN && r->partial && !t->message))
            continue;
        struct cause *c = cause_for(&all, t->hint_key, t->signature);
        *VEC_ADD(&c->tests.v, &c->tests.n) = t;
        c->lost += t->max_score - t->score;
    }
    for (size_t i = 0; i < r->findings_n; i++) {
        const struct finding *f = &r->findings[i];
        struct cause *c = cause_for(&all, f->hint_key, f->kind);
        *VEC_ADD(&c->findings.v, &c->findings.n) = f;
        c->lost -= f->points;
    }
    /* Stable: the rubric's order decides between equals. */
    for (size_t i = 1; i < all.n; i++)
        for (size_t k = i; k > 0 && by_loss(&all.v[k - 1], &all.v[k]) > 0; k--) {
            struct cause swap = all.v[k];
            all.v[k] = all.v[k - 1];
            all.v[k - 1] = swap;
        }
    return all;
}

static void causes_release(struct causes *all)
{
    for (size_t i = 0; i < all->n; i++) {
        free(all->v[i].tests.v);
        free(all->v[i].findings.v);
    }
    free(all->v);
}

static const struct lab_demand *demand(const struct lab *lab, const char *key)
{
    for (unsigned i = 0; i < lab->config->demands_count; i++)
        if (strcmp(lab->config->demands[i].key, key) == 0)
            return &lab->config->demands[i];
    return NULL;
}

/* A public test says what it saw; a hidden one only in what way it failed, unless told otherwise:
 * its input and what it expected stay hidden. */
static void put_test(FILE *out, const struct lab *lab, const struct result_test *t, const struct report_options *o,
                     const struct style *c)
{
    const bool open = !t->hidden || o->show_hidden;
    const struct lab_test *rubric = lab_test(lab, t->name);
    struct buf asked = {0};

    if (open && rubric)
        put_field(out, c, "test", in_lang(o, rubric->does.en, rubric->does.pt_br));
    if (open && t->message)
        put_field(out, c, "seen", t->message);
    else if (t->signature)
        put_field(out, c, "seen", t->signature);
    else if (t->message && t->verdict != VERDICT_FAIL)
        put_field(out, c, "seen", t->message);
    for (size_t i = 0; i < t->explain.n; i++)
        put_field(out, c, i ? "" : "who", t->explain.v[i]);
    for (size_t i = 0; i < t->demands.n; i++) {
        const struct lab_demand *d = demand(lab, t->demands.v[i]);
        buf_printf(&asked, "%s%s %s", i ? " " : "", t->demands.v[i], d ? in_lang(o, d->en, d->pt_br) : "");
    }
    put_field(out, c, "asked", asked.s ? asked.s : "");
    if (o->again) {
        char *again = xformat("%s --test %s", o->again, t->name);
        put_field(out, c, "again", again);
        free(again);
    }
    buf_release(&asked);
}

/* The other tests of the same cause, so that nobody looks for them. */
static void put_others(FILE *out, const struct cause *cause, const struct style *c)
{
    struct buf b = {0};

    for (size_t i = 1; i < cause->tests.n; i++) {
        const struct result_test *t = cause->tests.v[i];
        buf_printf(&b, "%s%s %s", i > 1 ? ", " : "", t->id, t->name);
    }
    put_field(out, c, "also", b.s);
    buf_release(&b);
}

static void put_finding(FILE *out, const struct finding *f, const struct style *c)
{
    struct buf b = {0};

    if (f->file)
        buf_printf(&b, f->line ? "%s:%d" : "%s", f->file, f->line);
    if (f->function)
        buf_printf(&b, "%sin %s", b.n ? ", " : "", f->function);
    if (f->test)
        buf_printf(&b, "%sin the test %s", b.n ? ", " : "", f->test);
    buf_printf(&b, "%s%s", b.n ? ": " : "", f->message ? f->message : f->kind);
    if (f->count > 1)
        buf_printf(&b, " (seen %ld times)", f->count);
    put_field(out, c, "seen", b.s);
    buf_release(&b);
}

static void put_cause(FILE *out, size_t number, const struct lab *lab, const struct cause *cause,
                      const struct report_options *o, const struct style *c)
{
    enum { FINDINGS_SHOWN = 3 };
    const struct lab_hint *hint = lab_hint(lab, cause->hint);
    char lost[16];

    points(lost, cause->lost);
    (void)fprintf(out, "\n%s%3zu. ", c->bold, number);
    if (cause->lost > 0)
        (void)fprintf(out, "%s-%s%s%s  ", c->bad, lost, c->off, c->bold);
    if (cause->tests.n) {
        const struct result_test *t = cause->tests.v[0];
        (void)fprintf(out, "%s %s (%s, %s)", t->id, t->name, t->hidden ? "hidden" : "public", verdict_names[t->verdict]);
        if (cause->tests.n > 1)
            (void)fprintf(out, " and %zu more", cause->tests.n - 1);
    }
    if (cause->findings.n) {
        const struct finding *f = cause->findings.v[0];
        (void)fprintf(out, "%s%s", cause->tests.n ? "; " : "", f->kind);
    }
    (void)fprintf(out, "%s\n", c->off);
    if (cause->tests.n)
        put_test(out, lab, cause->tests.v[0], o, c);
    if (cause->tests.n > 1)
        put_others(out, cause, c);
    for (size_t i = 0; i < cause->findings.n && i < FINDINGS_SHOWN; i++)
        put_finding(out, cause->findings.v[i], c);
    if (cause->findings.n > FINDINGS_SHOWN)
        (void)fprintf(out, "%*sand %zu more of this kind\n", INDENT, "", cause->findings.n - FINDINGS_SHOWN);
    if (hint) {
        put_field(out, c, "hint", in_lang(o, hint->en, hint->pt_br));
        if (hint->look)
            put_field(out, c, "look", in_lang(o, hint->look->en, hint->look->pt_br));
    }
}

/* The whole report ------------------------------------------------------------------------------- */

static void put_stage(FILE *out, const struct result *r, enum stage_id id, const struct style *c)
{
    const struct result_stage *s = &r->stages[id];
    char got[16], max[16];

    if (s->max_score <= 0)
        return;
    points(got, s->score);
    points(max, s->max_score);
    (void)fprintf(out, "  %-10s %s%5s%s / %-4s ", stage_names[id], s->score >= s->max_score ? c->good : c->bad, got,
                  c->off, max);
    put_wrapped(out, s->outcome ? s->outcome : s->ran ? "" : "not run", 26);
}

int report_text(FILE *out, const struct lab *lab, const struct result *r, const struct report_options *o)
{
    const struct style *c = o->colour ? &coloured : &plain;
    char got[16], max[16];

    points(got, r->score);
    points(max, r->max_score);
    (void)fputs(c->bold, out);
    put(out, r->lab);
    (void)fputs("  ", out);
    put(out, r->id);
    (void)fputs(c->off, out);
    (void)fputc('\n', out);
    if (r->status != STATUS_GRADED) {
        (void)fprintf(out, "\n%s%s%s: ", c->bad, status_names[r->status], c->off);
        put_wrapped(out, r->message ? r->message : "no reason is known", 4);
    }
    if (r->status == STATUS_GRADED || r->status == STATUS_COMPILE_ERROR) {
        struct causes all = find_causes(r);
        (void)fputc('\n', out);
        for (size_t i = 0; i < STAGE_N && r->status == STATUS_GRADED && !r->partial; i++)
            put_stage(out, r, (enum stage_id)i, c);
        if (r->status == STATUS_GRADED && !r->partial && r->behaviour_factor < 1)
            (void)fprintf(out, "  (memory, coverage, leftovers and style count %.0f %%: behaviour is below %g points)\n",
                          floor(r->behaviour_factor * 100), lab->config->quality.scale_at);
        if (r->status == STATUS_GRADED && all.n)
            (void)fprintf(out, "\n%sWhat to look at, the costliest first%s\n", c->bold, c->off);
        for (size_t i = 0; i < all.n; i++)
            put_cause(out, i + 1, lab, &all.v[i], o, c);
        causes_release(&all);
    }
    if (!o->deterministic && r->environment.isolation)
        (void)fprintf(out, "\n%sisolation %s, %s, valgrind %s, %.1f s%s\n", c->dim, r->environment.isolation,
                      r->environment.cc ? r->environment.cc : "no compiler",
                      r->environment.valgrind ? r->environment.valgrind : "none", (double)r->wall_ms / 1000, c->off);
    if (r->partial && r->status == STATUS_GRADED)
        (void)fprintf(out, "\n%s%s%s\n", c->bold, r->stages[STAGE_BEHAVIOUR].outcome, c->off);
    else if (r->status == STATUS_GRADED || r->status == STATUS_COMPILE_ERROR)
        (void)fprintf(out, "\n%s%s%s%s/%s%s\n", c->bold, r->score >= r->max_score ? c->good : "", "", got, max, c->off);
    else
        (void)fprintf(out, "\n%sno score%s\n", c->bold, c->off);
    return fflush(out) != 0 || ferror(out) ? -1 : 0;
}

int report_table(FILE *out, const struct result *results, size_t n, const struct report_options *o)
{
    const struct style *c = o->colour ? &coloured : &plain;

    (void)fprintf(out, "\n%s%-32s %7s  %-14s", c->bold, "submission", "score", "status");
    for (size_t s = STAGE_BEHAVIOUR; s < STAGE_N; s++)
        (void)fprintf(out, " %9s", stage_names[s]);
    (void)fprintf(out, "%s\n", c->off);
    for (size_t i = 0; i < n; i++) {
        const struct result *r = &results[i];
        char got[16];
        points(got, r->score);
        char *id = text_printable(r->id, strlen(r->id));
        (void)fprintf(out, "%-32s %7s  %-14s", id,
                      r->status == STATUS_GRADED || r->status == STATUS_COMPILE_ERROR ? got : "-",
                      status_names[r->status]);
        free(id);
        for (size_t s = STAGE_BEHAVIOUR; s < STAGE_N; s++) {
            points(got, r->stages[s].score);
            (void)fprintf(out, " %9s", got);
        }
        (void)fputc('\n', out);
    }
    return fflush(out) != 0 || ferror(out) ? -1 : 0;
}
