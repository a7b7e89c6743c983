/* SPDX-License-Identifier: MIT */
/* prove: what a lab's tests are worth, by grading what is known: the reference and the variants must
 * get full marks, the template its floor, and each bug must be caught by what it names. */
#ifndef GRADER_BATCH_PROVE_H
#define GRADER_BATCH_PROVE_H

#include "lab/bug.h"
#include "lab/lab.h"
#include "result/result.h"

enum {
    PROVE_TEMPLATE_MAX = 5,        /* points of an untouched template */
    PROVE_TEMPLATE_WALL_MS = 20000,
    PROVE_COVERAGE_MIN = 85,       /* percent of the reference's lines */
    PROVE_LOSS_TOLERANCE = 6       /* points that a bug may cost more or less than it names */
};

enum prove_kind { PROVE_REFERENCE, PROVE_TEMPLATE, PROVE_VARIANT, PROVE_BUG };

struct prove_case {
    enum prove_kind kind;
    char *name;           /* "reference", "template", "epoll", "L5-01" */
    char *dir;            /* the folder that is graded */
    struct bug bug;       /* of a PROVE_BUG */
    struct result result; /* of its first run */
    char *fingerprint;    /* of its first run: what must not differ from run to run */
    unsigned runs;
    struct strs problems; /* why it does not hold; none: it does */
};

struct prove_options {
    const char *program;   /* this grader, run once for each grading */
    unsigned repeat;       /* runs of each case */
    bool load;             /* a busy process on every processor meanwhile */
    unsigned jobs;         /* gradings at a time; 0: chosen */
    const char *const *only; /* names of the cases, up to NULL; NULL: all */
    /* Called for each case with a result, when all runs have ended: adds what it finds to problems. */
    void (*judge)(void *ctx, struct prove_case *c);
    /* Called when a case has been judged, in their order. */
    void (*done)(void *ctx, const struct prove_case *c);
    void (*run)(void *ctx, const struct prove_case *c, size_t ended, size_t all); /* after each run */
    void *ctx;
};

struct proof {
    struct prove_case *cases;
    size_t cases_n;
    struct strs problems; /* of the lab as a whole: tests that catch nothing */
};

/* 0: everything was graded, and the problems say whether it holds; the caller releases it. -1: it
 * could not be done (*err; code EINTR: interrupted). */
int prove_lab(const struct lab *lab, const struct prove_options *o, struct proof *proof, struct err *err);
void proof_release(struct proof *proof);

/* Points that tests and findings with this hint cost the case in its first run; NULL: those without. */
double prove_lost(const struct prove_case *c, const char *hint);

/* Did this bug fail that test in its first run? */
bool prove_caught(const struct prove_case *c, const char *test);

#endif
