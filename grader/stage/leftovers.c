/* SPDX-License-Identifier: MIT */
/* leftovers: what the behaviour stage saw left behind, in order and summed up. */
#include "stage/stage.h"

#include <stdlib.h>
#include <string.h>

struct leftover {
    size_t place; /* of its test in the rubric */
    struct finding finding;
};

static int compare(const void *a, const void *b)
{
    const struct leftover *x = a, *y = b;

    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return strcmp(x->finding.message, y->finding.message);
}

static size_t place_of(const struct lab *lab, const char *test)
{
    size_t i = 0;

    while (i < lab->config->tests_count && strcmp(lab->config->tests[i].name, test) != 0)
        i++;
    return i;
}

int stage_leftovers(struct stage *s, struct err *err)
{
    struct result *r = s->result;
    struct result_stage *stage = &r->stages[STAGE_LEFTOVERS];
    struct leftover *all = xcalloc(r->findings_n + 1, sizeof(*all));
    size_t names = 0, processes = 0, n = 0;

    (void)err;
    for (size_t i = 0; i < r->findings_n; i++) {
        const size_t count = (size_t)r->findings[i].count;
        names += r->findings[i].charge == CHARGE_LEFTOVER_NAME ? count : 0;
        processes += r->findings[i].charge == CHARGE_LEFTOVER_PROCESS ? count : 0;
        if (r->findings[i].stage == STAGE_LEFTOVERS)
            all[n++] = (struct leftover){place_of(s->lab, r->findings[i].test), r->findings[i]};
    }
    /* They came as the tests ended, several at a time; so they are the same in each run. */
    qsort(all, n, sizeof(*all), compare);
    for (size_t i = 0, next = 0; next < n; i++)
        if (r->findings[i].stage == STAGE_LEFTOVERS)
            r->findings[i] = all[next++].finding;
    free(all);
    stage->ran = r->stages[STAGE_BEHAVIOUR].ran;
    stage->outcome = names + processes ? xformat("%zu names and %zu processes left behind", names, processes)
                                       : xstrdup("no name and no process left behind");
    return 0;
}
