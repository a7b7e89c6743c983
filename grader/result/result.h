/* SPDX-License-Identifier: MIT */
/* result: everything known about one graded submission. Stages fill it, scoring adds the points,
 * reports read nothing else. Its JSON form is docs/result.schema.json. */
#ifndef GRADER_RESULT_RESULT_H
#define GRADER_RESULT_RESULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lab/rejection.h"
#include "util/vec.h"

#define RESULT_SCHEMA "grader-result/1"

enum result_status {
    STATUS_HELD,          /* our fault or nobody's: a person must look; never a zero */
    STATUS_GRADED,
    STATUS_COMPILE_ERROR, /* nothing to run: score 0 */
    STATUS_REJECTED,      /* not a submission for this lab: no score */
    STATUS_N
};

enum verdict {
    VERDICT_NOT_RUN,      /* a stage before it failed, or its part's mechanism is missing */
    VERDICT_PASS,
    VERDICT_FAIL,
    VERDICT_CRASH,        /* a student's program died by a signal */
    VERDICT_TIMEOUT,
    VERDICT_ENDED_EARLY,  /* planned, but never reported */
    VERDICT_INCONCLUSIVE, /* the test itself broke */
    VERDICT_N
};

enum stage_id { STAGE_BUILD, STAGE_BEHAVIOUR, STAGE_MEMORY, STAGE_COVERAGE, STAGE_LEFTOVERS, STAGE_STYLE, STAGE_N };

/* What a finding is charged as; one class is charged once (style.warning: once for each). */
enum charge {
    CHARGE_NONE,
    CHARGE_MEMORY_ERROR,
    CHARGE_MEMORY_LEAK,
    CHARGE_MEMORY_DESCRIPTOR,
    CHARGE_LEFTOVER_NAME,
    CHARGE_LEFTOVER_PROCESS,
    CHARGE_WARNING,
    CHARGE_FORBIDDEN,
    CHARGE_STAGE,         /* everything: what the stage saw is not worth anything */
    CHARGE_N
};

/* Names as they stand in the JSON; NULL-free tables indexed by the enums above. */
extern const char *const status_names[STATUS_N];
extern const char *const verdict_names[VERDICT_N];
extern const char *const stage_names[STAGE_N];

struct result_test {
    char *id;          /* "P1" */
    char *name;        /* "address_forms" */
    bool hidden;
    bool memcheck;     /* also run under memcheck */
    bool skipped;      /* other tests were asked for */
    struct strs demands;
    enum verdict verdict;
    double score, max_score;
    long duration_ms;
    char *kind;        /* of the failure's signature: hang, died, exit, …; NULL */
    char *signature;   /* the same in every run of the same cause; NULL */
    char *message;     /* what was seen, one line; NULL */
    json_t *explain;   /* for a hang: a record for each process (explain/explain.h); NULL */
    char *hint_key;    /* of the lab, or else of the grader (lab/causes.h); NULL: none known */
    char *cause;       /* what the grader itself takes it for: a key of lab/causes.h; NULL */
    char *culprit;     /* the process that the cause names, as in the signature; NULL */
    char *file;        /* where in the test the check stands; NULL */
    int line;
    enum verdict memcheck_verdict; /* NOT_RUN: it had no memcheck run */
    char *memcheck_message; /* what was seen there, of a test that passes without it; NULL */
};

struct finding {
    enum stage_id stage;
    enum charge charge;
    char *kind;        /* "memory.definitely_lost" */
    char *file;        /* in the submission; NULL */
    int line;          /* 0: none */
    char *function;    /* NULL */
    char *test;        /* NULL: not of one test */
    char *message;
    char *hint_key;    /* NULL */
    long count;        /* how often it was seen; 0 counts as 1 */
    double points;     /* lost, ≤ 0; set by scoring */
};

struct result_stage {
    bool ran;
    double score, max_score;
    char *outcome;     /* one line for people; NULL */
    long wall_ms, cpu_ms;
};

struct coverage_count { long hit, total; };

struct covered_file {
    char *name;
    struct coverage_count lines, branches;
};

struct result {
    char *lab;
    char *id;                /* of the submission */
    char *digest;            /* "sha256:…"; NULL when nothing could be read */
    enum result_status status;
    char *message;           /* why rejected, held or not compiled; NULL */
    struct rejection rejection; /* why rejected, for programs and other languages */
    bool partial;            /* only some of the tests were asked for: the score says nothing */
    double score, max_score;
    double behaviour_factor; /* what quality points were multiplied by */
    struct result_stage stages[STAGE_N];
    struct result_test *tests;
    size_t tests_n;
    struct finding *findings;
    size_t findings_n;
    struct coverage_count lines, branches;
    struct covered_file *files;
    size_t files_n;
    struct {
        char *grader, *isolation, *cc, *valgrind, *kernel;
        char *fingerprint; /* of all that the result depends on, but the submission (batch/store.h); NULL */
    } environment;
    long wall_ms;
    long first_verdict_ms;   /* from the start of the grader to the first verdict; -1: none */
};

void result_init(struct result *r); /* held, no verdicts: a result starts at failure */
void result_release(struct result *r);

/* The test of this name, or NULL. */
struct result_test *result_test(struct result *r, const char *name);

/* A new finding at the end; the caller fills in what it knows. The pointer lives until the next one. */
struct finding *result_finding(struct result *r, enum stage_id stage, enum charge charge, const char *kind);

#endif
