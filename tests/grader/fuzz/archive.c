/* SPDX-License-Identifier: MIT */
/* Archive intake: any bytes as an archive, of a submission and of a class, through what runs in the box and what
 * reads its words. */
#include <locale.h>

#include "class_sink.h"
#include "intake/archive.h"
#include "intake/rules.h"
#include "intake/unpack.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return 0;
}

static char *unpacked(const uint8_t *data, size_t n, enum unpack_what what, size_t *stream_n)
{
    struct archive *a = unpack_reader();
    char *stream = NULL;
    FILE *out = open_memstream(&stream, stream_n);

    must(a && out);
    must(unpack(a, archive_read_open_memory(a, data, n), (long long)n, what, out) == 0);
    (void)archive_read_free(a);
    must(fclose(out) == 0);
    return stream;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct submission s = {0};
    char clean[INTAKE_PATH_MAX + 1];
    size_t stream_n = 0;
    char *stream = unpacked(data, n, UNPACK_SUBMISSION, &stream_n);

    must(archive_read_stream(stream, stream_n, &s)); /* they understand each other */
    for (size_t i = 0; i < s.files_n && !s.rejected; i++)
        must(rules_path(s.files[i].path, clean) == WHY_NONE && strcmp(clean, s.files[i].path) == 0);
    submission_release(&s);
    free(stream);
    stream = unpacked(data, n, UNPACK_CLASS, &stream_n);
    must(fuzz_class_stream(stream, stream_n));
    free(stream);
    return 0;
}
