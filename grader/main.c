/* SPDX-License-Identifier: MIT */
/* main: global options, command table, exit status. */
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/interrupt.h"
#include "util/vec.h"

static const struct argp_option options[] = {
    {"course", 'C', "DIR", 0, N_("folder with labs/, tests/, templates/ and reference/ (default: $GRADER_COURSE, "
                                 "the working folder, or the one that came with this program)"), 0},
    {"lang", 'l', "LANG", 0, N_("language of hints and feedback: en or pt_BR (default: from the locale)"), 0},
    {"no-color", 'n', NULL, 0, N_("no colour, even on a terminal (as NO_COLOR in the environment)"), 0},
    {0},
};

struct arguments {
    struct cmd_globals globals;
    int command; /* index of the command's name in argv */
};

static int lang_parse(const char *name, size_t n, enum lang *lang)
{
    const bool pt = n >= 2 && strncmp(name, "pt", 2) == 0;

    *lang = pt ? LANG_PT_BR : LANG_EN;
    return pt || (n >= 2 && strncmp(name, "en", 2) == 0) ? 0 : -1;
}

/* As gettext (its manual, "Locale Environment Variables"): the locale of messages is the first of
 * LC_ALL, LC_MESSAGES and LANG that is not empty; the languages are LANGUAGE's, in their order, unless
 * that locale is C, else the locale's own. */
static enum lang lang_of_environment(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *locale = NULL, *list = getenv("LANGUAGE");
    enum lang lang = LANG_EN;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !(locale && *locale); i++)
        locale = getenv(names[i]);
    if (!locale || !*locale || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0)
        return LANG_EN;
    if (!list || !*list)
        list = locale;
    for (size_t n; *list; list += n + (list[n] == ':')) {
        n = strcspn(list, ":");
        if (lang_parse(list, n, &lang) == 0)
            break;
    }
    return lang;
}

/* Numbers keep their points and sorting its order in every language: only messages are translated.
 * gettext looks at LANGUAGE, but not while the locale is "C". The catalogues lie beside the program
 * where it was built, and in share/locale where it was installed. */
static void set_language(enum lang lang, const char *program)
{
    CLEANUP(free_ptr) char *folder = xstrdup(program);
    char *slash = strrchr(folder, '/');

    (void)setlocale(LC_CTYPE, "C.UTF-8");
    (void)setlocale(LC_MESSAGES, "C.UTF-8");
    (void)setenv("LANGUAGE", lang == LANG_PT_BR ? "pt_BR" : "en", 1);
    if (slash)
        *slash = '\0';
    CLEANUP(free_ptr) char *built = xformat("%s/locale", folder);
    CLEANUP(free_ptr) char *installed = xformat("%s/../share/locale", folder);
    (void)bindtextdomain(GRADER_TEXT_DOMAIN, access(built, R_OK) == 0 ? built : installed);
    (void)bind_textdomain_codeset(GRADER_TEXT_DOMAIN, "UTF-8");
    (void)textdomain(GRADER_TEXT_DOMAIN);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *a = state->input;

    switch (key) {
    case 'C':
        a->globals.course = arg;
        return 0;
    case 'l':
        if (lang_parse(arg, strlen(arg), &a->globals.lang) < 0)
            argp_error(state, _("--lang: '%s' is neither en nor pt_BR"), arg);
        return 0;
    case 'n':
        a->globals.colour = false;
        return 0;
    case ARGP_KEY_ARG:
        a->command = state->next - 1;
        state->next = state->argc; /* the rest is the command's */
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The overview of --help comes from the table of commands. */
static char *help_filter(int key, const char *text, void *input)
{
    struct buf b = {0};

    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    buf_printf(&b, "%s\n", _("Commands (grader COMMAND --help tells more):"));
    for (const struct command *c = cmd_table; c->name; c++)
        buf_printf(&b, "  %-8s %-14s %s\n", c->name, c->arguments, _(c->summary));
    buf_printf(&b, "\n%s", _("Exit status: 0 done; 1 something could not be judged, was rejected or is below --min; 2 usage or "
                             "configuration; 3 no isolation; 4 internal fault; 128+N ended by signal N."));
    return buf_steal(&b);
}

static const char *own_path(void)
{
    static char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (n < 0)
        return "grader";
    path[n] = '\0';
    return path;
}

/* Where the labs are, if nobody says: here; or where this program was built (build/grader), or
 * installed (bin/grader, share/grader). */
static char *find_course(const char *program)
{
    static const char *const from_program[] = {"..", "../share/grader"};
    const char *env = getenv("GRADER_COURSE");
    CLEANUP(free_ptr) char *folder = xstrdup(program);
    char *slash = strrchr(folder, '/');

    if (env && *env)
        return xstrdup(env);
    if (slash)
        *slash = '\0';
    for (size_t i = 0; slash && access("labs", R_OK | X_OK) != 0 && i < 2; i++) {
        CLEANUP(free_ptr) char *course = xformat("%s/%s", folder, from_program[i]);
        CLEANUP(free_ptr) char *labs = xformat("%s/labs", course);
        if (access(labs, R_OK | X_OK) == 0)
            return realpath(course, NULL);
    }
    return xstrdup(".");
}

int main(int argc, char **argv)
{
    static const struct argp argp = {options, parse, "COMMAND [ARGUMENT...]",
                                     N_("Grades labs on inter-process communication.") "\v", NULL, help_filter, NULL};
    const char *no_colour = getenv("NO_COLOR");
    struct arguments a = {.globals = {.colour = isatty(STDOUT_FILENO) && !(no_colour && *no_colour)}};
    struct err err = {0};
    int status = CMD_USAGE;

    a.globals.program = own_path();
    a.globals.lang = lang_of_environment();
    argp_program_version = NULL;
    argp_err_exit_status = CMD_USAGE;
    /* Twice: the first time only --lang is wanted, because --help and errors are printed on the way. */
    struct arguments first = a;
    (void)argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_SILENT, NULL, &first);
    set_language(first.globals.lang, a.globals.program);
    CLEANUP(cmd_translated_release) struct argp translated = cmd_translated(&argp);
    (void)argp_parse(&translated, argc, argv, ARGP_IN_ORDER, NULL, &a);
    CLEANUP(free_ptr) char *course = a.globals.course ? NULL : find_course(a.globals.program);
    if (course)
        a.globals.course = course;
    const struct command *c = cmd_table;
    while (c->name && strcmp(c->name, argv[a.command]) != 0)
        c++;
    if (!c->name)
        err_set(&err, _("no command '%s'; 'grader --help' lists them"), argv[a.command]);
    else if (interrupt_init(&err) < 0)
        status = CMD_INTERNAL;
    else
        status = c->run(&a.globals, argc - a.command, argv + a.command, &err);
    /* A full disk: what was asked for is not there, whatever else went well. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && !err.msg[0]) {
        err_set(&err, _("cannot write to standard output"));
        status = CMD_INTERNAL;
    }
    if (err.msg[0])
        (void)fprintf(stderr, "grader: %s\n", err.msg);
    return status;
}
