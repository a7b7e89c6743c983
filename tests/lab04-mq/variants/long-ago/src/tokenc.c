/* SPDX-License-Identifier: MIT */
/* tokenc: one call of the token server. */
#include "lab04.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(void)
{
    fprintf(stderr, "usage: tokenc [-t MS] NAME (echo TEXT | token | sum N... | div A B | stat)\n");
    return EXIT_USAGE;
}

static int is_number(const char *s)
{
    char *end;

    errno = 0;
    (void)strtoll(s, &end, 10);
    return !errno && end != s && !*end;
}

/* Is this a command, with the arguments that belong to it? */
static int is_command(char *const command[])
{
    static const struct {
        const char *word;
        int least, most, numbers;
    } commands[] = {
        {"echo", 1, 1, 0}, {"token", 0, 0, 0}, {"sum", 1, RPC_MAX / 8, 1}, {"div", 2, 2, 1}, {"stat", 0, 0, 0},
    };
    int n = 0;

    if (!command[0])
        return 0;
    while (command[n + 1])
        n++;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        int good = strcmp(command[0], commands[i].word) == 0 && n >= commands[i].least && n <= commands[i].most;

        for (int k = 1; good && commands[i].numbers && k <= n; k++)
            good = is_number(command[k]);
        if (good)
            return 1;
    }
    return 0;
}

int main(int argc, char *argv[])
{
    int timeout_ms = 2000;
    int opt, code;
    char *end;
    long n;

    while ((opt = getopt(argc, argv, "+:t:")) != -1) {
        if (opt != 't')
            return usage();
        errno = 0;
        n = strtol(optarg, &end, 10);
        if (errno || end == optarg || *end || n < 1 || n > INT_MAX)
            return usage();
        timeout_ms = (int)n;
    }
    if (argc - optind < 2 || argv[optind][0] == '\0' || !is_command(argv + optind + 1))
        return usage();
    code = tokenc_run(argv[optind], timeout_ms, argv + optind + 1);
    if (code < 0) {
        fprintf(stderr, "tokenc: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
