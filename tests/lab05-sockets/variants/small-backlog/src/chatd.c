/* SPDX-License-Identifier: MIT */
/* chatd: the chat server. */
#include "lab05.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NAMES_MAX = 16 };

static int usage(void)
{
    fprintf(stderr, "usage: chatd [-u NAME]... [-t PORT]   (at least one of them)\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    char *names[NAMES_MAX + 1] = {NULL};
    int names_n = 0, port = -1; /* no TCP */
    int opt, code;
    char *end;
    long n;

    while ((opt = getopt(argc, argv, "+:u:t:")) != -1) {
        if (opt == 'u' && names_n < NAMES_MAX && optarg[0] != '\0') {
            names[names_n++] = optarg;
        } else if (opt == 't') {
            errno = 0;
            n = strtol(optarg, &end, 10);
            if (errno || end == optarg || *end || n < 0 || n > 65535)
                return usage();
            port = (int)n;
        } else {
            return usage();
        }
    }
    if (optind != argc || (names_n == 0 && port < 0))
        return usage();
    code = chatd_run(names, port);
    if (code < 0) {
        fprintf(stderr, "chatd: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
