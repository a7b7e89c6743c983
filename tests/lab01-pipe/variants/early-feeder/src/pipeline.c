/* SPDX-License-Identifier: MIT */
/* pipeline: commands side by side, each one's output the next one's input. */
#include "lab01.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(void)
{
    fprintf(stderr, "usage: pipeline [-p] COMMAND [ARGUMENT...] [: COMMAND [ARGUMENT...]]...\n");
    return EXIT_USAGE;
}

/* Cuts the arguments at each ":" into stages. How many, or 0: one of them is empty. */
static size_t cut(char *argv[], char **stages[])
{
    size_t n = 0;

    stages[n++] = argv;
    for (; *argv; argv++) {
        if (strcmp(*argv, ":") != 0)
            continue;
        *argv = NULL;
        stages[n++] = argv + 1;
    }
    for (size_t i = 0; i < n; i++)
        if (!stages[i][0])
            return 0;
    return n;
}

/* The program's exit code, by those of its stages: which of them decides, with -p and without? */
static int exit_code(const int codes[], size_t n, int rightmost)
{
    if (!rightmost || codes[n - 1] != 0 || n == 1)
        return codes[n - 1];
    return exit_code(codes, n - 1, rightmost);
}

int main(int argc, char *argv[])
{
    char ***stages = calloc((size_t)argc + 1, sizeof(*stages));
    int *codes = calloc((size_t)argc + 1, sizeof(*codes));
    int opt, rightmost = 0, code = EXIT_FAILED;
    size_t n = 0;

    while ((opt = getopt(argc, argv, "+:p")) == 'p')
        rightmost = 1;
    if (stages && codes && opt == -1)
        n = cut(argv + optind, stages);
    if (n == 0) {
        code = usage();
    } else if (pipeline_run(stages, n, STDIN_FILENO, STDOUT_FILENO, codes) == 0) {
        code = exit_code(codes, n, rightmost);
    } else if (errno == ENOSYS) {
        fprintf(stderr, "pipeline: not implemented\n");
    } else {
        fprintf(stderr, "pipeline: %s: %s\n", stages[0][0], strerror(errno));
    }
    free(stages);
    free(codes);
    return code;
}
