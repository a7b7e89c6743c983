/* SPDX-License-Identifier: MIT */
/* The text report: one screen for a good submission; else the causes, the costliest first, each with
 * what was seen, what was asked, a hint, where to look and how to see it again. The points of the
 * causes add up to what the score lacks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"
#include "lab/causes.h"
#include "lab/handout.h"
#include "lab/messages.h"
#include "report/report.h"
#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/text.h"

enum { WIDTH = 96, INDENT = 14 };

struct style {
    const char *bold, *dim, *good, *bad, *off;
};

static const struct style plain = {"", "", "", "", ""};
static const struct style coloured = {"\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m"};

/* What a report is made with: every function below takes it. */
struct writer {
    FILE *out;
    const struct lab *lab;
    const struct result *r;
    const struct report_options *o;
    const struct style *c;
};

static const char *const stage_labels[STAGE_N] = {
    [STAGE_BUILD] = N_("build"),         [STAGE_BEHAVIOUR] = N_("behaviour"),
    [STAGE_MEMORY] = N_("memory"),       [STAGE_COVERAGE] = N_("coverage"),
    [STAGE_LEFTOVERS] = N_("leftovers"), [STAGE_STYLE] = N_("style"),
};

static const char *const verdict_labels[VERDICT_N] = {
    [VERDICT_NOT_RUN] = N_("not run"),         [VERDICT_PASS] = N_("passed"),
    [VERDICT_FAIL] = N_("failed"),             [VERDICT_CRASH] = N_("crashed"),
    [VERDICT_TIMEOUT] = N_("hung"),            [VERDICT_ENDED_EARLY] = N_("ended early"),
    [VERDICT_INCONCLUSIVE] = N_("inconclusive"),
};

static const char *const status_labels[STATUS_N] = {
    [STATUS_HELD] = N_("held for a person"),
    [STATUS_GRADED] = N_("graded"),
    [STATUS_COMPILE_ERROR] = N_("does not compile"),
    [STATUS_REJECTED] = N_("rejected"),
};

const char *report_verdict(enum verdict verdict)
{
    return verdict_labels[verdict];
}

const char *report_status(enum result_status status)
{
    return status_labels[status];
}

const char *report_stage(enum stage_id stage)
{
    return stage_labels[stage];
}

/* Writing -------------------------------------------------------------------------------------- */

/* Columns of n bytes of UTF-8, near enough: one for each character. */
static int columns(const char *s, size_t n)
{
    int width = 0;

    for (size_t i = 0; i < n; i++)
        width += ((unsigned char)s[i] & 0xc0) != 0x80;
    return width;
}

/* Left-aligned in 'width' columns; printf would count bytes. */
static void put_padded(FILE *out, const char *s, int width)
{
    int have = columns(s, strlen(s));

    (void)fprintf(out, "%s%*s", s, have < width ? width - have : 0, "");
}

/* Words of 's' in lines of WIDTH columns; the lines after the first are indented. What a student
 * wrote may be in any text: nothing of it may reach the terminal as a command. */
static void put_wrapped(FILE *out, const char *s, int indent)
{
    CLEANUP(free_ptr) char *shown = text_printable(s, strlen(s));
    int column = indent;
    size_t blanks = 0;

    for (const char *p = shown; *p;) {
        size_t n = strcspn(p, " \n");
        int width = columns(p, n);
        if (column > indent && column + (int)blanks + width > WIDTH) {
            (void)fprintf(out, "\n%*s", indent, "");
            column = indent;
            blanks = 0;
        }
        (void)fprintf(out, "%*s%.*s", (int)blanks, "", (int)n, p);
        column += (int)blanks + width;
        p += n;
        blanks = strspn(p, " ");
        p += blanks;
        if (*p == '\n') {
            if (p[1]) /* not for what ends with a newline */
                (void)fprintf(out, "\n%*s", indent, "");
            column = indent;
            blanks = 0;
            p++;
        }
    }
    (void)fputc('\n', out);
}

static void put_field(const struct writer *w, const char *label, const char *text)
{
    (void)fprintf(w->out, "     %s", w->c->dim);
    put_padded(w->out, label, INDENT - 5);
    (void)fputs(w->c->off, w->out);
    put_wrapped(w->out, text, INDENT);
}

static const char *points(char s[static 16], double p)
{
    (void)snprintf(s, 16, fabs(p - round(p)) < 0.05 ? "%.0f" : "%.1f", p);
    return s;
}

