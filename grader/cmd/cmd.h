/* SPDX-License-Identifier: MIT */
/* cmd: the commands. Each parses its own arguments, calls the layers below, prints.
 *
 * To add a command: 1. cmd/<name>.c with its function; 2. its row in cmd_table (cmd.c), from which
 * --help and the tests read; 3. its section in docs/grader.1; 4. its test in tests/grader/cli. */
#ifndef GRADER_CMD_CMD_H
#define GRADER_CMD_CMD_H

#include <argp.h>
#include <stdbool.h>

#include "box/box.h"
#include "lab/kit.h"
#include "lab/lab.h"
#include "report/report.h"

/* Exit statuses, the same for all commands; 128+N after signal N. */
enum {
    CMD_OK = 0,
    CMD_HELD = 1,         /* something could not be judged, was rejected, or is below --min */
    CMD_USAGE = 2,        /* wrong arguments, or a configuration that cannot be read */
    CMD_NO_ISOLATION = 3, /* this machine offers no box; grader doctor says why */
    CMD_INTERNAL = 4      /* we could not do our job */
};

struct cmd_globals {
    const char *course;   /* the course folder */
    const char *program;  /* path of this executable */
    enum lang lang;
    bool colour;          /* on standard output */
};

/* Returns an exit status. With a status other than CMD_OK, *err may say why: main prints it. */
typedef int cmd_fn(const struct cmd_globals *g, int argc, char **argv, struct err *err);

struct command {
    const char *name;
    const char *arguments; /* for the overview */
    const char *summary; /* marked with N_() */
    cmd_fn *run;
};
extern const struct command cmd_table[]; /* ends with a NULL name */

cmd_fn cmd_run, cmd_check, cmd_repro, cmd_stress, cmd_new, cmd_pack, cmd_explain, cmd_verify, cmd_list, cmd_lint, cmd_kit, cmd_doctor, cmd_version;

/* lab_load, and kit_prepare if 'kit' is not NULL. An exit status; CMD_OK: both are the caller's. */
int cmd_load_lab(const struct cmd_globals *g, const char *key, struct lab *lab, struct kit *kit, struct err *err);

/* The lab whose library lies in the folder 'path': the caller frees *key. An exit status. */
int cmd_guess_lab(const struct cmd_globals *g, const char *path, char **key, struct err *err);

/* The wanted tests, by name or id ("P3"); all public ones if none is wanted. Hidden ones only if
 * 'hidden_too' and the course has their sources. An exit status; CMD_USAGE: one cannot be had. */
int cmd_choose_tests(const struct lab *lab, const struct strs *wanted, bool hidden_too, struct strs *tests, struct err *err);

/* The mode for a student's own runs, which give no marks: auto where that works, else shared, which needs
 * neither root nor subordinate ids. */
enum box_mode cmd_student_mode(void);

/* The exit status after a failed box_open or grade_submission. */
int cmd_status_of(const struct err *err);

/* The same in the language of messages: docs and options' docs, which are marked with N_(). The caller
 * releases it. */
struct argp cmd_translated(const struct argp *argp);
void cmd_translated_release(struct argp *translated);

/* argp_parse for a command; 'argv[0]' becomes "grader COMMAND" in messages. Does not return after
 * --help (status 0) or wrong arguments (status 2). */
void cmd_parse(const struct argp *argp, int argc, char **argv, void *input);

#endif
