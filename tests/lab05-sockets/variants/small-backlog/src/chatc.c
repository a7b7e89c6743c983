/* SPDX-License-Identifier: MIT */
/* chatc: the chat client. */
#include "lab05.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(void)
{
    fprintf(stderr, "usage: chatc (-u NAME | -t PORT) NICK\n");
    return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    const char *name = NULL;
    int port = -1;
    int opt, fd, code;
    char *end;
    long n;

    while ((opt = getopt(argc, argv, "+:u:t:")) != -1) {
        if (opt == 'u' && optarg[0] != '\0') {
            name = optarg;
        } else if (opt == 't') {
            errno = 0;
            n = strtol(optarg, &end, 10);
            if (errno || end == optarg || *end || n < 1 || n > 65535)
                return usage();
            port = (int)n;
        } else {
            return usage();
        }
    }
    if (argc - optind != 1 || argv[optind][0] == '\0' || (name != NULL) == (port >= 0))
        return usage();
    fd = name ? un_connect(name) : tcp_connect((uint16_t)port);
    if (fd < 0) {
        if (errno == ENOSYS)
            fprintf(stderr, "chatc: not implemented\n");
        else
            fprintf(stderr, "chatc: connect: %s\n", strerror(errno));
        return errno == ENOENT || errno == ECONNREFUSED ? EXIT_NO_PEER : EXIT_FAILED;
    }
    code = chatc_run(fd, argv[optind]);
    if (code < 0)
        fprintf(stderr, "chatc: %s\n", errno == ENOSYS ? "not implemented" : "failed");
    close(fd);
    return code < 0 ? EXIT_FAILED : code;
}
