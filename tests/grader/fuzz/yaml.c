/* SPDX-License-Identifier: MIT */
/* lab.yaml and hints.yaml: read by their schemas, then checked as `grader lint` does. The first byte
 * chooses: 'h' is hints.yaml. */
#include "fuzz.h"
#include "lab/lab.c" /* the schemas are its own */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct strs problems = {0};
    struct lab lab = {.yaml = xstrdup("lab.yaml"), .hints_yaml = xstrdup("hints.yaml")};
    struct err err = {0};
    const bool hints = n && data[0] == 'h';
    char *text = fuzz_text(data + (n > 0), n ? n - 1 : 0);

    if (hints) {
        if (conf_read_text("hints.yaml", text, &hints_schema, (void **)&lab.hints, &err) == 0)
            (void)lab_hint(&lab, "key");
    } else if (conf_read_text("lab.yaml", text, &config_schema, (void **)&lab.config, &err) == 0) {
        lab_check(&lab, &problems);
        (void)lab_test(&lab, "name");
    }
    must((hints ? (void *)lab.hints : (void *)lab.config) || err.msg[0]);
    strs_release(&problems);
    lab_release(&lab);
    free(text);
    return 0;
}