static const char *in_lang(const struct writer *w, const char *en, const char *pt_br)
{
    return w->o->lang == LANG_PT_BR && pt_br ? pt_br : en;
}

/* A word of a shell command line, quoted where a shell would see more in it than a name. */
static char *shell_word(const char *s)
{
    struct buf b = {0};

    if (*s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./@%+=:,-") == strlen(s))
        return xformat("%s%s", *s == '-' ? "./" : "", s);
    buf_puts(&b, "'");
    for (; *s; s++) {
        if (*s == '\'')
            buf_puts(&b, "'\\''");
        else
            buf_add(&b, s, 1);
    }
    buf_puts(&b, "'");
    return buf_steal(&b);
}

/* Causes: the same hint, or without one the same signature, is one cause ------------------------- */

struct cause {
    const char *hint;             /* key, or NULL */
    const char *key;              /* without a hint: what makes it one cause; NULL */
    const char *text;             /* neither tests nor findings: what it is; NULL */
    double lost;
    struct { const struct result_test **v; size_t n; } tests;
    struct { const struct finding **v; size_t n; } findings;
};

struct causes {
    struct cause *v;
    size_t n;
    char *coverage; /* texts of causes that are neither tests nor findings; owned */
};

static struct cause *cause_for(struct causes *all, const char *hint, const char *key)
{
    for (size_t i = 0; i < all->n; i++) {
        struct cause *c = &all->v[i];
        if (hint ? c->hint && strcmp(c->hint, hint) == 0
                 : !c->hint && key && c->key && strcmp(c->key, key) == 0)
            return c;
    }
    struct cause *c = VEC_ADD(&all->v, &all->n);
    c->hint = hint;
    c->key = key;
    return c;
}

static enum lab_tells tells(const struct writer *w, const struct result_test *t)
{
    const struct lab_test *rubric = lab_test(w->lab, t->name);

    if (w->o->show_hidden)
        return LAB_TELLS_ALL;
    if (rubric)
        return lab_tells(rubric, w->o->today);
    return t->hidden ? LAB_TELLS_HINT : LAB_TELLS_ALL;
}

static bool is_cause(const struct writer *w, const struct result_test *t)
{
    if (t->verdict == VERDICT_PASS || t->skipped || w->r->status == STATUS_COMPILE_ERROR)
        return false;
    return t->verdict != VERDICT_NOT_RUN || t->signature; /* not run: only where a mechanism is missing */
}

static bool is_worth_showing(const struct writer *w, const struct finding *f)
{
    if (strcmp(f->kind, "build.mechanism") == 0)
        return false; /* its tests say so */
    return w->r->status != STATUS_COMPILE_ERROR || f->stage == STAGE_BUILD;
}

static struct causes find_causes(const struct writer *w)
{
    const struct result *r = w->r;
    struct causes all = {0};
    double waiting = 0;

    for (size_t i = 0; i < r->tests_n; i++) {
        const struct result_test *t = &r->tests[i];
        if (!is_cause(w, t))
            continue;
        const bool silent = tells(w, t) == LAB_TELLS_NOTHING;
        struct cause *c = cause_for(&all, silent ? NULL : t->hint_key, silent ? "nothing is told" : t->signature);
        *VEC_ADD(&c->tests.v, &c->tests.n) = t;
        c->lost += t->max_score - t->score;
    }
    for (size_t i = 0; i < r->findings_n; i++) {
        const struct finding *f = &r->findings[i];
        if (!is_worth_showing(w, f))
            continue;
        struct cause *c = cause_for(&all, f->hint_key, f->kind);
        *VEC_ADD(&c->findings.v, &c->findings.n) = f;
        c->lost -= f->points * r->behaviour_factor;
    }
    if (r->status == STATUS_GRADED && !r->partial) {
        const struct result_stage *coverage = &r->stages[STAGE_COVERAGE];
        for (size_t i = STAGE_MEMORY; i < STAGE_N; i++)
            waiting += r->stages[i].max_score * (r->stages[i].ran ? 1 - r->behaviour_factor : 1);
        double lost = coverage->ran ? coverage->max_score * r->behaviour_factor - coverage->score : 0;
        if (lost > 0.05) {
            struct cause *c = VEC_ADD(&all.v, &all.n);
            all.coverage = xformat(_("the tests reach %.1f %% of your lines: what is the rest for?"),
                                   r->lines.total ? 100.0 * (double)r->lines.hit / (double)r->lines.total : 0.0);
            *c = (struct cause){.text = all.coverage, .lost = lost};
        }
        if (waiting > 0.05) {
            struct cause *c = VEC_ADD(&all.v, &all.n);
            *c = (struct cause){.lost = waiting, .text = _("memory, coverage, leftovers and style count in full once "
                                                           "enough of the behaviour is right")};
        }
    }
    /* Stable: the rubric's order decides between equals. */
    for (size_t i = 1; i < all.n; i++)
        for (size_t k = i; k > 0 && all.v[k].lost > all.v[k - 1].lost; k--) {
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
    free(all->coverage);
}

static const struct lab_demand *demand(const struct lab *lab, const char *key)
{
    for (unsigned i = 0; i < lab->config->demands_count; i++)
        if (strcmp(lab->config->demands[i].key, key) == 0)
            return &lab->config->demands[i];
    return NULL;
}

static void put_again(const struct writer *w, const struct result_test *t)
{
    CLEANUP(free_ptr) char *path = shell_word(w->o->path);
    CLEANUP(free_ptr) char *again = xformat("grader %s %.*s %s --test %s", w->o->command ? w->o->command : "run", (int)strcspn(w->r->lab, "-"), w->r->lab, path, t->name);

    put_field(w, _("again"), again);
}

static void put_message(const struct writer *w, const char *english)
{
    CLEANUP(free_ptr) char *message = messages_in(w->lab, w->o->lang, english);

    put_field(w, _("seen"), message);
}

/* What the grader itself takes the failure for. */
static void put_known(const struct writer *w, const struct result_test *t)
{
    const struct known_cause *known = causes_find(t->cause);
    CLEANUP(free_ptr) char *says = known ? causes_say(known, t->signature, w->o->lang, explain_name) : NULL;

    if (says)
        put_field(w, _("cause"), says);
}

static void put_explanation(const struct writer *w, const json_t *records)
{
    json_t *record;
    size_t i;

    json_array_foreach(records, i, record) {
        CLEANUP(free_ptr) char *line = explain_say(record);
        put_field(w, i ? "" : _("who"), line);
    }
}

/* Where the handout states the first demand, as editors and terminals open it: FILE:LINE. */
static void put_handout(const struct writer *w, const struct result_test *t)
{
    const unsigned line = t->demands.n ? handout_line(w->lab, w->o->lang, t->demands.v[0]) : 0;
    CLEANUP(free_ptr) char *path = handout_path(w->lab, w->o->lang);
    CLEANUP(free_ptr) char *place = xformat("%s:%u", path, line);

    if (line)
        put_field(w, _("read"), place);
}

/* A public test says what it saw; a hidden one only in what way it failed, unless told otherwise:
 * its input and what it expected stay hidden. The lab may tell less, or all from some day on. */
static void put_test(const struct writer *w, const struct result_test *t)
{
    const bool open = tells(w, t) == LAB_TELLS_ALL;
    const struct lab_test *rubric = lab_test(w->lab, t->name);
    struct buf asked = {0};

    if (tells(w, t) == LAB_TELLS_NOTHING) {
        put_field(w, _("seen"), _("what these hidden tests check and saw is not told"));
        return;
    }
    if (open && rubric)
        put_field(w, _("test"), in_lang(w, rubric->does.en, rubric->does.pt_br));
    if (t->verdict == VERDICT_NOT_RUN)
        put_field(w, _("seen"), _("your code does not call what this part is about, so its tests were not run"));
    else if ((open && t->message) || !t->signature)
        put_message(w, t->message ? t->message : "");
    else
        put_message(w, t->signature);
    const char *missing = t->verdict == VERDICT_NOT_RUN && t->signature ? strchr(t->signature, ' ') : NULL;
    if (missing) /* "mechanism socket()" */
        put_field(w, _("missing"), missing + 1);
    put_known(w, t);
    if (!w->o->deterministic)
        put_explanation(w, t->explain);
    for (size_t i = 0; i < t->demands.n; i++) {
        const struct lab_demand *d = demand(w->lab, t->demands.v[i]);
        buf_printf(&asked, "%s%s %s", i ? " " : "", t->demands.v[i], d ? in_lang(w, d->en, d->pt_br) : "");
    }
    put_field(w, _("asked"), asked.s ? asked.s : "");
    put_handout(w, t);
    if (w->o->path && t->verdict != VERDICT_NOT_RUN)
        put_again(w, t);
    buf_release(&asked);
}

/* The other tests of the same cause, so that nobody looks for them. */
static void put_others(const struct writer *w, const struct cause *cause)
{
    struct buf b = {0};

    for (size_t i = 1; i < cause->tests.n; i++) {
        const struct result_test *t = cause->tests.v[i];
        if (tells(w, t) == LAB_TELLS_NOTHING)
            buf_printf(&b, "%s%s", i > 1 ? ", " : "", t->id);
        else
            buf_printf(&b, "%s%s %s", i > 1 ? ", " : "", t->id, t->name);
    }
    put_field(w, _("also"), b.s);
    buf_release(&b);
}

static void put_finding(const struct writer *w, const struct finding *f)
{
    struct buf b = {0};
    CLEANUP(free_ptr) char *message = f->message && *f->message ? messages_in(w->lab, w->o->lang, f->message) : NULL;

    if (f->file)
        buf_printf(&b, f->line ? "%s:%d" : "%s", f->file, f->line);
    if (f->function)
        buf_printf(&b, _("%sin %s"), b.n ? ", " : "", f->function);
    if (f->test)
        buf_printf(&b, _("%sin the test %s"), b.n ? ", " : "", f->test);
    buf_printf(&b, "%s%s", b.n ? ": " : "", message ? message : f->kind);
    if (f->count > 1)
        buf_printf(&b, _(" (%ld times)"), f->count);
    put_field(w, _("seen"), b.s);
    buf_release(&b);
}

static void put_cause(const struct writer *w, size_t number, const struct cause *cause)
{
    enum { FINDINGS_SHOWN = 3 };
    const size_t shown = w->r->status == STATUS_COMPILE_ERROR ? 10 : FINDINGS_SHOWN;
    const struct known_cause *known = causes_find(cause->hint);
    const struct lab_hint *hint = lab_hint(w->lab, cause->hint);
    const struct style *c = w->c;
    char lost[16];

    if (!hint && known)
        hint = &known->hint;
    (void)fprintf(w->out, "\n%s%3zu. ", c->bold, number);
    if (cause->lost > 0.05)
        (void)fprintf(w->out, "%s-%s%s%s  ", c->bad, points(lost, cause->lost), c->off, c->bold);
    if (cause->tests.n) {
        const struct result_test *t = cause->tests.v[0];
        const bool named = tells(w, t) != LAB_TELLS_NOTHING;
        (void)fprintf(w->out, "%s%s%s (%s, %s)", t->id, named ? " " : "", named ? t->name : "", t->hidden ? _("hidden") : _("public"),
                      _(verdict_labels[t->verdict]));
        if (cause->tests.n > 1)
            (void)fprintf(w->out, _(" and %zu more"), cause->tests.n - 1);
    }
    if (cause->findings.n)
        (void)fprintf(w->out, "%s%s", cause->tests.n ? "; " : "", cause->findings.v[0]->kind);
    if (cause->text)
        put_wrapped(w->out, cause->text, INDENT);
    (void)fprintf(w->out, "%s%s", c->off, cause->text ? "" : "\n");
    if (cause->tests.n)
        put_test(w, cause->tests.v[0]);
    if (cause->tests.n > 1)
        put_others(w, cause);
    for (size_t i = 0; i < cause->findings.n && i < shown; i++)
        put_finding(w, cause->findings.v[i]);
    if (cause->findings.n > shown) {
        CLEANUP(free_ptr) char *more = xformat(_("and %zu more of this kind"), cause->findings.n - shown);
        put_field(w, "", more);
    }
    if (hint) {
        put_field(w, _("hint"), in_lang(w, hint->en, hint->pt_br));
        if (hint->look)
            put_field(w, _("look"), in_lang(w, hint->look->en, hint->look->pt_br));
    }
}

/* Stages ------------------------------------------------------------------------------------------- */

static size_t count_findings(const struct result *r, enum stage_id stage)
{
    size_t n = 0;

    for (size_t i = 0; i < r->findings_n; i++)
        n += r->findings[i].stage == stage;
    return n;
}

/* What a stage came to, in a sentence. */
static char *sentence(const struct result *r, enum stage_id id)
{
    const size_t n = count_findings(r, id);
    size_t passed = 0, run = 0, checked = 0;

    if (!r->stages[id].ran)
        return xstrdup(_("not run"));
    for (size_t i = 0; i < r->tests_n; i++) {
        passed += r->tests[i].verdict == VERDICT_PASS;
        run += !r->tests[i].skipped;
        checked += r->tests[i].memcheck && r->tests[i].memcheck_verdict != VERDICT_NOT_RUN;
    }
    switch (id) {
    case STAGE_BEHAVIOUR:
        return xformat(ngettext("%zu of %zu test passed", "%zu of %zu tests passed", run), passed, run);
    case STAGE_MEMORY:
        if (n)
            return xformat(ngettext("%zu finding under valgrind", "%zu findings under valgrind", n), n);
        return xformat(ngettext("nothing found in %zu test under valgrind", "nothing found in %zu tests under valgrind", checked),
                       checked);
    case STAGE_COVERAGE:
        return xformat(_("%.1f %% of %ld lines reached"),
                       r->lines.total ? 100.0 * (double)r->lines.hit / (double)r->lines.total : 0.0, r->lines.total);
    case STAGE_LEFTOVERS:
        return n ? xformat(ngettext("%zu thing left behind", "%zu things left behind", n), n) : xstrdup(_("nothing left behind"));
    case STAGE_STYLE:
        return n ? xformat(ngettext("%zu warning or forbidden call", "%zu warnings or forbidden calls", n), n)
                 : xstrdup(_("no warning, no forbidden call"));
    case STAGE_BUILD:
    case STAGE_N: break;
    }
    return xstrdup("");
}

static void put_stage(const struct writer *w, enum stage_id id)
{
    const struct result_stage *s = &w->r->stages[id];
    CLEANUP(free_ptr) char *what = sentence(w->r, id);
    char got[16], max[16];

    if (s->max_score <= 0)
        return;
    (void)fputs("  ", w->out);
    put_padded(w->out, _(stage_labels[id]), 14);
    (void)fprintf(w->out, "%s%5s%s / %-4s ", s->score >= s->max_score ? w->c->good : w->c->bad, points(got, s->score),
                  w->c->off, points(max, s->max_score));
    put_wrapped(w->out, what, 30);
}

/* The whole report ------------------------------------------------------------------------------- */

static bool has_score(const struct result *r)
{
    return (r->status == STATUS_GRADED && !r->partial) || r->status == STATUS_COMPILE_ERROR;
}

static void put_causes(const struct writer *w)
{
    struct causes all = find_causes(w);

    if (all.n)
        (void)fprintf(w->out, "\n%s%s%s\n", w->c->bold, _("What to look at, the costliest first"), w->c->off);
    for (size_t i = 0; i < all.n; i++)
        put_cause(w, i + 1, &all.v[i]);
    causes_release(&all);
}

static void put_environment(const struct writer *w)
{
    const struct result *r = w->r;

    if (!w->o->deterministic && r->environment.isolation)
        (void)fprintf(w->out, _("\n%sisolation %s, %s, valgrind %s, %.1f s%s\n"), w->c->dim, r->environment.isolation,
                      r->environment.cc ? r->environment.cc : "?", r->environment.valgrind ? r->environment.valgrind : "?",
                      (double)r->wall_ms / 1000, w->c->off);
    if (r->environment.isolation && strcmp(r->environment.isolation, "shared") == 0)
        (void)fprintf(w->out, "%s%s%s\n", w->c->bold,
                      _("NOT FOR MARKS: in mode shared the student's code could read hidden tests and forge this result"),
                      w->c->off);
}

/* What kept memory from being judged, where the sentence about it must not tell it to everybody. */
static void put_unobserved(const struct writer *w)
{
    for (size_t i = 0; i < w->r->tests_n; i++) {
        const struct result_test *t = &w->r->tests[i];
        if (!t->hidden || !t->memcheck_message || tells(w, t) != LAB_TELLS_ALL)
            continue;
        CLEANUP(free_ptr) char *message = messages_in(w->lab, w->o->lang, t->memcheck_message);
        put_field(w, t->id, message);
    }
}

int report_text(FILE *out, const struct lab *lab, const struct result *r, const struct report_options *o)
{
    const struct writer w = {out, lab, r, o, o->colour ? &coloured : &plain};
    CLEANUP(free_ptr) char *id = text_printable(r->id, strlen(r->id));
    CLEANUP(free_ptr) char *passed = r->partial ? sentence(r, STAGE_BEHAVIOUR) : NULL;
    char got[16], max[16];

    (void)fprintf(out, "%s%s  %s%s\n", w.c->bold, r->lab, id, w.c->off);
    if (r->status != STATUS_GRADED) {
        (void)fprintf(out, "\n%s%s%s: ", w.c->bad, _(status_labels[r->status]), w.c->off);
        CLEANUP(free_ptr) char *why = r->rejection.why ? rejection_sentence(&r->rejection, true) : NULL;
        CLEANUP(free_ptr) char *message = r->message ? messages_in(lab, o->lang, r->message) : NULL;
        put_wrapped(out, why ? why : message ? message : _("no reason is known"), 4);
        put_unobserved(&w);
    }
    if (r->status == STATUS_GRADED && !r->partial) {
        (void)fputc('\n', out);
        for (size_t i = 0; i < STAGE_N; i++)
            put_stage(&w, (enum stage_id)i);
    }
    if (r->status == STATUS_GRADED || r->status == STATUS_COMPILE_ERROR)
        put_causes(&w);
    put_environment(&w);
    (void)fprintf(out, "\n%s", w.c->bold);
    if (has_score(r))
        (void)fprintf(out, "%s%s/%s", r->score >= r->max_score ? w.c->good : "", points(got, r->score), points(max, r->max_score));
    else
        (void)fputs(r->partial && r->status == STATUS_GRADED ? passed : _("no score"), out);
    (void)fprintf(out, "%s\n", w.c->off);
    return fflush(out) != 0 || ferror(out) ? -1 : 0;
}

int report_processes(FILE *out, const json_t *records, const struct report_options *o)
{
    const struct writer w = {.out = out, .o = o, .c = o->colour ? &coloured : &plain};
    CLEANUP(free_ptr) char *signature = explain_signature(records);
    const struct known_cause *known = causes_of_test(signature, NULL);
    CLEANUP(free_ptr) char *says = known ? causes_say(known, signature, o->lang, explain_name) : NULL;
    bool secret = false;
    json_t *record;
    size_t i;

    json_array_foreach(records, i, record) {
        const char *state = json_string_value(json_object_get(record, "state"));
        CLEANUP(free_ptr) char *line = explain_say(record);
        put_field(&w, i ? "" : _("who"), line);
        secret |= state && strcmp(state, "asleep") == 0;
    }
    if (says)
        put_field(&w, _("cause"), says);
    if (known) {
        put_field(&w, _("hint"), in_lang(&w, known->hint.en, known->hint.pt_br));
        if (known->hint.look)
            put_field(&w, _("look"), in_lang(&w, known->hint.look->en, known->hint.look->pt_br));
    }
    if (secret)
        put_field(&w, _("note"), _("in which call a process is asleep is told to its own user where the system allows it "
                                   "(kernel.yama.ptrace_scope=0), and to root"));
    return fflush(out) != 0 || ferror(out) ? -1 : 0;
}

int report_table(FILE *out, const struct result *results, size_t n, const struct report_options *o)
{
    const struct style *c = o->colour ? &coloured : &plain;

    (void)fprintf(out, "\n%s", c->bold);
    put_padded(out, _("submission"), 32);
    put_padded(out, _("score"), 8);
    put_padded(out, _("status"), 20);
    (void)fprintf(out, "%s%s\n", _("tests not passed"), c->off);
    for (size_t i = 0; i < n; i++) {
        const struct result *r = &results[i];
        CLEANUP(free_ptr) char *id = text_printable(r->id, strlen(r->id));
        char got[16];
        put_padded(out, id, 32);
        put_padded(out, has_score(r) ? points(got, r->score) : "-", 8);
        put_padded(out, _(status_labels[r->status]), r->status == STATUS_GRADED ? 20 : 1);
        for (size_t t = 0; t < r->tests_n && r->status == STATUS_GRADED; t++)
            if (r->tests[t].verdict != VERDICT_PASS && (r->tests[t].verdict != VERDICT_NOT_RUN || r->tests[t].signature))
                (void)fprintf(out, "%s ", r->tests[t].id);
        (void)fputc('\n', out);
    }
    return fflush(out) != 0 || ferror(out) ? -1 : 0;
}
