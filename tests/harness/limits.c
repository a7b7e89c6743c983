/* SPDX-License-Identifier: MIT */
/* limits: what the programs of a test may use. LAB_LIMITS says what differs from the defaults here, as
 * words "lab:KEY=N", "program/NAME:KEY=N" and "test/NAME:KEY=N"; the later ones of these count more.
 * Without a user of its own a test's programs have no limits but those of output and time. */
#include "inside.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LOOK_MS = 250 };

static const struct {
    const char *key;
    size_t at;
} keys[] = {
    {"cpu_s", offsetof(struct limits, cpu_s)},
    {"processes", offsetof(struct limits, processes)},
    {"descriptors", offsetof(struct limits, descriptors)},
    {"file_mib", offsetof(struct limits, file_mib)},
    {"output_mib", offsetof(struct limits, output_mib)},
    {"queue_kib", offsetof(struct limits, queue_kib)},
};

static void take(struct limits *l, const char *setting)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        size_t n = strlen(keys[i].key);

        if (strncmp(setting, keys[i].key, n) == 0 && setting[n] == '=')
            *(unsigned *)(void *)((char *)l + keys[i].at) = (unsigned)strtoul(setting + n + 1, NULL, 10);
    }
}

static const struct limits defaults = {.cpu_s = 60, .processes = 160, .descriptors = 256, .file_mib = 64, .output_mib = 16};

/* The settings of one scope. */
static void take_scope(struct limits *l, const char *scope)
{
    const char *all = getenv("LAB_LIMITS");
    size_t n = strlen(scope);

    for (const char *word = all; word && *word; word += strspn(word, " \n")) {
        if (strncmp(word, scope, n) == 0 && word[n] == ':')
            take(l, word + n + 1);
        word += strcspn(word, " \n");
    }
}

struct limits limits_of(const char *program)
{
    struct limits l = defaults;

    take_scope(&l, "lab");
    if (program)
        take_scope(&l, text("program/%s", program));
    take_scope(&l, text("test/%s", lab.name));
    return l;
}

unsigned limits_most_processes(void)
{
    struct limits l = defaults;
    unsigned most = l.processes;

    for (const char *at = getenv("LAB_LIMITS"); at && (at = strchr(at, ':')) != NULL;) {
        take(&l, ++at);
        if (l.processes > most)
            most = l.processes;
    }
    return most;
}

/* Processor time of all that the test has started: what has ended is in our own account, as far as
 * its parents waited for it; what lives brings the accounts of its own children. */
static uint64_t used_ms(const struct pinfo *list, size_t count)
{
    struct rusage ended;
    unsigned long long ticks = 0;

    (void)getrusage(RUSAGE_CHILDREN, &ended);
    for (size_t i = 0; i < count; i++)
        ticks += list[i].ticks + list[i].child_ticks;
    return ticks * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK) +
           (uint64_t)(ended.ru_utime.tv_sec + ended.ru_stime.tv_sec) * 1000 +
           (uint64_t)(ended.ru_utime.tv_usec + ended.ru_stime.tv_usec) / 1000;
}

void limits_watch(void)
{
    static uint64_t next_ns;
    struct pinfo *list;
    struct limits l;
    uint64_t ms;
    size_t count;

    if (!lab.own_uid || lab.ending || now_ns() < next_ns)
        return;
    next_ns = now_ns() + LOOK_MS * 1000000ULL;
    l = limits_of(NULL);
    count = procfs_list(&list);
    ms = used_ms(list, count);
    free(list);
    if (ms > (uint64_t)(l.cpu_s * 1000 * lab.factor))
        fail_signed(KIND_LIMIT, "limit: processor time",
                    "the programs of this test have used more than %.3g s of processor time, all together",
                    l.cpu_s * lab.factor);
    if (count >= l.processes)
        fail_signed(KIND_LIMIT, "limit: processes",
                    "the programs of this test have made %u processes, which is as many as they may",
                    l.processes);
}
