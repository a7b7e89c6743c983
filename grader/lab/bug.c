/* SPDX-License-Identifier: MIT */
#include "lab/bug.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/conf.h"
#include "util/cleanup.h"
#include "util/i18n.h"

static const cyaml_strval_t quality_names[] = {
    {"M-err", 0}, {"M-leak", 1}, {"M-fd", 2}, {"L-name", 3}, {"L-proc", 4}, {"S-warn", 5}, {"S-forbid", 6},
};

static const cyaml_schema_field_t bug_fields[] = {
    CONF_STRING("SPDX-License-Identifier", struct bug_config, licence),
    CONF_STRING("bug", struct bug_config, bug),
    CONF_STRING("title", struct bug_config, title),
    CONF_LIST("caught_by", struct bug_config, caught_by, &conf_string),
    CONF_LIST("quality", struct bug_config, quality, &conf_string),
    CONF_NUMBER("loss", struct bug_config, loss),
    CONF_STRING("hint", struct bug_config, hint),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t bug_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct bug_config, bug_fields),
};

static bool known_quality(const char *name)
{
    for (size_t i = 0; i < CYAML_ARRAY_LEN(quality_names); i++)
        if (strcmp(quality_names[i].str, name) == 0)
            return true;
    return false;
}

int bug_load(const char *path, struct bug *bug, struct err *err)
{
    CLEANUP(fclose_file) FILE *f = fopen(path, "re");
    struct buf head = {0};
    struct bug b = {0};
    char line[4096];
    bool ended = false;

    if (!f)
        return err_errno(err, errno, N_("cannot open '%s'"), path);
    while (!ended && fgets(line, sizeof(line), f)) {
        ended = strcmp(line, "---\n") == 0;
        if (!ended)
            buf_puts(&head, line);
    }
    CLEANUP(free_ptr) char *text = buf_steal(&head);
    if (!ended)
        return err_set(err, N_("%s: no line '---' ends the front matter"), path);
    if (conf_read_text(path, text, &bug_schema, (void **)&b.config, err) < 0)
        return -1;
    b.path = xstrdup(path);
    for (unsigned i = 0; i < b.config->quality_count; i++)
        if (!known_quality(b.config->quality[i])) {
            (void)err_set(err, N_("%s: quality: there is no '%s'"), path, b.config->quality[i]);
            bug_release(&b);
            return -1;
        }
    *bug = b;
    return 0;
}

void bug_release(struct bug *bug)
{
    if (bug->config)
        conf_free(&bug_schema, bug->config);
    free(bug->path);
    *bug = (struct bug){0};
}
