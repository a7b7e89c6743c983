/* SPDX-License-Identifier: MIT */
/* store: the folder of --output. A result appears in it whole or not at all; while a submission is
 * being graded, its journal has the verdict of each test that has ended, so that whatever ends the
 * grader loses none of them. What is finished is kept by the next run, if it would be graded by the
 * same grader, lab and options again: its fingerprint says so.
 *
 *   NAME.json       the result
 *   NAME.journal    a JSON document on each line: first what is graded, then each test that ended
 *   NAME.json.part  a result being written */
#ifndef GRADER_BATCH_STORE_H
#define GRADER_BATCH_STORE_H

#include <stdbool.h>

#include "lab/kit.h"
#include "lab/lab.h"
#include "lab/submission.h"
#include "result/result.h"
#include "util/err.h"

struct store {
    char *dir;
    int fd;  /* of the folder, locked: one grader writes to it at a time. -1: no store */
};
#define STORE_INIT {.fd = -1}

/* Makes the folder where it is missing, takes it, and removes what an interrupted grader was writing.
 * -1: it cannot be made, or another grader is writing to it. */
int store_open(const char *dir, struct store *s, struct err *err);
void store_release(struct store *s);

/* For a process that only writes files, after fork: the parent holds the lock. */
void store_unlock(struct store *s);

/* A file name for a submission's id, without its end: no slash, no leading dot, not too long, and not
 * among 'taken', where it is added. The caller frees it. */
char *store_name(const char *id, struct strs *taken);

/* What all results of a run depend on: this program, the lab's files, the kit, and 'options', the
 * ones that change a result, in words. NULL: *err. The caller frees it. */
char *store_fingerprint(const struct lab *lab, const struct kit *kit, const char *options, struct err *err);

/* Has this submission been graded with this fingerprint, to an end? Then *r, initialised by the
 * caller, is that result. */
bool store_kept(const struct store *s, const char *name, const char *digest, const char *fingerprint, struct result *r);

struct journal {
    int fd;        /* -1: none is kept */
    bool resumed;  /* an earlier grading of this submission was interrupted */
};
#define JOURNAL_INIT {.fd = -1}

/* Begins the journal of a submission. An earlier one, of a grading that was interrupted, stays above. */
int journal_begin(const struct store *s, const char *name, const struct lab *lab, const struct submission *submission,
                  const char *fingerprint, struct journal *j, struct err *err);
void journal_test(const struct journal *j, const struct result_test *t); /* that a test has ended */
void journal_release(struct journal *j);

/* Writes the result, and removes the journal: now the result says it all. */
int store_publish(const struct store *s, const char *name, const struct result *r, bool deterministic, struct err *err);

#endif
