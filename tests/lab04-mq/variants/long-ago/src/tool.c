/* SPDX-License-Identifier: MIT */
#include "mine.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *doing, const char *name)
{
    int e = errno;
    char what[400];

    snprintf(what, sizeof what, "%s %s", doing, name);
    return say("mqtool", what, e, code_of(e));
}

int mqtool_create(const char *name, long maxmsg, long msgsize)
{
    mqd_t q = q_create(name, maxmsg, msgsize);

    return q == (mqd_t)-1 ? fail("create", name) : (mq_close(q), EXIT_OK);
}

int mqtool_send(const char *name, const char *text, unsigned prio, int timeout_ms)
{
    mqd_t q = mq_open(name, O_WRONLY | (timeout_ms == 0 ? O_NONBLOCK : 0));
    int code;

    if (q == (mqd_t)-1)
        return fail("open", name);
    code = q_send(q, text, strlen(text), prio, timeout_ms) == 0 ? EXIT_OK : fail("send", name);
    mq_close(q);
    return code;
}

/* COUNT messages, each printed in one write. */
static int receive(mqd_t q, const char *name, long count, int timeout_ms)
{
    for (; count > 0; count--) {
        void *text;
        unsigned prio;
        ssize_t n = q_recv(q, &text, &prio, timeout_ms);
        char *line;
        int k, bad;

        if (n == -1)
            return fail("receive", name);
        line = malloc((size_t)n + 64);
        if (!line) {
            free(text);
            return fail("malloc", name);
        }
        k = sprintf(line, "%u %zd ", prio, n);
        memcpy(line + k, text, (size_t)n);
        line[k + n] = '\n';
        bad = put_all(1, line, (size_t)(k + n + 1));
        free(line);
        free(text);
        if (bad)
            return fail("write", name);
    }
    return EXIT_OK;
}

int mqtool_recv(const char *name, long count, int timeout_ms)
{
    mqd_t q = mq_open(name, O_RDONLY);
    int code;

    if (q == (mqd_t)-1)
        return fail("open", name);
    code = receive(q, name, count, timeout_ms);
    mq_close(q);
    return code;
}

int mqtool_stat(const char *name)
{
    struct mq_attr a;
    mqd_t q = mq_open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int r;

    if (q == (mqd_t)-1)
        return fail("open", name);
    r = mq_getattr(q, &a) == -1 ? fail("stat", name)
        : dprintf(1, "maxmsg=%ld msgsize=%ld curmsgs=%ld\n", a.mq_maxmsg, a.mq_msgsize, a.mq_curmsgs) < 0
            ? fail("write", name)
            : EXIT_OK;
    mq_close(q);
    return r;
}

int mqtool_unlink(const char *name)
{
    return mq_unlink(name) == 0 ? EXIT_OK : fail("unlink", name);
}
