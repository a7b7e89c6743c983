/* SPDX-License-Identifier: MIT */
#include "lab/causes.h"

#include <ctype.h>
#include <string.h>

#include "lab/conf.h"
#include "util/cleanup.h"

enum { GROUPS = 10, PARTS_MAX = 40 };

struct causes {
    struct known_cause *causes;
    unsigned causes_count;
};

static const cyaml_schema_field_t text_fields[] = {
    CONF_STRING("en", struct lab_text, en),
    CONF_STRING("pt_BR", struct lab_text, pt_br),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t cause_fields[] = {
    CONF_STRING("key", struct known_cause, hint.key),
    CONF_LIST_OPT("signatures", struct known_cause, signatures, &conf_string),
    CONF_LIST_OPT("messages", struct known_cause, messages, &conf_string),
    CONF_LIST_OPT("findings", struct known_cause, findings, &conf_string),
    CYAML_FIELD_MAPPING_PTR("says", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct known_cause, says, text_fields),
    CONF_STRING("en", struct known_cause, hint.en),
    CONF_STRING("pt_BR", struct known_cause, hint.pt_br),
    CYAML_FIELD_MAPPING_PTR("look", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct known_cause, hint.look, text_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t cause_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct known_cause, cause_fields),
};
static const cyaml_schema_field_t causes_fields[] = {
    CONF_LIST("causes", struct causes, causes, &cause_entry),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t causes_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct causes, causes_fields),
};

extern const char lab_causes_image[];

static const struct causes *all(void)
{
    static const struct causes *loaded;

    if (!loaded)
        loaded = conf_read_builtin("causes.yaml", lab_causes_image, &causes_schema);
    return loaded;
}

static bool matches(const char *pattern, const char *text, regmatch_t groups[GROUPS])
{
    regex_t regex;
    bool fits;

    if (regcomp(&regex, pattern, REG_EXTENDED) != 0)
        return false; /* causes_check complains */
    fits = regexec(&regex, text, groups ? GROUPS : 0, groups, 0) == 0;
    regfree(&regex);
    return fits;
}

static bool any_matches(char *const *patterns, unsigned n, const char *text)
{
    for (unsigned i = 0; text && i < n; i++)
        if (matches(patterns[i], text, NULL))
            return true;
    return false;
}

/* The parts of a signature, one for each process. */
static void split(const char *signature, struct strs *parts)
{
    const char *end;

    for (; signature && parts->n < PARTS_MAX; signature = *end ? end + 2 : NULL) {
        end = strstr(signature, "; ");
        if (!end)
            end = signature + strlen(signature);
        strs_take(parts, xstrndup(signature, (size_t)(end - signature)));
    }
}

/* The text that a pattern of the cause fits: a part, or two of them. The caller frees it. NULL: none. */
static char *fitting(const struct known_cause *c, const struct strs *parts, regmatch_t groups[GROUPS])
{
    for (unsigned p = 0; p < c->signatures_count; p++) {
        const bool pair = strstr(c->signatures[p], "; ") != NULL;
        for (size_t i = 0; i < parts->n; i++) {
            if (!pair && matches(c->signatures[p], parts->v[i], groups))
                return xstrdup(parts->v[i]);
            for (size_t k = 0; pair && k < parts->n; k++) {
                CLEANUP(free_ptr) char *both = xformat("%s; %s", parts->v[i], parts->v[k]);
                if (i != k && matches(c->signatures[p], both, groups))
                    return take_ptr(&both);
            }
        }
    }
    return NULL;
}

const struct known_cause *causes_of_test(const char *signature, const char *message)
{
    const struct causes *a = all();
    CLEANUP(strs_release) struct strs parts = {0};
    regmatch_t groups[GROUPS];

    split(signature, &parts);
    for (unsigned i = 0; i < a->causes_count; i++) {
        CLEANUP(free_ptr) char *text = fitting(&a->causes[i], &parts, groups);
        if (text || any_matches(a->causes[i].messages, a->causes[i].messages_count, message))
            return &a->causes[i];
    }
    return NULL;
}

const struct known_cause *causes_of_finding(const char *kind)
{
    const struct causes *a = all();

    for (unsigned i = 0; i < a->causes_count; i++)
        if (any_matches(a->causes[i].findings, a->causes[i].findings_count, kind))
            return &a->causes[i];
    return NULL;
}

const struct known_cause *causes_find(const char *key)
{
    const struct causes *a = all();

    for (unsigned i = 0; key && i < a->causes_count; i++)
        if (strcmp(a->causes[i].hint.key, key) == 0)
            return &a->causes[i];
    return NULL;
}

char *causes_process(const struct known_cause *c, const char *signature)
{
    CLEANUP(strs_release) struct strs parts = {0};
    regmatch_t g[GROUPS];

    split(signature, &parts);
    CLEANUP(free_ptr) char *text = fitting(c, &parts, g);
    return text && g[1].rm_so >= 0 ? xstrndup(text + g[1].rm_so, (size_t)(g[1].rm_eo - g[1].rm_so)) : NULL;
}

char *causes_say(const struct known_cause *c, const char *signature, enum lang lang, char *(*name)(const char *))
{
    CLEANUP(strs_release) struct strs parts = {0};
    regmatch_t g[GROUPS];
    struct buf b = {0};

    if (!c->says)
        return NULL;
    split(signature, &parts);
    CLEANUP(free_ptr) char *text = fitting(c, &parts, g);
    for (const char *s = lang == LANG_PT_BR ? c->says->pt_br : c->says->en; *s; s++) {
        if (s[0] != '{' || !isdigit((unsigned char)s[1]) || s[2] != '}') {
            buf_add(&b, s, 1);
            continue;
        }
        const regmatch_t *group = &g[s[1] - '0'];
        CLEANUP(free_ptr) char *plain = text && group->rm_so >= 0
                                            ? xstrndup(text + group->rm_so, (size_t)(group->rm_eo - group->rm_so)) : xstrdup("?");
        CLEANUP(free_ptr) char *named = name ? name(plain) : xstrdup(plain);
        buf_puts(&b, named);
        s += 2;
    }
    return buf_steal(&b);
}

static void check_patterns(const char *key, char *const *patterns, unsigned n, bool grouped, struct strs *problems)
{
    for (unsigned i = 0; i < n; i++) {
        regex_t regex;
        if (regcomp(&regex, patterns[i], REG_EXTENDED) != 0) {
            strs_addf(problems, "causes.yaml: '%s': '%s' is no regular expression", key, patterns[i]);
            continue;
        }
        if (grouped && regex.re_nsub == 0)
            strs_addf(problems, "causes.yaml: '%s': '%s' has no group for the process", key, patterns[i]);
        regfree(&regex);
    }
}

void causes_check(struct strs *problems)
{
    const struct causes *a = all();

    for (unsigned i = 0; i < a->causes_count; i++) {
        const struct known_cause *c = &a->causes[i];
        check_patterns(c->hint.key, c->signatures, c->signatures_count, true, problems);
        check_patterns(c->hint.key, c->messages, c->messages_count, false, problems);
        check_patterns(c->hint.key, c->findings, c->findings_count, false, problems);
        if (!c->signatures_count && !c->messages_count && !c->findings_count)
            strs_addf(problems, "causes.yaml: '%s' fits nothing", c->hint.key);
        if (causes_find(c->hint.key) != c)
            strs_addf(problems, "causes.yaml: '%s' is there twice", c->hint.key);
    }
}
