/* SPDX-License-Identifier: MIT */
/* The result's JSON: what was read can be written, comes back the same, and can be reported. */
#include <stdbool.h>
#include <unistd.h>

#include "fuzz.h"
#include "lab/lab.h"
#include "report/report.h"
#include "result/json.h"

static struct lab lab;
static FILE *null;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct err err = {0};
    const char *course = getenv("GRADER_COURSE");

    (void)argc;
    (void)argv;
    null = fopen("/dev/null", "we");
    if (!null || lab_load(course ? course : ".", "lab05", &lab, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.msg);
        exit(2);
    }
    return 0;
}

static char *dump(const struct result *r)
{
    json_t *j = result_to_json(r, false);
    char *text = j ? json_dumps(j, JSON_REAL_PRECISION(6)) : NULL;

    must(text);
    json_decref(j);
    return text;
}

static void report(const struct result *r)
{
    for (int lang = LANG_EN; lang <= LANG_PT_BR; lang++)
        for (const struct report_format *f = report_formats; f->name; f++)
            (void)f->write(null, &lab, r, &(struct report_options){.lang = (enum lang)lang, .path = "alice"});
    (void)report_table(null, r, 1, &(struct report_options){.colour = true});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct result r, again;
    struct err err = {0};
    json_error_t why;
    json_t *j = json_loadb((const char *)data, n, 0, &why);

    result_init(&r);
    if (j && result_from_json(j, &r, &err) == 0) {
        char *first = dump(&r);
        json_t *back = json_loads(first, 0, &why);
        result_init(&again);
        must(back && result_from_json(back, &again, &err) == 0);
        char *second = dump(&again);
        must(strcmp(first, second) == 0);
        report(&r);
        result_release(&again);
        json_decref(back);
        free(first);
        free(second);
    } else if (j) {
        must(err.msg[0]);
    }
    result_release(&r);
    json_decref(j);
    return 0;
}
