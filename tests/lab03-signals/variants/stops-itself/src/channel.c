/* SPDX-License-Identifier: MIT */
/* D. The real-time channel: sigqueue and sigtimedwait. */
#include "lab03.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "util.h"

enum { TAG_FIRST = 1, TAG_DATA = 2, TAG_LAST = 3 };
#define LOW24 0xffffffu

static int data_signal(void) { return SIGRTMIN + 1; }
static int ack_signal(void) { return SIGRTMIN + 2; }

static unsigned pack(unsigned tag, unsigned low)
{
    return tag << 24 | (low & LOW24);
}

static int block_both(sigset_t *old)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, data_signal());
    sigaddset(&set, ack_signal());
    return sigprocmask(SIG_BLOCK, &set, old);
}

/* Waits for one signal that was sent by sigqueue, until 'deadline' (negative: for ever). */
static int next_signal(int signo, siginfo_t *info, int64_t deadline)
{
    sigset_t set;
    int r;

    sigemptyset(&set);
    sigaddset(&set, signo);
    do {
        struct timespec ts = {0, 0};
        int64_t left = deadline - now_ns();

        if (left > 0) {
            ts.tv_sec = (time_t)(left / 1000000000);
            ts.tv_nsec = (long)(left % 1000000000);
        }
        r = sigtimedwait(&set, info, deadline < 0 ? NULL : &ts);
        if (r < 0 && errno == EAGAIN) {
            errno = ETIMEDOUT;
            return -1;
        }
        if (r < 0 && errno != EINTR)
            return -1;
    } while (r < 0 || info->si_code != SI_QUEUE);
    return 0;
}

static int64_t deadline_of(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : now_ns() + (int64_t)timeout_ms * 1000000;
}

static int queue(pid_t to, int signo, unsigned value)
{
    union sigval v;

    memset(&v, 0, sizeof(v));
    v.sival_int = (int)value;
    return sigqueue(to, signo, v);
}

static int send_value(pid_t to, unsigned value, int timeout_ms)
{
    int64_t deadline = deadline_of(timeout_ms);
    siginfo_t info;

    if (queue(to, data_signal(), value) < 0)
        return -1;
    do {
        if (next_signal(ack_signal(), &info, deadline) < 0)
            return -1;
    } while (info.si_pid != to || (unsigned)info.si_value.sival_int != value);
    return 0;
}

static int send_message(pid_t to, const unsigned char *p, size_t len, int timeout_ms)
{
    unsigned sum = 0;

    if (send_value(to, pack(TAG_FIRST, (unsigned)len), timeout_ms) < 0)
        return -1;
    for (size_t i = 0; i < len; i += 3) {
        unsigned a = p[i], b = i + 1 < len ? p[i + 1] : 0, c = i + 2 < len ? p[i + 2] : 0;

        sum += a + b + c;
        if (send_value(to, pack(TAG_DATA, a << 16 | b << 8 | c), timeout_ms) < 0)
            return -1;
    }
    return send_value(to, pack(TAG_LAST, sum), timeout_ms);
}

int rt_send(pid_t to, const void *buf, size_t len, int timeout_ms)
{
    sigset_t old;
    int r, saved;

    if (len > RT_MESSAGE_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    if (block_both(&old) < 0)
        return -1;
    r = send_message(to, buf, len, timeout_ms);
    saved = errno;
    sigprocmask(SIG_SETMASK, &old, NULL);
    errno = saved;
    return r;
}

/* The next value with this tag from *from (0: from anybody, who is *from then), not yet
 * acknowledged. */
static int take_value(pid_t *from, unsigned tag, unsigned *low, int timeout_ms)
{
    int64_t deadline = deadline_of(timeout_ms);
    siginfo_t info;
    unsigned value;

    do {
        if (next_signal(data_signal(), &info, deadline) < 0)
            return -1;
    } while (*from && info.si_pid != *from);
    *from = info.si_pid;
    value = (unsigned)info.si_value.sival_int;
    if (value >> 24 != tag) {
        errno = EBADMSG;
        return -1;
    }
    *low = value & LOW24;
    return 0;
}

static int bad_message(void)
{
    errno = EBADMSG;
    return -1;
}

static ssize_t receive(unsigned char *buf, size_t cap, pid_t *from, int timeout_ms)
{
    unsigned len, low, sum = 0;

    if (take_value(from, TAG_FIRST, &len, timeout_ms) < 0)
        return -1;
    if (len > RT_MESSAGE_MAX)
        return bad_message();
    queue(*from, ack_signal(), pack(TAG_FIRST, len));
    for (unsigned i = 0; i < len; i += 3) {
        if (take_value(from, TAG_DATA, &low, timeout_ms) < 0)
            return -1;
        for (unsigned k = 0; k < 3 && i + k < len; k++) {
            unsigned byte = low >> (16 - 8 * k) & 0xff;

            sum += byte;
            if (i + k < cap)
                buf[i + k] = (unsigned char)byte;
        }
        queue(*from, ack_signal(), pack(TAG_DATA, low));
    }
    if (take_value(from, TAG_LAST, &low, timeout_ms) < 0)
        return -1;
    if (low != (sum & LOW24))
        return bad_message();
    queue(*from, ack_signal(), pack(TAG_LAST, low));
    if (len > cap) {
        errno = EMSGSIZE;
        return -1;
    }
    return (ssize_t)len;
}

ssize_t rt_recv(void *buf, size_t cap, pid_t *from, int timeout_ms)
{
    pid_t sender = 0;
    sigset_t old;
    ssize_t n;
    int saved;

    if (block_both(&old) < 0)
        return -1;
    n = receive(buf, cap, &sender, timeout_ms);
    saved = errno;
    if (from && sender)
        *from = sender;
    sigprocmask(SIG_SETMASK, &old, NULL);
    errno = saved;
    return n;
}

int rtsend_run(pid_t to, const char *text, int timeout_ms)
{
    sigset_t old;
    char who[32];

    if (block_both(&old) < 0)
        return complain("rtsend", "sigprocmask");
    if (rt_send(to, text, strlen(text), timeout_ms) == 0)
        return EXIT_OK;
    snprintf(who, sizeof(who), "%ld", (long)to);
    switch (errno) {
    case ESRCH: complain("rtsend", who); return EXIT_NO_PEER;
    case ETIMEDOUT: complain("rtsend", who); return EXIT_TIMEOUT;
    default: return complain("rtsend", who);
    }
}

int rtrecv_run(long messages)
{
    char line[32 + RT_MESSAGE_MAX + 1], text[RT_MESSAGE_MAX];
    sigset_t old;

    if (block_both(&old) < 0)
        return complain("rtrecv", "sigprocmask");
    if (out_line("READY %ld", (long)getpid()) < 0)
        return complain("rtrecv", "standard output");
    while (messages > 0) {
        pid_t from;
        ssize_t n = rt_recv(text, sizeof(text), &from, -1);
        int head;

        if (n < 0)
            return complain("rtrecv", "message");
        head = snprintf(line, 32, "%ld ", (long)from);
        memcpy(line + head, text, (size_t)n);
        line[head + n] = '\n';
        if (write_all(STDOUT_FILENO, line, (size_t)(head + n + 1)) < 0)
            return complain("rtrecv", "standard output");
        messages--;
    }
    return EXIT_OK;
}
