/* SPDX-License-Identifier: MIT */
#include "lab/lab.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/conf.h"
#include "lab/limits.h"
#include "lab/messages.h"
#include "util/cleanup.h"
#include "util/i18n.h"

/* The schema ----------------------------------------------------------------------------------- */

static const cyaml_schema_field_t text_fields[] = {
    CONF_STRING("en", struct lab_text, en),
    CONF_STRING("pt_BR", struct lab_text, pt_br),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t part_fields[] = {
    CONF_STRING("key", struct lab_part, key),
    CONF_LIST_OPT("needs", struct lab_part, needs, &conf_string),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t part_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct lab_part, part_fields),
};

static const cyaml_schema_field_t demand_fields[] = {
    CONF_STRING("key", struct lab_demand, key),
    CONF_STRING("en", struct lab_demand, en),
    CONF_STRING("pt_BR", struct lab_demand, pt_br),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t demand_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct lab_demand, demand_fields),
};

/* Of a program or a test; memory is the whole lab's, for it is counted over the box. */
static const cyaml_schema_field_t some_limits_fields[] = {
    CONF_COUNT_OPT("cpu_s", struct lab_limits, cpu_s),
    CONF_COUNT_OPT("processes", struct lab_limits, processes),
    CONF_COUNT_OPT("descriptors", struct lab_limits, descriptors),
    CONF_COUNT_OPT("file_mib", struct lab_limits, file_mib),
    CONF_COUNT_OPT("output_mib", struct lab_limits, output_mib),
    CONF_COUNT_OPT("queue_kib", struct lab_limits, queue_kib),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t lab_limits_fields[] = {
    CONF_COUNT_OPT("cpu_s", struct lab_limits, cpu_s),
    CONF_COUNT_OPT("processes", struct lab_limits, processes),
    CONF_COUNT_OPT("descriptors", struct lab_limits, descriptors),
    CONF_COUNT_OPT("file_mib", struct lab_limits, file_mib),
    CONF_COUNT_OPT("output_mib", struct lab_limits, output_mib),
    CONF_COUNT_OPT("queue_kib", struct lab_limits, queue_kib),
    CONF_COUNT_OPT("memory_mib", struct lab_limits, memory_mib),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t program_limits_fields[] = {
    CONF_STRING("program", struct lab_program_limits, program),
    CYAML_FIELD_MAPPING("limits", CYAML_FLAG_DEFAULT, struct lab_program_limits, limits, some_limits_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t program_limits_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct lab_program_limits, program_limits_fields),
};

static const cyaml_strval_t visibility_names[] = {
    {"public", LAB_PUBLIC},
    {"hidden", LAB_HIDDEN},
};
static const cyaml_strval_t tells_names[] = {
    {"all", LAB_TELLS_ALL},
    {"hint", LAB_TELLS_HINT},
    {"nothing", LAB_TELLS_NOTHING},
};
static const cyaml_strval_t truth_names[] = {
    {"true", true},
    {"false", false},
};
static const cyaml_schema_field_t test_fields[] = {
    CONF_STRING("id", struct lab_test, id),
    CONF_STRING("name", struct lab_test, name),
    CYAML_FIELD_ENUM("visibility", CYAML_FLAG_STRICT, struct lab_test, visibility, visibility_names,
                     CYAML_ARRAY_LEN(visibility_names)),
    CYAML_FIELD_ENUM("tells", CYAML_FLAG_STRICT | CYAML_FLAG_OPTIONAL, struct lab_test, tells, tells_names,
                     CYAML_ARRAY_LEN(tells_names)),
    CONF_STRING_OPT("tells_all_from", struct lab_test, tells_all_from),
    CONF_STRING("part", struct lab_test, part),
    CONF_NUMBER("points", struct lab_test, points),
    CONF_LIST("demands", struct lab_test, demands, &conf_string),
    /* Not libcyaml's own boolean: to that every unknown word, a mistyped "flase" too, is true. */
    CYAML_FIELD_ENUM("memcheck", CYAML_FLAG_STRICT, struct lab_test, memcheck, truth_names,
                     CYAML_ARRAY_LEN(truth_names)),
    CYAML_FIELD_MAPPING("limits", CYAML_FLAG_OPTIONAL, struct lab_test, limits, some_limits_fields),
    CYAML_FIELD_MAPPING("does", CYAML_FLAG_DEFAULT, struct lab_test, does, text_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t test_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct lab_test, test_fields),
};

static const cyaml_schema_field_t coverage_fields[] = {
    CONF_NUMBER("percent", struct lab_coverage, percent),
    CONF_NUMBER("points", struct lab_coverage, points),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t coverage_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct lab_coverage, coverage_fields),
};
static const cyaml_schema_field_t memory_fields[] = {
    CONF_NUMBER("errors", struct lab_quality, memory.errors),
    CONF_NUMBER("leaks", struct lab_quality, memory.leaks),
    CONF_NUMBER("descriptors", struct lab_quality, memory.descriptors),
    CYAML_FIELD_ENUM("unset", CYAML_FLAG_STRICT | CYAML_FLAG_OPTIONAL, struct lab_quality, memory.unset, truth_names,
                     CYAML_ARRAY_LEN(truth_names)),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t leftover_fields[] = {
    CONF_NUMBER("names", struct lab_quality, leftovers.names),
    CONF_NUMBER("processes", struct lab_quality, leftovers.processes),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t style_fields[] = {
    CONF_NUMBER("per_warning", struct lab_quality, style.per_warning),
    CONF_NUMBER("warnings_max", struct lab_quality, style.warnings_max),
    CONF_NUMBER("forbidden", struct lab_quality, style.forbidden),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t quality_fields[] = {
    CONF_NUMBER("scale_at", struct lab_quality, scale_at),
    CONF_GROUP("memory", struct lab_quality, memory_fields),
    CONF_GROUP("leftovers", struct lab_quality, leftover_fields),
    CONF_LIST("coverage", struct lab_quality, coverage, &coverage_entry),
    CONF_GROUP("style", struct lab_quality, style_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t config_fields[] = {
    CONF_STRING("lab", struct lab_config, lab),
    CYAML_FIELD_MAPPING("title", CYAML_FLAG_DEFAULT, struct lab_config, title, text_fields),
    CONF_LIST("cflags", struct lab_config, cflags, &conf_string),
    CONF_LIST_OPT("libs", struct lab_config, libs, &conf_string),
    CONF_LIST_OPT("wrap", struct lab_config, wrap, &conf_string),
    CONF_LIST("programs", struct lab_config, programs, &conf_string),
    CONF_LIST("library", struct lab_config, library, &conf_string),
    CONF_LIST("headers", struct lab_config, headers, &conf_string),
    CONF_LIST("forbidden", struct lab_config, forbidden, &conf_string),
    CONF_LIST("parts", struct lab_config, parts, &part_entry),
    CONF_LIST("demands", struct lab_config, demands, &demand_entry),
    CONF_LIST("tests", struct lab_config, tests, &test_entry),
    CYAML_FIELD_MAPPING("limits", CYAML_FLAG_OPTIONAL, struct lab_config, limits, lab_limits_fields),
    CONF_LIST_OPT("program_limits", struct lab_config, program_limits, &program_limits_entry),
    CYAML_FIELD_MAPPING("quality", CYAML_FLAG_DEFAULT, struct lab_config, quality, quality_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct lab_config, config_fields),
};

static const cyaml_schema_field_t hint_fields[] = {
    CONF_STRING("key", struct lab_hint, key),
    CONF_LIST_OPT("bugs", struct lab_hint, bugs, &conf_string),
    CONF_STRING("en", struct lab_hint, en),
    CONF_STRING("pt_BR", struct lab_hint, pt_br),
    CYAML_FIELD_MAPPING_PTR("look", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct lab_hint, look, text_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t hint_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct lab_hint, hint_fields),
};
static const cyaml_schema_field_t when_fields[] = {
    CONF_STRING_OPT("test", struct lab_hint_rule, when.test),
    CONF_STRING_OPT("signature", struct lab_hint_rule, when.signature),
    CONF_STRING_OPT("finding", struct lab_hint_rule, when.finding),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t rule_fields[] = {
    CONF_GROUP("when", struct lab_hint_rule, when_fields),
    CONF_STRING("hint", struct lab_hint_rule, hint),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t rule_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct lab_hint_rule, rule_fields),
};
static const cyaml_schema_field_t hints_fields[] = {
    CONF_LIST("hints", struct lab_hints, hints, &hint_entry),
    CONF_LIST_OPT("rules", struct lab_hints, rules, &rule_entry),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t hints_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct lab_hints, hints_fields),
};

/* Reading -------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int lab_list(const char *root, struct strs *names, struct err *err)
{
    CLEANUP(free_ptr) char *labs = xformat("%s/labs", root);
    DIR *d = opendir(labs);

    if (!d)
        return err_errno(err, errno, N_("cannot read the course's labs in '%s' (--course names another folder)"), labs);
    for (struct dirent *e; (e = readdir(d));) {
        CLEANUP(free_ptr) char *yaml = xformat("%s/%s/lab.yaml", labs, e->d_name);
        if (e->d_name[0] != '.' && access(yaml, F_OK) == 0)
            strs_add(names, e->d_name);
    }
    closedir(d);
    if (names->n)
        qsort(names->v, names->n, sizeof(*names->v), by_name);
    return 0;
}

/* lab05-sockets is meant by lab05-sockets, lab05, 05, 5 and sockets. */
static bool is_meant(const char *name, const char *key)
{
    const char *dash = strchr(name, '-');
    size_t number_n = dash ? (size_t)(dash - name) : strlen(name);

    if (strcmp(name, key) == 0 || (dash && strcmp(dash + 1, key) == 0))
        return true;
    if (strlen(key) == number_n && strncmp(name, key, number_n) == 0)
        return true;
    if (strncmp(name, "lab", 3) != 0 || !*key || strspn(key, "0123456789") != strlen(key))
        return false;
    char *end;
    long number = strtol(name + 3, &end, 10);
    return end == name + number_n && number == strtol(key, NULL, 10);
}

static int read_messages(struct lab *lab, struct err *err)
{
    CLEANUP(free_ptr) char *path = xformat("%s/messages.yaml", lab->dir);

    return access(path, F_OK) == 0 ? messages_read(lab, path, err) : 0;
}

int lab_load(const char *root, const char *key, struct lab *lab, struct err *err)
{
    CLEANUP(strs_release) struct strs names = {0};
    struct lab l = {.root = xstrdup(root)};
    const char *found = NULL;

    if (lab_list(root, &names, err) < 0)
        goto fail;
    for (size_t i = 0; i < names.n && !found; i++)
        if (is_meant(names.v[i], key))
            found = names.v[i];
    if (!found) {
        struct buf all = {0};
        for (size_t i = 0; i < names.n; i++)
            buf_printf(&all, "%s%s", i ? ", " : "", names.v[i]);
        err_set(err, N_("no lab '%s' in '%s/labs'; there are: %s"), key, root, all.n ? all.s : err_text(err, N_("none")));
        buf_release(&all);
        goto fail;
    }
    l.dir = xformat("%s/labs/%s", root, found);
    l.yaml = xformat("%s/lab.yaml", l.dir);
    l.hints_yaml = xformat("%s/hints.yaml", l.dir);
    if (conf_read(l.yaml, &config_schema, (void **)&l.config, err) < 0)
        goto fail;
    if (strcmp(l.config->lab, found) != 0) {
        err_set(err, N_("%s: it says 'lab: %s', but its folder is '%s'"), l.yaml, l.config->lab, found);
        goto fail;
    }
    if (access(l.hints_yaml, F_OK) == 0 && conf_read(l.hints_yaml, &hints_schema, (void **)&l.hints, err) < 0)
        goto fail;
    if (read_messages(&l, err) < 0)
        goto fail;
    if (l.hints) {
        l.rule_regex = xcalloc(l.hints->rules_count, sizeof(*l.rule_regex));
        for (unsigned i = 0; i < l.hints->rules_count; i++, l.rule_regex_n++) {
            const char *pattern = l.hints->rules[i].when.signature;
            int e = regcomp(&l.rule_regex[i], pattern ? pattern : "", REG_EXTENDED | REG_NOSUB);
            if (e != 0) {
                char why[128];
                regerror(e, &l.rule_regex[i], why, sizeof(why));
                err_set(err, N_("%s: rule %u: '%s': %s"), l.hints_yaml, i + 1, pattern, why);
                goto fail;
            }
        }
    }
    for (unsigned i = 0; i < l.config->tests_count; i++)
        l.max_score += l.config->tests[i].points;
    const struct lab_quality *q = &l.config->quality;
    l.max_score += q->memory.errors + q->memory.leaks + q->memory.descriptors;
    l.max_score += q->leftovers.names + q->leftovers.processes;
    l.max_score += q->coverage_count ? q->coverage[0].points : 0;
    l.max_score += q->style.warnings_max + q->style.forbidden;
    *lab = l;
    return 0;
fail:
    lab_release(&l);
    return -1;
}

void lab_release(struct lab *lab)
{
    for (unsigned i = 0; i < lab->rule_regex_n; i++)
        regfree(&lab->rule_regex[i]);
    free(lab->rule_regex);
    if (lab->config)
        conf_free(&config_schema, lab->config);
    if (lab->hints)
        conf_free(&hints_schema, lab->hints);
    messages_free(lab->messages);
    free(lab->root);
    free(lab->dir);
    free(lab->yaml);
    free(lab->hints_yaml);
    *lab = (struct lab){0};
}

/* "2026-12-24", a day of some month. */
static bool is_date(const char *s)
{
    int year, month, day, used = 0;

    return sscanf(s, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 && used == 10 && !s[used] && year >= 2000 && month >= 1
           && month <= 12 && day >= 1 && day <= 31;
}

enum lab_tells lab_tells(const struct lab_test *test, const char *today)
{
    if (test->tells_all_from && today && strcmp(today, test->tells_all_from) >= 0)
        return LAB_TELLS_ALL;
    if (test->tells != LAB_TELLS_UNSAID)
        return test->tells;
    return test->visibility == LAB_HIDDEN ? LAB_TELLS_HINT : LAB_TELLS_ALL;
}

/* Looking up ----------------------------------------------------------------------------------- */

const struct lab_test *lab_test(const struct lab *lab, const char *name)
{
    for (unsigned i = 0; i < lab->config->tests_count; i++)
        if (strcmp(lab->config->tests[i].name, name) == 0)
            return &lab->config->tests[i];
    return NULL;
}

const struct lab_hint *lab_hint(const struct lab *lab, const char *key)
{
    for (unsigned i = 0; key && lab->hints && i < lab->hints->hints_count; i++)
        if (strcmp(lab->hints->hints[i].key, key) == 0)
            return &lab->hints->hints[i];
    return limits_hint(key);
}

static bool rule_fits(const struct lab *lab, unsigned i, const char *text)
{
    return !lab->hints->rules[i].when.signature || (text && regexec(&lab->rule_regex[i], text, 0, NULL, 0) == 0);
}

const char *lab_hint_for_test(const struct lab *lab, const char *test, const char *clue, const char *signature)
{
    if (lab_hint(lab, clue))
        return clue;
    if (limits_hint_for(signature))
        return limits_hint_for(signature);
    for (unsigned i = 0; lab->hints && i < lab->hints->rules_count; i++) {
        const struct lab_hint_rule *r = &lab->hints->rules[i];
        if (!r->when.finding && (!r->when.test || strcmp(r->when.test, test) == 0) && rule_fits(lab, i, signature))
            return r->hint;
    }
    return NULL;
}

const char *lab_hint_for_finding(const struct lab *lab, const char *kind, const char *message)
{
    for (unsigned i = 0; lab->hints && i < lab->hints->rules_count; i++) {
        const struct lab_hint_rule *r = &lab->hints->rules[i];
        if (r->when.finding && strcmp(r->when.finding, kind) == 0 && rule_fits(lab, i, message))
            return r->hint;
    }
    return NULL;
}

char *lab_path(const struct lab *lab, const char *what, const char *file)
{
    return xformat("%s/%s/%s%s%s", lab->root, what, lab->config->lab, file ? "/" : "", file ? file : "");
}

/* Checking ------------------------------------------------------------------------------------- */

static bool known_part(const struct lab_config *c, const char *key)
{
    for (unsigned i = 0; i < c->parts_count; i++)
        if (strcmp(c->parts[i].key, key) == 0)
            return true;
    return false;
}

static bool known_demand(const struct lab_config *c, const char *key)
{
    for (unsigned i = 0; i < c->demands_count; i++)
        if (strcmp(c->demands[i].key, key) == 0)
            return true;
    return false;
}

static void check_tests(const struct lab *lab, struct strs *problems)
{
    const struct lab_config *c = lab->config;

    for (unsigned i = 0; i < c->tests_count; i++) {
        const struct lab_test *t = &c->tests[i];
        if (!(t->points > 0))
            strs_addf(problems, "%s: test '%s': points must be above 0", lab->yaml, t->name);
        if (!known_part(c, t->part))
            strs_addf(problems, "%s: test '%s': there is no part '%s'", lab->yaml, t->name, t->part);
        if (t->visibility == LAB_PUBLIC && (t->tells != LAB_TELLS_UNSAID || t->tells_all_from))
            strs_addf(problems, "%s: test '%s': it is public, and everybody has it: 'tells' is for hidden ones", lab->yaml, t->name);
        if (t->tells_all_from && !is_date(t->tells_all_from))
            strs_addf(problems, "%s: test '%s': tells_all_from: '%s' is not a day like 2026-12-24", lab->yaml, t->name, t->tells_all_from);
        if (t->demands_count == 0)
            strs_addf(problems, "%s: test '%s': names no demand", lab->yaml, t->name);
        for (unsigned k = 0; k < t->demands_count; k++)
            if (!known_demand(c, t->demands[k]))
                strs_addf(problems, "%s: test '%s': there is no demand '%s'", lab->yaml, t->name, t->demands[k]);
        for (unsigned k = 0; k < i; k++)
            if (strcmp(c->tests[k].name, t->name) == 0 || strcmp(c->tests[k].id, t->id) == 0)
                strs_addf(problems, "%s: test '%s' (%s): its name or id is there twice", lab->yaml, t->name, t->id);
    }
    for (unsigned d = 0; d < c->demands_count; d++) {
        bool tested = false;
        for (unsigned i = 0; i < c->tests_count; i++)
            for (unsigned k = 0; k < c->tests[i].demands_count; k++)
                tested |= strcmp(c->tests[i].demands[k], c->demands[d].key) == 0;
        if (!tested)
            strs_addf(problems, "%s: demand '%s': no test checks it", lab->yaml, c->demands[d].key);
    }
}

static void check_hints(const struct lab *lab, struct strs *problems)
{
    for (unsigned i = 0; i < lab->hints->rules_count; i++) {
        const struct lab_hint_rule *r = &lab->hints->rules[i];
        if (!lab_hint(lab, r->hint))
            strs_addf(problems, "%s: rule %u: there is no hint '%s'", lab->hints_yaml, i + 1, r->hint);
        if (r->when.test && !lab_test(lab, r->when.test))
            strs_addf(problems, "%s: rule %u: there is no test '%s'", lab->hints_yaml, i + 1, r->when.test);
    }
    for (unsigned i = 0; i < lab->hints->hints_count; i++)
        for (unsigned k = 0; k < i; k++)
            if (strcmp(lab->hints->hints[i].key, lab->hints->hints[k].key) == 0)
                strs_addf(problems, "%s: hint '%s' is there twice", lab->hints_yaml, lab->hints->hints[i].key);
}

void lab_check(const struct lab *lab, struct strs *problems)
{
    const struct lab_quality *q = &lab->config->quality;

    check_tests(lab, problems);
    limits_check(lab, problems);
    if (lab->hints)
        check_hints(lab, problems);
    if (fabs(lab->max_score - 100) > 1e-9)
        strs_addf(problems, "%s: the points add up to %g, not to 100", lab->yaml, lab->max_score);
    if (!(q->scale_at > 0))
        strs_addf(problems, "%s: quality: scale_at must be above 0", lab->yaml);
    for (unsigned i = 1; i < q->coverage_count; i++)
        if (q->coverage[i].percent >= q->coverage[i - 1].percent || q->coverage[i].points >= q->coverage[i - 1].points)
            strs_addf(problems, "%s: quality: coverage must fall from step to step", lab->yaml);
}
