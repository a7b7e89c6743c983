/* SPDX-License-Identifier: MIT */
#include "lab/messages.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lab/conf.h"
#include "util/cleanup.h"
#include "util/text.h"

enum { GROUPS = 10, DEPTH_MAX = 4, SIZE_MAX_LOOKED_UP = 2000 };

struct message_list { /* a messages.yaml */
    struct lab_text *messages;
    unsigned messages_count;
};

struct messages {
    struct message_list *list;
    regex_t *patterns; /* one for each */
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
    CONF_LIST("messages", struct message_list, messages, &message_entry),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t messages_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct message_list, messages_fields),
};

extern const char lab_messages_image[];

static int compile(regex_t *regex, const char *pattern)
{
    CLEANUP(free_ptr) char *whole = xformat("^(%s)$", pattern);

    return regcomp(regex, whole, REG_EXTENDED);
}

static struct messages *of_list(struct message_list *list)
{
    struct messages *m = xcalloc(1, sizeof(*m));

    m->list = list;
    m->patterns = xcalloc(list->messages_count + 1, sizeof(*m->patterns));
    for (unsigned i = 0; i < list->messages_count; i++)
        if (compile(&m->patterns[i], list->messages[i].en) != 0)
            (void)compile(&m->patterns[i], "a message that is never said"); /* messages_check complains */
    return m;
}

int messages_read(struct lab *lab, const char *path, struct err *err)
{
    void *data = NULL;

    if (conf_read(path, &messages_schema, &data, err) < 0)
        return -1;
    lab->messages = of_list(data);
    return 0;
}

void messages_free(struct messages *m)
{
    if (!m)
        return;
    for (unsigned i = 0; i < m->list->messages_count; i++)
        regfree(&m->patterns[i]);
    free(m->patterns);
    conf_free(&messages_schema, m->list);
    free(m);
}

/* The grader's own: read once, never freed. */
static const struct messages *general(void)
{
    static const struct messages *loaded;

    if (!loaded)
        loaded = of_list(conf_read_builtin("messages.yaml", lab_messages_image, &messages_schema));
    return loaded;
}

/* The translation of the whole of 'english', and where its groups are; NULL: nothing is known of it. */
static const char *find(const struct lab *lab, const char *english, regmatch_t groups[GROUPS + 1])
{
    const struct messages *const all[] = {lab ? lab->messages : NULL, general()};

    for (size_t m = 0; m < sizeof(all) / sizeof(*all); m++)
        for (unsigned i = 0; all[m] && i < all[m]->list->messages_count; i++)
            if (regexec(&all[m]->patterns[i], english, GROUPS + 1, groups, 0) == 0)
                return all[m]->list->messages[i].pt_br;
    return NULL;
}

static char *translate(const struct lab *lab, const char *english, int depth)
{
    regmatch_t g[GROUPS + 1];
    struct buf b = {0};
    const char *said = depth > 0 && strlen(english) <= SIZE_MAX_LOOKED_UP ? find(lab, english, g) : NULL;

    if (!said)
        return xstrdup(english);
    for (const char *s = said; *s; s++) {
        if (s[0] != '{' || !isdigit((unsigned char)s[1]) || s[2] != '}') {
            buf_add(&b, s, 1);
            continue;
        }
        const regmatch_t *group = &g[s[1] - '0' + 1]; /* the first is the whole */
        if (group->rm_so >= 0) {
            CLEANUP(free_ptr) char *part = xstrndup(english + group->rm_so, (size_t)(group->rm_eo - group->rm_so));
            CLEANUP(free_ptr) char *part_said = translate(lab, part, depth - 1);
            buf_puts(&b, part_said);
        }
        s += 2;
    }
    return buf_steal(&b);
}

char *messages_in(const struct lab *lab, enum lang lang, const char *english)
{
    return lang == LANG_EN ? xstrdup(english) : translate(lab, english, DEPTH_MAX);
}

void messages_check(const struct lab *lab, struct strs *problems)
{
    const struct messages *m = lab ? lab->messages : general();
    const char *file = lab ? lab->dir : "grader/text";

    for (unsigned i = 0; m && i < m->list->messages_count; i++) {
        regex_t regex;
        const char *en = m->list->messages[i].en, *pt = m->list->messages[i].pt_br;
        if (compile(&regex, en) != 0) {
            strs_addf(problems, "%s/messages.yaml: '%s' is no regular expression", file, en);
            continue;
        }
        for (const char *s = pt; (s = strchr(s, '{')); s++)
            if (isdigit((unsigned char)s[1]) && s[2] == '}' && (size_t)(s[1] - '0') >= regex.re_nsub)
                strs_addf(problems, "%s/messages.yaml: '%s' has no group %c", file, en, s[1]);
        regfree(&regex);
    }
}

/* What printf could make of a format. */
static char *sample(const char *format)
{
    struct buf b = {0};

    for (const char *p = format; *p;) {
        const size_t n = text_conversion(p);
        if (!n)
            buf_add(&b, p++, 1);
        else
            buf_puts(&b, p[n - 1] == '%' ? "%" : strchr("sc", p[n - 1]) ? "x" : "3");
        p += n;
    }
    return buf_steal(&b);
}

void messages_check_said(const struct lab *lab, const struct strs *said, struct strs *problems)
{
    regmatch_t groups[GROUPS + 1];

    for (size_t i = 0; lab->messages && i < said->n; i++) {
        const char *colon = strchr(said->v[i], ':');
        const char *text = colon ? strchr(colon + 1, ':') : NULL;
        CLEANUP(free_ptr) char *one = text ? sample(text + 1) : NULL;
        if (one && strchr(one, ' ') && !find(lab, one, groups)) /* one word is a name */
            strs_addf(problems, "%.*s: %s/messages.yaml does not know the message '%s'", (int)(text - said->v[i]), said->v[i],
                      lab->dir, text + 1);
    }
}
