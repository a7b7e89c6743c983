/* SPDX-License-Identifier: MIT */
#include "report/report.h"

#include <string.h>

#include "result/json.h"

const struct report_format report_formats[] = {
    {"text", "for people: what was seen, what was asked, where to look", report_text},
    {"json", "for programs: one document, docs/result.schema.json", report_json},
    {NULL, NULL, NULL},
};

const struct report_format *report_format(const char *name)
{
    for (const struct report_format *f = report_formats; f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

int report_json(FILE *out, const struct lab *lab, const struct result *r, const struct report_options *o)
{
    json_t *j = result_to_json(r, o->deterministic);
    int status = json_dumpf(j, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));

    (void)lab;
    json_decref(j);
    return status < 0 || fputc('\n', out) == EOF || fflush(out) != 0 ? -1 : 0;
}
