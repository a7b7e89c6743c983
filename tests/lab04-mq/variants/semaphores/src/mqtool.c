/* SPDX-License-Identifier: MIT */
/* mqtool: a queue from the command line. */
#include "lab04.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(void)
{
    fprintf(stderr, "usage: mqtool create NAME [-m MAX] [-s SIZE]\n"
                    "       mqtool send [-p PRIO] [-n] NAME TEXT\n"
                    "       mqtool recv [-n] [-t MS] [-c COUNT] NAME\n"
                    "       mqtool stat NAME\n"
                    "       mqtool unlink NAME\n");
    return EXIT_USAGE;
}

/* A number from low to high. 0: it is none. */
static int number(const char *s, long low, long high, long *n)
{
    char *end;

    errno = 0;
    *n = strtol(s, &end, 10);
    return !errno && end != s && !*end && *n >= low && *n <= high;
}

int main(int argc, char *argv[])
{
    static const struct {
        const char *command, *options;
        int arguments;
    } forms[] = {
        {"create", "m:s:", 1}, {"send", "p:n", 2}, {"recv", "nt:c:", 1}, {"stat", "", 1}, {"unlink", "", 1},
    };
    const char *command = argc > 1 ? argv[1] : "", *options = NULL, *name;
    long maxmsg = QUEUE_MAXMSG, msgsize = QUEUE_MSGSIZE / 2, prio = 0, timeout_ms = -1, count = 1;
    int arguments = 0, nowait = 0, opt, code;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (strcmp(command, forms[i].command) == 0) {
            options = forms[i].options;
            arguments = forms[i].arguments;
        }
    if (!options)
        return usage();
    argc--; /* options may stand before or behind the name */
    argv++;
    while ((opt = getopt(argc, argv, options)) != -1) {
        if ((opt == 'm' && !number(optarg, 1, QUEUE_MAXMSG, &maxmsg)) ||
            (opt == 's' && !number(optarg, 1, QUEUE_MSGSIZE, &msgsize)) ||
            (opt == 'p' && !number(optarg, 0, sysconf(_SC_MQ_PRIO_MAX) - 1, &prio)) ||
            (opt == 't' && !number(optarg, 0, INT_MAX, &timeout_ms)) ||
            (opt == 'c' && !number(optarg, 1, LONG_MAX, &count)) || opt == '?')
            return usage();
        nowait |= opt == 'n';
    }
    if (argc - optind != arguments)
        return usage();
    name = argv[optind];
    if (nowait)
        timeout_ms = 0;
    if (strcmp(command, "create") == 0)
        code = mqtool_create(name, maxmsg, msgsize);
    else if (strcmp(command, "send") == 0)
        code = mqtool_send(name, argv[optind + 1], (unsigned)prio, (int)timeout_ms);
    else if (strcmp(command, "recv") == 0)
        code = mqtool_recv(name, count, (int)timeout_ms);
    else if (strcmp(command, "stat") == 0)
        code = mqtool_stat(name);
    else
        code = mqtool_unlink(name);
    if (code < 0) {
        fprintf(stderr, "mqtool: %s\n", errno == ENOSYS ? "not implemented" : "failed");
        return EXIT_FAILED;
    }
    return code;
}
