/* SPDX-License-Identifier: MIT */
/* How a score came about: every point of it, from the result and the rubric, so that it can be done
 * again by hand. */
#include <math.h>
#include <string.h>

#include "report/report.h"
#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/text.h"
#include "util/vec.h"

static const char *points(char s[static 16], double p)
{
    (void)snprintf(s, 16, fabs(p - round(p)) < 0.05 ? "%.0f" : "%.1f", fabs(p) < 0.05 ? 0 : p);
    return s;
}

static void put_behaviour(FILE *out, const struct result *r)
{
    char got[16], max[16];
    double sum = 0, all = 0;

    (void)fprintf(out, "%s\n", _("behaviour"));
    for (size_t i = 0; i < r->tests_n; i++) {
        const struct result_test *t = &r->tests[i];
        CLEANUP(free_ptr) char *id = text_printable(t->id, strlen(t->id));
        CLEANUP(free_ptr) char *name = text_printable(t->name, strlen(t->name));
        sum += t->score;
        all += t->max_score;
        (void)fprintf(out, "  %-4s %-28s %5s / %-4s %s\n", id, name, points(got, t->score), points(max, t->max_score),
                      _(report_verdict(t->verdict)));
    }
    (void)fprintf(out, "  %-33s %5s / %s\n", "=", points(got, sum), points(max, all));
}

/* What was taken from a stage before it was multiplied. */
static double put_losses(FILE *out, const struct result *r, enum stage_id stage)
{
    double lost = 0;
    char p[16];

    for (size_t i = 0; i < r->findings_n; i++) {
        const struct finding *f = &r->findings[i];
        CLEANUP(free_ptr) char *kind = text_printable(f->kind, strlen(f->kind));
        if (f->stage != stage || f->points > -0.05)
            continue;
        lost -= f->points;
        (void)fprintf(out, "  %-33s %5s\n", kind, points(p, f->points));
    }
    return lost;
}

static double coverage_points(FILE *out, const struct lab *lab, const struct result *r)
{
    const struct lab_quality *q = &lab->config->quality;
    double percent = r->lines.total > 0 ? 100.0 * (double)r->lines.hit / (double)r->lines.total : 0, p = 0;

    for (unsigned i = 0; i < q->coverage_count; i++) {
        const bool reached = percent >= q->coverage[i].percent;
        if (reached && p == 0)
            p = q->coverage[i].points;
        (void)fprintf(out, _("  from %g %% of the lines on: %g\n"), q->coverage[i].percent, q->coverage[i].points);
    }
    (void)fprintf(out, _("  reached: %ld of %ld lines, %.1f %%\n"), r->lines.hit, r->lines.total, percent);
    return p;
}

int report_arithmetic(FILE *out, const struct lab *lab, const struct result *r, const struct report_options *o)
{
    static const enum stage_id quality[] = {STAGE_MEMORY, STAGE_COVERAGE, STAGE_LEFTOVERS, STAGE_STYLE};
    CLEANUP(free_ptr) char *id = text_printable(r->id, strlen(r->id));
    CLEANUP(free_ptr) char *why = text_printable(r->message ? r->message : "", r->message ? strlen(r->message) : 0);
    const double scale = lab->config->quality.scale_at, behaviour = r->stages[STAGE_BEHAVIOUR].score;
    double sum = behaviour;
    char a[16], b[16], c[16];

    (void)o;
    (void)fprintf(out, "%s  %s\n\n", lab->config->lab, id);
    if (r->status != STATUS_GRADED || r->partial) {
        (void)fprintf(out, "%s%s%s: %s\n", _(report_status(r->status)), *why ? ": " : "", why,
                      r->status == STATUS_COMPILE_ERROR ? "0" : _("no score"));
        return fflush(out) != 0 || ferror(out) ? -1 : 0;
    }
    put_behaviour(out, r);
    (void)fprintf(out, _("\nwhat the rest is multiplied by\n  min(1, %s / %s) = %.3f\n"), points(a, behaviour), points(b, scale),
                  r->behaviour_factor);
    for (size_t i = 0; i < sizeof(quality) / sizeof(*quality); i++) {
        const struct result_stage *s = &r->stages[quality[i]];
        double before = s->max_score;
        if (s->max_score <= 0)
            continue;
        (void)fprintf(out, "\n%s\n", _(report_stage(quality[i])));
        if (!s->ran) {
            (void)fprintf(out, "  %-33s %5s / %s\n", _("not run"), "0", points(b, s->max_score));
            continue;
        }
        if (quality[i] == STAGE_COVERAGE)
            before = coverage_points(out, lab, r);
        else
            before = fmax(0, before - put_losses(out, r, quality[i]));
        CLEANUP(free_ptr) char *product = xformat("%s × %.3f =", points(c, before), r->behaviour_factor);
        (void)fprintf(out, "  %-34s %5s / %s\n", product, points(a, s->score), points(b, s->max_score));
        sum += s->score;
    }
    (void)fprintf(out, "\n%s\n  %-33s %5s / %s\n", _("all together"), "=", points(a, sum), points(b, r->max_score));
    if (fabs(sum - r->score) > 0.05)
        (void)fprintf(out, _("  but the result says %s: it was made with another rubric, or was changed\n"), points(a, r->score));
    return fflush(out) != 0 || ferror(out) ? -1 : 0;
}
