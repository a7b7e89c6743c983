/* SPDX-License-Identifier: MIT */
/* wrap: calls of the student's code that come here first (lab.yaml: wrap). Each does exactly what the
 * original does, unless the test has switched something on in the environment of the program:
 *
 *     LAB_GAP=QUEUE     the first mq_notify after the test has made the file 'gap' finds a message
 *                       that has come just before it
 *     LAB_GATE=FIFO     a process's first receive waits until the test opens the FIFO
 *     LAB_CLOCK=forgive a deadline that is years ago does not pass: where a test is not about time,
 *                       a deadline on the wrong clock must not decide it by luck
 *     LAB_CLOCK=...     nanoseconds that are a second or more are carried, for the same reason */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int __real_mq_notify(mqd_t q, const struct sigevent *event);
ssize_t __real_mq_receive(mqd_t q, char *buf, size_t size, unsigned *prio);
ssize_t __real_mq_timedreceive(mqd_t q, char *buf, size_t size, unsigned *prio, const struct timespec *until);
int __real_mq_timedsend(mqd_t q, const char *buf, size_t len, unsigned prio, const struct timespec *until);
int __wrap_mq_notify(mqd_t q, const struct sigevent *event);
ssize_t __wrap_mq_receive(mqd_t q, char *buf, size_t size, unsigned *prio);
ssize_t __wrap_mq_timedreceive(mqd_t q, char *buf, size_t size, unsigned *prio, const struct timespec *until);
int __wrap_mq_timedsend(mqd_t q, const char *buf, size_t len, unsigned prio, const struct timespec *until);

int __wrap_mq_notify(mqd_t q, const struct sigevent *event)
{
    static bool sent;
    const char *name = sent ? NULL : getenv("LAB_GAP");
    int saved = errno;

    /* How often a program has registered before is its own affair: it is the test that says when. */
    if (name && event && access("gap", F_OK) == 0) {
        mqd_t gap = mq_open(name, O_WRONLY | O_NONBLOCK);

        sent = true;
        if (gap >= 0) {
            (void)mq_send(gap, "gap", 3, 0);
            (void)mq_close(gap);
        }
    }
    errno = saved;
    return __real_mq_notify(q, event);
}

static void pass_gate(void)
{
    static bool passed;
    const char *path = passed ? NULL : getenv("LAB_GATE");
    int saved = errno, fd = -1;

    passed = true;
    while (path && (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0 && errno == EINTR)
        ;
    if (fd >= 0)
        (void)close(fd);
    errno = saved;
}

static const struct timespec *carried(const struct timespec *until, struct timespec *room)
{
    enum { SECOND = 1000000000 };

    if (!until || until->tv_nsec < SECOND || !getenv("LAB_CLOCK"))
        return until;
    *room = (struct timespec){until->tv_sec + until->tv_nsec / SECOND, until->tv_nsec % SECOND};
    return room;
}

/* A moment in the time when these calls were not yet invented. Not the first minute of all, which is for
 * those who do not want to wait. */
static bool is_forgiven(const struct timespec *until)
{
    enum { MINUTE = 60, YEAR = 365 * 24 * 3600 };
    const char *how = getenv("LAB_CLOCK");

    return how && strcmp(how, "forgive") == 0 && until && until->tv_sec >= MINUTE
           && until->tv_sec < time(NULL) - YEAR;
}

ssize_t __wrap_mq_receive(mqd_t q, char *buf, size_t size, unsigned *prio)
{
    pass_gate();
    return __real_mq_receive(q, buf, size, prio);
}

ssize_t __wrap_mq_timedreceive(mqd_t q, char *buf, size_t size, unsigned *prio, const struct timespec *until)
{
    struct timespec room;

    pass_gate();
    if (is_forgiven(until))
        return __real_mq_receive(q, buf, size, prio);
    return __real_mq_timedreceive(q, buf, size, prio, carried(until, &room));
}

int __wrap_mq_timedsend(mqd_t q, const char *buf, size_t len, unsigned prio, const struct timespec *until)
{
    struct timespec room;

    if (is_forgiven(until))
        return mq_send(q, buf, len, prio);
    return __real_mq_timedsend(q, buf, len, prio, carried(until, &room));
}
