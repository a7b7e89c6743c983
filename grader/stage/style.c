/* SPDX-License-Identifier: MIT */
/* style: what the build stage saw of warnings and forbidden calls, summed up. */
#include "stage/stage.h"

int stage_style(struct stage *s, struct err *err)
{
    struct result_stage *stage = &s->result->stages[STAGE_STYLE];
    size_t warnings = 0, forbidden = 0;

    (void)err;
    for (size_t i = 0; i < s->result->findings_n; i++) {
        warnings += s->result->findings[i].charge == CHARGE_WARNING;
        forbidden += s->result->findings[i].charge == CHARGE_FORBIDDEN;
    }
    stage->ran = s->result->stages[STAGE_BUILD].ran;
    stage->outcome = warnings + forbidden ? xformat("%zu different warnings, %zu forbidden calls", warnings, forbidden)
                                          : xstrdup("no warning, no forbidden call");
    return 0;
}
