/* SPDX-License-Identifier: MIT */
/* leftovers: what the behaviour stage saw left behind, summed up. */
#include "stage/stage.h"

int stage_leftovers(struct stage *s, struct err *err)
{
    struct result_stage *stage = &s->result->stages[STAGE_LEFTOVERS];
    size_t names = 0, processes = 0;

    (void)err;
    for (size_t i = 0; i < s->result->findings_n; i++) {
        names += s->result->findings[i].charge == CHARGE_LEFTOVER_NAME;
        processes += s->result->findings[i].charge == CHARGE_LEFTOVER_PROCESS;
    }
    stage->ran = s->result->stages[STAGE_BEHAVIOUR].ran;
    stage->outcome = names + processes ? xformat("%zu names and %zu processes left behind", names, processes)
                                       : xstrdup("no name and no process left behind");
    return 0;
}
