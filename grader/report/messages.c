/* SPDX-License-Identifier: MIT */
#include "report/messages.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/conf.h"
#include "util/cleanup.h"

enum { GROUPS = 10, DEPTH_MAX = 4, SIZE_MAX_LOOKED_UP = 2000 };

struct messages {
    struct lab_text *messages;
    unsigned messages_count;
};

static const cyaml_schema_field_t message_fields[] = {
    CONF_STRING("en", struct lab_text, en),
    CONF_STRING("pt_BR", struct lab_text, pt_br),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t message_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct lab_text, message_fields),
};
static const cyaml_schema_field_t messages_fields[] = {
    CONF_LIST("messages", struct messages, messages, &message_entry),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t messages_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct messages, messages_fields),
};

extern const char report_messages_image[];

static struct messages *known; /* read once, never freed */
static regex_t *patterns;

static int compile(regex_t *regex, const char *pattern)
{
    CLEANUP(free_ptr) char *whole = xformat("^(%s)$", pattern);

    return regcomp(regex, whole, REG_EXTENDED);
}

static void load(void)
{
    void *data = NULL;
    struct err err = {0};

    if (known)
        return;
    if (conf_read_text("messages.yaml", report_messages_image, &messages_schema, &data, &err) < 0) {
        (void)fprintf(stderr, "grader: %s\n", err.msg); /* we are wrong: it was compiled in */
        abort();
    }
    known = data;
    patterns = xcalloc(known->messages_count, sizeof(*patterns));
    for (unsigned i = 0; i < known->messages_count; i++)
        if (compile(&patterns[i], known->messages[i].en) != 0)
            (void)compile(&patterns[i], "a message that is never said"); /* messages_check complains */
}

static char *translate(const char *english, int depth)
{
    regmatch_t g[GROUPS + 1];
    struct buf b = {0};
    unsigned i = 0;

    if (depth == 0 || strlen(english) > SIZE_MAX_LOOKED_UP)
        return xstrdup(english);
    while (i < known->messages_count && regexec(&patterns[i], english, GROUPS + 1, g, 0) != 0)
        i++;
    if (i == known->messages_count)
        return xstrdup(english);
    for (const char *s = known->messages[i].pt_br; *s; s++) {
        if (s[0] != '{' || !isdigit((unsigned char)s[1]) || s[2] != '}') {
            buf_add(&b, s, 1);
            continue;
        }
        const regmatch_t *group = &g[s[1] - '0' + 1]; /* the first is the whole */
        if (group->rm_so >= 0) {
            CLEANUP(free_ptr) char *part = xstrndup(english + group->rm_so, (size_t)(group->rm_eo - group->rm_so));
            CLEANUP(free_ptr) char *said = translate(part, depth - 1);
            buf_puts(&b, said);
        }
        s += 2;
    }
    return buf_steal(&b);
}

char *messages_in(enum lang lang, const char *english)
{
    if (lang == LANG_EN)
        return xstrdup(english);
    load();
    return translate(english, DEPTH_MAX);
}

void messages_check(struct strs *problems)
{
    load();
    for (unsigned i = 0; i < known->messages_count; i++) {
        regex_t regex;
        const char *en = known->messages[i].en, *pt = known->messages[i].pt_br;
        if (compile(&regex, en) != 0) {
            strs_addf(problems, "messages.yaml: '%s' is no regular expression", en);
            continue;
        }
        for (const char *s = pt; (s = strchr(s, '{')); s++)
            if (isdigit((unsigned char)s[1]) && s[2] == '}' && (size_t)(s[1] - '0') >= regex.re_nsub)
                strs_addf(problems, "messages.yaml: '%s' has no group %c", en, s[1]);
        regfree(&regex);
    }
}
