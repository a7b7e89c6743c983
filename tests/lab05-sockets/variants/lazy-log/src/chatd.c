/* SPDX-License-Identifier: MIT */
/* chatd: the chat server. */
#include "lab05.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int usage(void)
{
    fprintf(stderr, "usage: chatd [-u NAME]... [-t PORT]   (at least one of them)\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    char **names = calloc((size_t)argc + 1, sizeof *names);
    int names_n = 0, port = -1; /* no TCP */
    int opt, code, bad = 0;
    char *end;
    long n;

    if (!names) {
        perror("chatd: memory");
        return EXIT_FAILED;
    }
    while (!bad && (opt = getopt(argc, argv, "+:u:t:")) != -1) {
        if (opt == 'u' && optarg[0] != '\0') {
            names[names_n++] = optarg;
        } else if (opt == 't' && port < 0) {
            errno = 0;
            n = strtol(optarg, &end, 10);
            bad = errno || end == optarg || *end || n < 0 || n > 65535;
            port = (int)n;
        } else {
            bad = 1;
        }
    }
    if (bad || optind != argc || (names_n == 0 && port < 0))
        code = usage();
    else
        code = chatd_run(names, port);
    free(names);
    return code;
}
