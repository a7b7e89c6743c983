/* SPDX-License-Identifier: MIT */
/* What two targets do with the unpacker's words about a class. */
#ifndef FUZZ_CLASS_SINK_H
#define FUZZ_CLASS_SINK_H

#include "fuzz.h"
#include "intake/archive.h"
#include "intake/rules.h"

static int fuzz_class_folder(void *ctx, const char *path, struct err *err)
{
    char clean[INTAKE_PATH_MAX + 1];

    (void)ctx;
    (void)err;
    must(rules_path(path, clean) == WHY_NONE && strcmp(clean, path) == 0);
    return 0;
}

static int fuzz_class_file(void *ctx, const char *path, const char *data, size_t n, struct err *err)
{
    size_t *total = ctx, sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (unsigned char)data[i]; /* all of it is there */
    *total += n;
    must(*total <= INTAKE_CLASS_HAND_INS_MAX && sum <= n * 255);
    return fuzz_class_folder(ctx, path, err);
}

static int fuzz_class_refused(void *ctx, const struct rejection *why, struct err *err)
{
    (void)ctx;
    (void)err;
    must(why->why > WHY_NONE && why->why < WHY_N);
    return 0;
}

/* False: it is not the unpacker's format. */
static bool fuzz_class_stream(const char *stream, size_t n)
{
    size_t total = 0;
    const struct archive_sink sink = {.file = fuzz_class_file, .folder = fuzz_class_folder, .refused = fuzz_class_refused, .ctx = &total};
    struct rejection why = {0};
    struct err err = {0};
    const int status = archive_read_class_stream(stream, n, &sink, &why, &err);

    must(status >= 0);
    rejection_release(&why);
    return status == 0;
}

#endif
