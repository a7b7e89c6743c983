/* SPDX-License-Identifier: MIT */
/* mqtool */
#include "inner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* B. mqtool ------------------------------------------------------------------------------------- */

void print_message(const char *head, const void *text, size_t len)
{
    fputs(head, stdout);
    fwrite(text, 1, len, stdout);
    putchar('\n');
    fflush(stdout); /* the whole line in one write: other processes may write to the same place */
}

int mqtool_create(const char *name, long maxmsg, long msgsize)
{
    mqd_t q = q_create(name, maxmsg, msgsize);

    if (q < 0)
        return complain("mqtool", name);
    mq_close(q);
    return EXIT_OK;
}

int mqtool_send(const char *name, const char *text, unsigned prio, int timeout_ms)
{
    mqd_t q = mq_open(name, O_WRONLY);
    int code = EXIT_OK;

    if (q < 0)
        return complain("mqtool", name);
    if (q_send(q, text, strlen(text), prio, timeout_ms) < 0)
        code = complain("mqtool", "send");
    mq_close(q);
    return code;
}

int mqtool_recv(const char *name, long count, int timeout_ms)
{
    mqd_t q = mq_open(name, O_RDONLY);
    int code = EXIT_OK;

    if (q < 0)
        return complain("mqtool", name);
    for (; code == EXIT_OK && count > 0; count--) {
        char head[64];
        unsigned prio;
        void *text;
        ssize_t n = q_recv(q, &text, &prio, timeout_ms);

        if (n < 0) {
            code = complain("mqtool", "recv");
        } else {
            snprintf(head, sizeof(head), "%u %zd ", prio, n);
            print_message(head, text, (size_t)n);
            free(text);
        }
    }
    mq_close(q);
    return code;
}

int mqtool_stat(const char *name)
{
    mqd_t q = mq_open(name, O_RDONLY);
    struct mq_attr attr;

    if (q < 0)
        return complain("mqtool", name);
    mq_getattr(q, &attr);
    printf("maxmsg=%ld msgsize=%ld curmsgs=%ld\n", attr.mq_maxmsg, attr.mq_msgsize, attr.mq_curmsgs);
    mq_close(q);
    return EXIT_OK;
}

int mqtool_unlink(const char *name)
{
    return mq_unlink(name) < 0 ? complain("mqtool", name) : EXIT_OK;
}
