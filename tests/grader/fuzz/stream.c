/* SPDX-License-Identifier: MIT */
/* What the unpacker says, if a submission had taken it over. */
#include "class_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct submission s = {0};
    char clean[INTAKE_PATH_MAX + 1], *stream = malloc(n ? n : 1);
    size_t total = 0;

    must(stream);
    memcpy(stream, data, n);
    if (archive_read_stream(stream, n, &s))
        for (size_t i = 0; i < s.files_n; i++) {
            must(rules_path(s.files[i].path, clean) == WHY_NONE && rules_is_source(clean));
            total += s.files[i].size;
        }
    must(total <= INTAKE_TOTAL_MAX);
    submission_release(&s);
    (void)fuzz_class_stream(stream, n);
    free(stream);
    return 0;
}
