/* SPDX-License-Identifier: MIT */
/* limits: those of a lab as its tests are told them, and what students are told who meet one. */
#include <string.h>

#include "lab/lab.h"
#include "lab/limits.h"

static void put(struct buf *b, const char *scope, const char *name, const struct lab_limits *l)
{
    const struct { const char *key; unsigned value; } all[] = {
        {"cpu_s", l->cpu_s},           {"processes", l->processes},   {"descriptors", l->descriptors},
        {"file_mib", l->file_mib},     {"output_mib", l->output_mib}, {"queue_kib", l->queue_kib},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i].value)
            buf_printf(b, "%s%s%s%s:%s=%u", b->n ? " " : "", scope, name ? "/" : "", name ? name : "", all[i].key,
                       all[i].value);
}

char *lab_limits(const struct lab *lab)
{
    const struct lab_config *c = lab->config;
    struct buf b = {0};

    put(&b, "lab", NULL, &c->limits);
    for (unsigned i = 0; i < c->program_limits_count; i++)
        put(&b, "program", c->program_limits[i].program, &c->program_limits[i].limits);
    for (unsigned i = 0; i < c->tests_count; i++)
        put(&b, "test", c->tests[i].name, &c->tests[i].limits);
    return b.n ? buf_steal(&b) : xstrdup("");
}

static void check(const struct lab *lab, const char *whose, const struct lab_limits *l, struct strs *problems)
{
    const struct { const char *key; unsigned value, least, most; } all[] = {
        {"cpu_s", l->cpu_s, 1, 600},        {"processes", l->processes, 2, 1000},
        {"descriptors", l->descriptors, 8, 1024}, {"file_mib", l->file_mib, 1, 256},
        {"output_mib", l->output_mib, 1, 256},    {"queue_kib", l->queue_kib, 1, 800},
        {"memory_mib", l->memory_mib, 64, 65536},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i].value && (all[i].value < all[i].least || all[i].value > all[i].most))
            strs_addf(problems, "%s: limits of %s: %s is %u, but %u to %u make sense", lab->yaml, whose, all[i].key, all[i].value,
                      all[i].least, all[i].most);
}

void limits_check(const struct lab *lab, struct strs *problems)
{
    const struct lab_config *c = lab->config;

    check(lab, "the lab", &c->limits, problems);
    for (unsigned i = 0; i < c->program_limits_count; i++) {
        const char *name = c->program_limits[i].program;
        bool known = strcmp(name, "probe") == 0;

        for (unsigned k = 0; k < c->programs_count; k++)
            known |= strcmp(c->programs[k], name) == 0;
        if (!known)
            strs_addf(problems, "%s: program_limits: '%s' is no program of the lab", lab->yaml, name);
        check(lab, name, &c->program_limits[i].limits, problems);
    }
    for (unsigned i = 0; i < c->tests_count; i++)
        check(lab, c->tests[i].name, &c->tests[i].limits, problems);
}

static struct lab_hint hints[] = {
    {.key = "limit.cpu",
     .en = "The programs of this test used all the processor time that they may. Look for a loop that never blocks: a "
           "read or poll that returns at once again and again, or a condition that nobody changes.",
     .pt_br = "Os programas deste teste usaram todo o tempo de processador permitido. Procure um laço que nunca bloqueia: "
              "um read ou poll que sempre volta na hora, ou uma condição que ninguém altera."},
    {.key = "limit.processes",
     .en = "Too many processes were alive at once. After fork() the child must leave the loop that forks (exit, or exec "
           "something), and the parent must wait for it.",
     .pt_br = "Havia processos demais vivos ao mesmo tempo. Depois do fork() o filho precisa sair do laço que faz fork "
              "(exit, ou exec de algo), e o pai precisa esperá-lo."},
    {.key = "limit.output",
     .en = "A program printed without end. Look for a loop that prints and does not notice that its input has ended, or "
           "that a call failed.",
     .pt_br = "Um programa escreveu sem parar. Procure um laço que imprime e não percebe que a entrada acabou, ou que uma "
              "chamada falhou."},
    {.key = "limit.memory",
     .en = "The program was ended because it used too much memory. Look for malloc or realloc in a loop without free, and "
           "for a size that comes from unchecked input.",
     .pt_br = "O programa foi encerrado porque usou memória demais. Procure malloc ou realloc num laço sem free, e um "
              "tamanho que vem de uma entrada não verificada."},
    {.key = "limit.file",
     .en = "The program was ended because a file of its became too large (SIGXFSZ). Look for a loop of writes that never "
           "sees the end of its input.",
     .pt_br = "O programa foi encerrado porque um arquivo seu ficou grande demais (SIGXFSZ). Procure um laço de escritas que "
              "nunca vê o fim da entrada."},
};

static const struct { const char *seen, *hint; } signs[] = {
    {"limit: processor time", "limit.cpu"}, {"SIGXCPU", "limit.cpu"},          {"limit: processes", "limit.processes"},
    {"limit: output", "limit.output"},      {"too much memory", "limit.memory"}, {"SIGXFSZ", "limit.file"},
};

const struct lab_hint *limits_hint(const char *key)
{
    for (size_t i = 0; key && i < sizeof(hints) / sizeof(hints[0]); i++)
        if (strcmp(hints[i].key, key) == 0)
            return &hints[i];
    return NULL;
}

const char *limits_hint_for(const char *signature)
{
    for (size_t i = 0; signature && i < sizeof(signs) / sizeof(signs[0]); i++)
        if (strstr(signature, signs[i].seen))
            return signs[i].hint;
    return NULL;
}
