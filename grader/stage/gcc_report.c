/* SPDX-License-Identifier: MIT */
#include "stage/gcc_report.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/text.h"
#include "util/vec.h"

/* gcc 12 copies control characters and broken UTF-8 of a #warning into its strings as they are, and
 * one such byte must not hide all other warnings. They are shown as \xNN, like everywhere; within a
 * JSON string that backslash has to be doubled. */
static char *make_valid(const char *line, size_t n)
{
    CLEANUP(free_ptr) char *shown = text_printable(line, n);
    struct buf b = {0};

    for (const char *p = shown; *p; p++) {
        if (p[0] == '\t') {
            buf_puts(&b, " ");
        } else if (p[0] != '\\') {
            buf_add(&b, p, 1);
        } else if (p[1] == 'x') { /* JSON itself has no such escape */
            buf_puts(&b, "\\\\");
        } else {
            buf_add(&b, p, p[1] ? 2 : 1);
            p += p[1] ? 1 : 0;
        }
    }
    return buf_steal(&b);
}

/* Ends an array after its last whole object, if it was cut short. */
static char *close_array(const char *array)
{
    size_t depth = 0, whole = 1;
    bool in_string = false;

    for (size_t i = 0; array[i]; i++) {
        if (in_string) {
            if (array[i] == '\\' && array[i + 1])
                i++;
            else if (array[i] == '"')
                in_string = false;
        } else if (array[i] == '"') {
            in_string = true;
        } else if (array[i] == '[' || array[i] == '{') {
            depth++;
        } else if (array[i] == ']' || array[i] == '}') {
            if (--depth == 0)
                return xstrndup(array, i + 1);
            if (depth == 1)
                whole = i + 1;
        }
    }
    return xformat("%.*s]", (int)whole, array);
}

json_t *gcc_read_diagnostics(const char *text)
{
    json_t *all = NULL;

    for (const char *line = text; *line;) {
        const size_t n = strcspn(line, "\n");
        if (line[0] == '[') {
            CLEANUP(free_ptr) char *valid = make_valid(line, n);
            CLEANUP(free_ptr) char *array = close_array(valid);
            json_error_t why;
            json_t *some = json_loads(array, 0, &why);
            if (json_is_array(some) && !all)
                all = json_array();
            if (json_is_array(some))
                (void)json_array_extend(all, some);
            json_decref(some);
        }
        line += n + (line[n] == '\n');
    }
    return all;
}
