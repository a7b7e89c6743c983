/* SPDX-License-Identifier: MIT */
/* image_main: all programs of a submission and the lab's probe in one file. Each program's main()
 * was renamed lab_main_PROGRAM; the last part of argv[0] says which one this process is. A program
 * that is missing or did not compile is a weak symbol that nobody defined.
 *
 * LAB_PROGRAMS_LIST is PROGRAM(chatc) PROGRAM(chatd) ... : kit.mk defines it. */
#include "image.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

#define PROGRAM(name) extern int lab_main_##name(int, char **, char **) __attribute__((weak));
LAB_PROGRAMS_LIST
#undef PROGRAM

static const struct {
    const char *name;
    int (*main)(int, char **, char **);
} lab_programs[] = {
#define PROGRAM(name) {#name, lab_main_##name},
    LAB_PROGRAMS_LIST
#undef PROGRAM
};

static void complain(const char *name, const char *what)
{
    (void)!write(STDERR_FILENO, name, strlen(name));
    (void)!write(STDERR_FILENO, what, strlen(what));
}

int main(int argc, char **argv)
{
    const char *name, *slash;

    if (lab_fork_serve && getenv("LAB_FORK_SERVER")) {
        argc = lab_fork_serve(&argv); /* returns in a child, for one program */
        if (argc > 0)
            program_invocation_name = argv[0]; /* what err(3) and error(3) begin a line with */
    }
    name = argc > 0 ? argv[0] : "";
    slash = strrchr(name, '/');
    if (slash)
        name = slash + 1;
    program_invocation_short_name = (char *)name;
    for (size_t i = 0; i < sizeof(lab_programs) / sizeof(lab_programs[0]); i++)
        if (strcmp(lab_programs[i].name, name) == 0 && lab_programs[i].main)
            return lab_programs[i].main(argc, argv, environ);
    complain(name, ": not built\n");
    return 126;
}
