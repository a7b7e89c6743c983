/* SPDX-License-Identifier: MIT */
/* gcc's diagnostics: what stands on its stderr, with students' text in it. */
#include "fuzz.h"
#include "stage/gcc_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = fuzz_text(data, n);
    json_t *all = gcc_read_diagnostics(text);

    must(!all || json_is_array(all));
    json_decref(all);
    free(text);
    return 0;
}
