/* SPDX-License-Identifier: MIT */
/* Coverage data: gcov's JSON, a document on each line. */
#include "fuzz.h"
#include "stage/gcov_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct strs functions = {0};
    struct result r;
    struct err err = {0};
    char *copy = malloc(n ? n : 1);

    must(copy);
    memcpy(copy, data, n);
    result_init(&r);
    if (gcov_read_json(copy, n, NULL, &r, &functions, &err) == 0) {
        must(r.lines.hit >= 0 && r.lines.hit <= r.lines.total);
        must(r.branches.hit >= 0 && r.branches.hit <= r.branches.total);
    } else {
        must(err.msg[0] && !r.files_n);
    }
    result_release(&r);
    strs_release(&functions);
    free(copy);
    return 0;
}
