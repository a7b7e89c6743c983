/* SPDX-License-Identifier: MIT */
#include "result/score.h"

#include <math.h>
#include <string.h>

static double tenths(double points)
{
    return round(points * 10) / 10;
}

static double charge_points(const struct lab_quality *q, enum charge charge)
{
    switch (charge) {
    case CHARGE_MEMORY_ERROR: return q->memory.errors;
    case CHARGE_MEMORY_LEAK: return q->memory.leaks;
    case CHARGE_MEMORY_DESCRIPTOR: return q->memory.descriptors;
    case CHARGE_LEFTOVER_NAME: return q->leftovers.names;
    case CHARGE_LEFTOVER_PROCESS: return q->leftovers.processes;
    case CHARGE_WARNING: return q->style.per_warning;
    case CHARGE_FORBIDDEN: return q->style.forbidden;
    case CHARGE_STAGE:
    case CHARGE_NONE:
    case CHARGE_N: break;
    }
    return 0;
}

/* What the findings of one stage, which would have 'points', cost; each finding learns its own share. */
static double charge_stage(const struct lab_quality *q, struct result *r, enum stage_id stage, double points)
{
    bool charged[CHARGE_N] = {0};
    double lost = 0, warnings = 0;

    for (size_t i = 0; i < r->findings_n; i++) {
        struct finding *f = &r->findings[i];
        f->points = f->stage == stage ? 0 : f->points;
        if (f->stage != stage || f->charge == CHARGE_NONE)
            continue;
        double cost = fmin(points - lost, f->charge == CHARGE_STAGE ? points : charge_points(q, f->charge));
        if (f->charge == CHARGE_WARNING) {
            cost = fmin(cost, q->style.warnings_max - warnings);
            warnings += cost;
        } else if (charged[f->charge]) {
            cost = 0;
        }
        charged[f->charge] = true;
        f->points = cost > 0 ? -cost : 0;
        lost += cost;
    }
    return lost;
}

static double coverage_points(const struct lab_quality *q, const struct coverage_count *lines)
{
    double percent = lines->total > 0 ? 100.0 * (double)lines->hit / (double)lines->total : 0;

    for (unsigned i = 0; i < q->coverage_count; i++)
        if (percent >= q->coverage[i].percent)
            return q->coverage[i].points;
    return 0;
}

void score_result(const struct lab *lab, struct result *r)
{
    const struct lab_quality *q = &lab->config->quality;
    double behaviour = 0, behaviour_max = 0;
    const bool graded = r->status == STATUS_GRADED;

    r->max_score = lab->max_score;
    r->score = 0;
    for (size_t i = 0; i < r->tests_n; i++) {
        struct result_test *t = &r->tests[i];
        const struct lab_test *rubric = lab_test(lab, t->name);
        t->max_score = rubric ? rubric->points : 0;
        t->score = graded && t->verdict == VERDICT_PASS ? t->max_score : 0;
        behaviour += t->score;
        behaviour_max += t->max_score;
    }
    r->behaviour_factor = fmin(1, behaviour / q->scale_at);

    const struct { enum stage_id id; double max; } quality[] = {
        {STAGE_MEMORY, q->memory.errors + q->memory.leaks + q->memory.descriptors},
        {STAGE_COVERAGE, q->coverage_count ? q->coverage[0].points : 0},
        {STAGE_LEFTOVERS, q->leftovers.names + q->leftovers.processes},
        {STAGE_STYLE, q->style.warnings_max + q->style.forbidden},
    };
    r->stages[STAGE_BEHAVIOUR].score = tenths(behaviour);
    r->stages[STAGE_BEHAVIOUR].max_score = behaviour_max;
    for (size_t i = 0; i < sizeof(quality) / sizeof(*quality); i++) {
        struct result_stage *s = &r->stages[quality[i].id];
        double points = quality[i].id == STAGE_COVERAGE ? coverage_points(q, &r->lines) : quality[i].max;
        points = fmax(0, points - charge_stage(q, r, quality[i].id, points));
        s->max_score = quality[i].max;
        s->score = graded && s->ran ? tenths(points * r->behaviour_factor) : 0;
    }
    for (size_t i = 0; i < STAGE_N; i++)
        r->score += r->stages[i].score;
    r->score = tenths(r->score);
}
