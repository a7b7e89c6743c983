/* SPDX-License-Identifier: MIT */
/* explain: who waits for whom. Looks at processes from outside, through /proc and the kernel's
 * tables, and ends nothing.
 *
 * explain_look() gives one record per process: its state, the call that it is blocked in, what it
 * waits for there and who is at the other end, its pending signals. Records are data, the same in
 * every language; explain_say() makes a sentence of one, explain_signature() a line of all of them
 * that has no numbers in it and is the same in every run of the same cause. docs/result.schema.json
 * ("process") says what is in a record.
 *
 * Knows neither tests nor labs, and is linked into both the grader and the kits' test runners:
 * who calls says which processes there are, what they are called, and how /proc is read. */
#ifndef GRADER_EXPLAIN_EXPLAIN_H
#define GRADER_EXPLAIN_EXPLAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Of a file below /proc/PID. Numbers of bytes, -1 with errno. */
struct explain_access {
    ssize_t (*read)(pid_t pid, const char *file, char *buf, size_t size); /* a NUL at the end */
    ssize_t (*link)(pid_t pid, const char *file, char *buf, size_t size); /* likewise */
    bool (*stat)(pid_t pid, const char *file, struct stat *st); /* of what the link leads to */
    bool (*memory)(pid_t pid, unsigned long long address, void *buf, size_t size);
    int (*fds)(pid_t pid, int fds[], int max); /* its descriptors; how many there are */
};
extern const struct explain_access explain_direct; /* with the caller's own rights, nothing more */

struct explain_person {
    pid_t pid, ppid;
    char state;        /* as in /proc/PID/stat */
    const char *name;  /* of its program; the caller's */
    bool child;        /* not the program itself, but a child that goes on in the same program */
    bool frozen;       /* if it is stopped, it was the test that stopped it, for as long as it needs */
    bool aside;        /* only looked at as one who may hold something: gets no record */
    double cpu_s;      /* processor time used */
};

struct explain_scene {
    pid_t self;         /* the test itself, whose descriptors count too; 0: there is none */
    const char *folder; /* paths below it are told without it; NULL */
    const struct explain_access *access;
    const struct explain_person *people;
    size_t count;
};

/* An array of records, in the order of names and pids. The caller's. */
json_t *explain_look(const struct explain_scene *scene);

/* The sentence of one record in the language of gettext. The caller frees it. */
char *explain_say(const json_t *record);
/* The caller frees it. */
char *explain_signature(const json_t *records);
/* What a signature calls a process ("a child of sort"), in the language of gettext. To be freed. */
char *explain_name(const char *name);

/* All processes below 'top', and 'top' itself, as the caller may see them, and aside whoever else the
 * caller may look into. The caller frees *people, and each name. How many; 0: there is no such
 * process, or it is another user's. */
size_t explain_tree(pid_t top, struct explain_person **people);

#endif
