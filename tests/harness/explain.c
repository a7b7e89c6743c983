/* SPDX-License-Identifier: MIT */
/* explain: who waits for whom at a deadline, before anything is killed: the test's processes and
 * their names for grader/explain, which does the looking. */
#include "inside.h"

#include "explain/explain.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROCS_MAX = 100, COMM_MAX = 15 /* the kernel keeps no more of a name */ };

static const struct explain_access access_here = {
    procfs_read, procfs_link, procfs_stat, procfs_memory, procfs_fds,
};

/* A child of a program that is still the same program is called so. Under memcheck the comm of every
 * program is valgrind's. */
static void name_person(struct explain_person *person, const struct pinfo *info)
{
    const struct proc *p = proc_by_session(info->session);

    person->name = info->comm;
    person->frozen = p && (p->pid == info->pid ? p->frozen : p->frozen_below);
    if (p && p->pid == info->pid) {
        person->name = p->name;
    } else if (p && (strncmp(info->comm, p->name, COMM_MAX) == 0
                     || strncmp(info->comm, "memcheck-", 9) == 0)) {
        person->name = p->name;
        person->child = true;
    }
}

json_t *explain(char **signature)
{
    struct pinfo *list;
    size_t count = procfs_list(&list);
    struct explain_person *people;
    json_t *records, *r;
    size_t i;

    if (count > PROCS_MAX)
        count = PROCS_MAX;
    people = grab((count + 1) * sizeof(*people));
    for (size_t k = 0; k < count; k++) {
        people[k] = (struct explain_person){
            .pid = list[k].pid, .ppid = list[k].ppid, .state = list[k].state,
            .cpu_s = (double)list[k].ticks / (double)sysconf(_SC_CLK_TCK)};
        name_person(&people[k], &list[k]);
    }
    records = explain_look(&(struct explain_scene){.self = getpid(), .folder = lab.folder,
                                                   .access = &access_here, .people = people,
                                                   .count = count});
    json_array_foreach(records, i, r) { /* in English: no catalogue is open here */
        char *line = explain_say(r);

        (void)json_object_set_new(r, "text", json_text(line));
        free(line);
    }
    *signature = explain_signature(records);
    return records;
}
