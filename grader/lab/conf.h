/* SPDX-License-Identifier: MIT */
/* conf: files of the course read by a schema, with errors that name the file. Hides how libcyaml is
 * configured; the schemas themselves are libcyaml's (see its guide, "libcyaml schemas"). */
#ifndef GRADER_LAB_CONF_H
#define GRADER_LAB_CONF_H

#include <cyaml/cyaml.h>

#include "util/err.h"

#define CONF_STRING(key, type, member) \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, member, 1, CYAML_UNLIMITED)
#define CONF_STRING_OPT(key, type, member) \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 1, CYAML_UNLIMITED)
#define CONF_LIST(key, type, member, entry) \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER, type, member, entry, 0, CYAML_UNLIMITED)
#define CONF_LIST_OPT(key, type, member, entry) \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, entry, 0, CYAML_UNLIMITED)
#define CONF_NUMBER(key, type, member) CYAML_FIELD_FLOAT(key, CYAML_FLAG_DEFAULT, type, member)
#define CONF_COUNT_OPT(key, type, member) CYAML_FIELD_UINT(key, CYAML_FLAG_OPTIONAL, type, member)

/* A mapping whose members lie in the struct around it: its fields count from there. */
#define CONF_GROUP(key_, struct_, fields_)                                                    \
    {                                                                                         \
        .key = (key_),                                                                        \
        .value = {.type = CYAML_MAPPING, .flags = CYAML_FLAG_DEFAULT,                         \
                  .data_size = sizeof(struct_), .mapping = {.fields = (fields_)}},               \
        .data_offset = 0,                                                                     \
    }

extern const cyaml_schema_value_t conf_string; /* an entry of a list of strings */

/* The file, or text that came from the file 'path'; *out is freed with conf_free. -1: *err names the
 * file, the line and the key. */
int conf_read(const char *path, const cyaml_schema_value_t *schema, void **out, struct err *err);
int conf_read_text(const char *path, const char *text, const cyaml_schema_value_t *schema, void **out, struct err *err);
/* Text that was compiled in, of the name 'path': the caller keeps it. If it does not fit the schema, the program ends. */
void *conf_read_builtin(const char *path, const char *text, const cyaml_schema_value_t *schema);
void conf_free(const cyaml_schema_value_t *schema, void *data);

#endif
