/* SPDX-License-Identifier: MIT */
#include "lab/conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/i18n.h"
#include "util/vec.h"

const cyaml_schema_value_t conf_string = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, CYAML_UNLIMITED),
};

/* libcyaml tells what it dislikes through its log only: first what, then where, innermost first. */
static void keep_log(cyaml_log_t level, void *ctx, const char *fmt, va_list ap)
{
    struct buf *b = ctx;
    char *line = xvformat(fmt, ap);

    (void)level;
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "Load: Backtrace", 15) != 0) {
        const char *text = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
        text += strspn(text, " ");
        buf_printf(b, "%s%s", b->n ? "; " : "", text);
    }
    free(line);
}

static int load(const char *path, const char *text, const cyaml_schema_value_t *schema, void **out, struct err *err)
{
    struct buf log = {0};
    const cyaml_config_t config = {
        .log_fn = keep_log,
        .log_ctx = &log,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
        .flags = CYAML_CFG_NO_ALIAS,
    };

    cyaml_err_t e = text ? cyaml_load_data((const uint8_t *)text, strlen(text), &config, schema, out, NULL)
                         : cyaml_load_file(path, &config, schema, out, NULL);
    int status = 0;
    if (e != CYAML_OK)
        status = err_set(err, "%s: %s", path, log.n ? log.s : cyaml_strerror(e));
    else if (!*out) /* libcyaml is content with a file without a document */
        status = err_set(err, N_("%s: it is empty"), path);
    buf_release(&log);
    return status;
}

int conf_read(const char *path, const cyaml_schema_value_t *schema, void **out, struct err *err)
{
    return load(path, NULL, schema, out, err);
}

int conf_read_text(const char *path, const char *text, const cyaml_schema_value_t *schema, void **out, struct err *err)
{
    return load(path, text, schema, out, err);
}

void *conf_read_builtin(const char *path, const char *text, const cyaml_schema_value_t *schema)
{
    void *data = NULL;
    struct err err = {0};

    if (load(path, text, schema, &data, &err) < 0) {
        (void)fprintf(stderr, "grader: %s\n", err.msg); /* we are wrong */
        abort();
    }
    return data;
}

void conf_free(const cyaml_schema_value_t *schema, void *data)
{
    const cyaml_config_t config = {.mem_fn = cyaml_mem, .flags = CYAML_CFG_NO_ALIAS};

    (void)cyaml_free(&config, schema, data, 0);
}
