/* SPDX-License-Identifier: MIT */
#include "stage/gcov_report.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

/* Functions of /usr/include that end up in a student's objects: htons() and the like. */
static bool is_of_libc(const char *file, const char *function)
{
    static const char *const names[] = {"__bswap_16",       "__bswap_32",       "__bswap_64",
                                        "__uint16_identity", "__uint32_identity", "__uint64_identity"};

    for (size_t i = 0; strncmp(file, "/usr/", 5) == 0 && function && i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(function, names[i]) == 0)
            return true;
    return false;
}

/* gcov tells a line once for each function that has code on it: the line is hit if any of them is. */
static void count_file(json_t *lines, struct covered_file *f)
{
    json_t *line, *branch, *seen = json_object();
    size_t i, k;

    json_array_foreach(lines, i, line) {
        char key[32];
        json_int_t number = json_integer_value(json_object_get(line, "line_number"));
        const bool hit = json_integer_value(json_object_get(line, "count")) > 0;
        if (is_of_libc(f->name, json_string_value(json_object_get(line, "function_name"))))
            continue;
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

static bool is_students(const char *file, const struct strs *given)
{
    return file && strncmp(file, "tests/", 6) != 0 && !(given && strs_has(given, file));
}

static void add_file(json_t *file, const struct strs *given, struct covered_file **files, size_t *files_n)
{
    const char *name = json_string_value(json_object_get(file, "file"));
    struct covered_file f = {0};

    if (!is_students(name, given))
        return;
    f.name = xstrdup(name);
    count_file(json_object_get(file, "lines"), &f);
    if (f.lines.total)
        *VEC_ADD(files, files_n) = f;
    else
        free(f.name);
}

static void add_functions(json_t *list, struct strs *functions)
{
    json_t *function;
    size_t i;

    json_array_foreach(list, i, function) {
        const char *name = json_string_value(json_object_get(function, "name"));
        if (name)
            strs_add(functions, name);
    }
}

int gcov_read_json(const char *json, size_t n, const struct strs *given, struct result *r, struct strs *functions,
                   struct err *err)
{
    struct covered_file *files = NULL;
    struct strs names = {0};
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
            add_file(file, given, &files, &files_n);
            add_functions(json_object_get(file, "functions"), &names);
        }
        json_decref(document);
        p += len + 1;
    }
    if (status < 0) {
        for (size_t i = 0; i < files_n; i++)
            free(files[i].name);
        free(files);
        strs_release(&names);
        return -1;
    }
    if (functions)
        *functions = names;
    else
        strs_release(&names);
    r->files = files;
    r->files_n = files_n;
    for (size_t i = 0; i < files_n; i++) {
        add(&r->lines, &files[i].lines);
        add(&r->branches, &files[i].branches);
    }
    return 0;
}
