/* SPDX-License-Identifier: MIT */
/* valgrind's files: XML up to the first NUL byte, after it the log of open descriptors. */
#include "fuzz.h"
#include "stage/memcheck_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct memcheck_report r = {0};
    struct memcheck_places made = {0};
    char *copy = fuzz_text(data, n);
    const size_t xml_n = strlen(copy);

    memcheck_read_xml(&r, copy, xml_n, "/sub", &made);
    if (xml_n < n)
        memcheck_read_descriptors(&r, copy + xml_n + 1, n - xml_n - 1, 41, &made);
    must(r.files == 1 && r.cut <= 1);
    for (size_t i = 0; i < r.errors_n; i++) {
        const struct memcheck_error *e = &r.errors[i];
        must(e->kind && e->what && e->file && e->function && e->count > 0 && e->line >= 0);
    }
    memcheck_places_release(&made);
    memcheck_report_release(&r);
    free(copy);
    return 0;
}
