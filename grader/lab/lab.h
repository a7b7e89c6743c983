/* SPDX-License-Identifier: MIT */
/* lab: what a course folder says of a lab: labs/<lab>/lab.yaml, hints.yaml and messages.yaml, read by a schema.
 *
 * To add a key of lab.yaml: 1. a member here; 2. its row in lab.c's schema; 3. its check in
 * lab_check, if not every value makes sense; 4. its line in docs/writing-a-lab.md. */
#ifndef GRADER_LAB_LAB_H
#define GRADER_LAB_LAB_H

#include <regex.h>
#include <stdbool.h>

#include "util/err.h"
#include "util/vec.h"

enum lang { LANG_EN, LANG_PT_BR };

struct lab_text {
    char *en, *pt_br;
};

struct lab_part {
    char *key;      /* "A" */
    char **needs;   /* symbols that the student's objects must refer to, or the part is void; "read|readv": one of them */
    unsigned needs_count;
};

struct lab_demand {
    char *key;      /* "R1" */
    char *en, *pt_br;
};

enum lab_visibility { LAB_PUBLIC, LAB_HIDDEN };

/* How much of a failed test is told to students. Not said: all of a public test, of a hidden one in
 * what way it failed, its demands and the hint. */
enum lab_tells { LAB_TELLS_UNSAID, LAB_TELLS_ALL, LAB_TELLS_HINT, LAB_TELLS_NOTHING };

struct lab_limits { /* 0: the default (docs/writing-a-lab.md) */
    unsigned cpu_s, processes, descriptors, file_mib, output_mib, queue_kib;
    unsigned memory_mib; /* of the lab only */
};

struct lab_program_limits {
    char *program;
    struct lab_limits limits;
};

struct lab_test {
    char *id;       /* "P1" */
    char *name;     /* "address_forms" */
    enum lab_visibility visibility;
    enum lab_tells tells;
    char *tells_all_from; /* "2026-12-24": from this day on all; NULL: never */
    char *part;
    double points;
    char **demands;
    unsigned demands_count;
    bool memcheck;
    struct lab_limits limits;
    struct lab_text does;
};

struct lab_coverage {
    double percent, points;
};

struct lab_quality {
    double scale_at; /* quality points are multiplied by min(1, behaviour / scale_at) */
    struct {
        double errors, leaks, descriptors;
        bool unset; /* bytes that were never set and are sent out are errors, too */
    } memory;
    struct { double names, processes; } leftovers;
    struct lab_coverage *coverage; /* highest percentage first */
    unsigned coverage_count;
    struct { double per_warning, warnings_max, forbidden; } style;
};

struct lab_config { /* lab.yaml, as it stands there */
    char *lab;
    struct lab_text title;
    char **cflags;
    unsigned cflags_count;
    char **libs;    /* for the linker, after the student's objects */
    unsigned libs_count;
    char **programs;
    unsigned programs_count;
    char **wrap;    /* symbols whose calls go to tests/<lab>/wrap.c instead (ld --wrap) */
    unsigned wrap_count;
    char **library;
    unsigned library_count;
    char **headers;
    unsigned headers_count;
    char **forbidden;
    unsigned forbidden_count;
    struct lab_part *parts;
    unsigned parts_count;
    struct lab_demand *demands;
    unsigned demands_count;
    struct lab_test *tests;
    unsigned tests_count;
    struct lab_limits limits;
    struct lab_program_limits *program_limits;
    unsigned program_limits_count;
    struct lab_quality quality;
};

struct lab_hint {
    char *key;
    char **bugs;    /* of the catalogue, for which this is the hint */
    unsigned bugs_count;
    char *en, *pt_br;
    struct lab_text *look; /* where to look next; NULL: nowhere in particular */
};

struct lab_hint_rule {
    struct {
        char *test;      /* NULL: any */
        char *signature; /* extended regular expression; NULL: any */
        char *finding;   /* kind of a finding instead of a test; NULL */
    } when;
    char *hint;
};

struct lab_hints { /* hints.yaml */
    struct lab_hint *hints;
    unsigned hints_count;
    struct lab_hint_rule *rules;
    unsigned rules_count;
};

struct lab {
    char *root;     /* the course folder */
    char *dir;      /* root/labs/<lab> */
    char *yaml, *hints_yaml; /* the files that were read */
    struct lab_config *config;
    struct lab_hints *hints; /* NULL: no hints.yaml */
    struct messages *messages; /* NULL: no messages.yaml */
    regex_t *rule_regex;     /* of each rule's signature, compiled */
    unsigned rule_regex_n;
    double max_score;
};

/* All labs of the course folder 'root' by their folder names, sorted. */
int lab_list(const char *root, struct strs *names, struct err *err);

/* The lab called 'key': lab05-sockets, lab05, 05, 5 or sockets. The caller releases it. -1: no such
 * lab, or a file that is not as the schema says (file, line and column are in *err). */
int lab_load(const char *root, const char *key, struct lab *lab, struct err *err);
void lab_release(struct lab *lab);

/* What the schema cannot see: points that do not add up, tests without rubric and rubric without
 * tests, unknown parts, demands and hints. Adds a line for each to *problems. */
void lab_check(const struct lab *lab, struct strs *problems);

/* What is told of this test on the day 'today' ("2026-12-31"; NULL: before all days); never UNSAID. */
enum lab_tells lab_tells(const struct lab_test *test, const char *today);

/* What a test may use, as LAB_LIMITS (tests/harness/limits.c); the caller frees it. */
char *lab_limits(const struct lab *lab);

const struct lab_test *lab_test(const struct lab *lab, const char *name);
const struct lab_hint *lab_hint(const struct lab *lab, const char *key);

/* The hint for a failed test: the check's own clue if that is a hint, else the first rule that fits
 * the test's name and signature (both may be NULL). NULL: none. */
const char *lab_hint_for_test(const struct lab *lab, const char *test, const char *clue, const char *signature);
/* The hint for a finding that says 'message', by the rules for its kind; NULL: none. */
const char *lab_hint_for_finding(const struct lab *lab, const char *kind, const char *message);

/* The folder of this lab below root/<what>: "templates", "reference", "tests", "build/kit". */
char *lab_path(const struct lab *lab, const char *what, const char *file);

#endif
