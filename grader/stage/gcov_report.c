/* SPDX-License-Identifier: MIT */
#include "stage/gcov_report.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* gcov tells a line once for each function that has code on it: the line is hit if any of them is. */
static void count_file(json_t *lines, struct covered_file *f)
{
    json_t *line, *branch, *seen = json_object();
    size_t i, k;

    json_array_foreach(lines, i, line) {
        char key[32];
        json_int_t number = json_integer_value(json_object_get(line, "line_number"));
        const bool hit = json_integer_value(json_object_get(line, "count")) > 0;
        (void)snprintf(key, sizeof(key), "%lld", (long long)number);
        json_t *before = json_object_get(seen, key);
        if (!before)
            f->lines.total++;
        if (hit && !json_is_true(before))
            f->lines.hit++;
        if (!before || hit)
            (void)json_object_set_new(seen, key, json_boolean(hit));
        json_array_foreach(json_object_get(line, "branches"), k, branch) {
            f->branches.total++;
            if (json_integer_value(json_object_get(branch, "count")) > 0)
                f->branches.hit++;
        }
    }
    json_decref(seen);
}

static void add(struct coverage_count *sum, const struct coverage_count *c)
{
    sum->hit += c->hit;
    sum->total += c->total;
}

int gcov_read_json(const char *json, size_t n, const char *prefix, struct result *r, struct err *err)
{
    struct covered_file *files = NULL;
    size_t files_n = 0;
    int status = 0;

    for (const char *p = json, *end = json + n; p < end && status == 0;) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        size_t len = eol ? (size_t)(eol - p) : (size_t)(end - p);
        json_error_t why;
        json_t *document = len ? json_loadb(p, len, 0, &why) : NULL, *file;
        size_t i;
        if (len && !document)
            status = err_set(err, "gcov's output is not JSON: %s", why.text);
        json_array_foreach(json_object_get(document, "files"), i, file) {
            const char *name = json_string_value(json_object_get(file, "file"));
            if (!name || strncmp(name, prefix, strlen(prefix)) != 0)
                continue;
            struct covered_file *f = VEC_ADD(&files, &files_n);
            f->name = xstrdup(name);
            count_file(json_object_get(file, "lines"), f);
        }
        json_decref(document);
        p += len + 1;
    }
    if (status < 0) {
        for (size_t i = 0; i < files_n; i++)
            free(files[i].name);
        free(files);
        return -1;
    }
    r->files = files;
    r->files_n = files_n;
    for (size_t i = 0; i < files_n; i++) {
        add(&r->lines, &files[i].lines);
        add(&r->branches, &files[i].branches);
    }
    return 0;
}
