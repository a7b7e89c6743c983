/* SPDX-License-Identifier: MIT */
/* probe: calls functions of the student's library, as told by its arguments, and prints what it saw.
 * It judges nothing: what is right is known to the tests alone.
 *
 *     create NAME MAX SIZE   q_create; then a message of its own through the queue: "0 x"
 *     exchange NAME          four messages and then all 256 bytes, out and in again
 *     timeouts NAME          a queue with room for one message: every call that must not wait for ever
 *     sizes NAME             the longest message of the queue, and one byte more
 *     receive NAME MS        q_recv with that timeout; "signal" for each SIGUSR1 meanwhile
 *     ticking NAME MS        the same with a signal every 10 ms; "longer" when there were many more
 *     dispatch HEX...        rpc_dispatch of each message
 *     tokens SERVER N        a client: "open", waits for its standard input to end, N tokens
 *
 * A function that fails is told as "-1 ERRNO", a message as "PRIO LENGTH HEX". */
#include "lab04.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NEXT_TOKEN = 7, HOURS_MS = 4 * 3600 * 1000 };

static int failed(void)
{
    const char *name = strerrorname_np(errno);

    printf("-1 %s\n", name ? name : "0");
    return 0;
}

static void print_hex(const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%02x", ((const unsigned char *)bytes)[i]);
    printf("\n");
}

static mqd_t open_queue(const char *name)
{
    mqd_t q = mq_open(name, O_RDWR);

    if (q < 0) {
        perror("probe: mq_open");
        exit(3);
    }
    return q;
}

static void say(int result)
{
    if (result < 0)
        failed();
    else
        printf("%d\n", result);
}

static void receive(mqd_t q, int timeout_ms)
{
    unsigned prio = 0;
    void *buf = NULL;
    ssize_t n = q_recv(q, &buf, &prio, timeout_ms);

    if (n < 0) {
        failed();
        return;
    }
    printf("%u %zd ", prio, n);
    print_hex(buf, (size_t)n);
    free(buf);
}

static int probe_create(const char *name, long maxmsg, long msgsize)
{
    mqd_t q = q_create(name, maxmsg, msgsize);
    char *room = malloc((size_t)msgsize);
    ssize_t n = -1;

    if (q >= 0 && mq_send(q, "x", 1, 0) == 0)
        n = mq_receive(q, room, (size_t)msgsize, NULL);
    if (n < 0)
        failed();
    else
        printf("0 %.*s\n", (int)n, room);
    free(room);
    if (q >= 0)
        mq_close(q);
    return 0;
}

static int probe_exchange(const char *name)
{
    mqd_t q = open_queue(name);
    unsigned char all[256];

    say(q_send(q, "a", 1, 1, -1));
    say(q_send(q, "b", 1, 5, HOURS_MS));
    say(q_send(q, "c", 1, 5, -1));
    say(q_send(q, "", 0, 9, 0));
    for (int i = 0; i < 4; i++)
        receive(q, i % 2 ? 0 : HOURS_MS);
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (unsigned char)i;
    say(q_send(q, all, sizeof(all), 3, 0));
    receive(q, 0);
    mq_close(q);
    return 0;
}

static long long now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void print_sizes(mqd_t q)
{
    struct mq_attr attr;

    if (mq_getattr(q, &attr) < 0)
        failed();
    else
        printf("%ld %ld %ld\n", attr.mq_maxmsg, attr.mq_msgsize, attr.mq_curmsgs);
}

/* Until milliseconds that are nearly a second lead into the next one, however early in this one. */
static void await_middle_of_second(void)
{
    enum { EARLY = 2000000, LATE = 900000000 };
    struct timespec t;

    do
        clock_gettime(CLOCK_REALTIME, &t);
    while (t.tv_nsec < EARLY || t.tv_nsec > LATE);
}

/* Lines: receive 0, receive 50, its microseconds, send into the room, send 0, send 50, its
 * microseconds, four times q_nonblock, sizes, receive of what is there. */
static int probe_timeouts(const char *name)
{
    mqd_t q = open_queue(name);
    long long begin;

    receive(q, 0);
    begin = now_us();
    receive(q, 50);
    printf("%lld\n", now_us() - begin);
    say(q_send(q, "x", 1, 0, 0));
    say(q_send(q, "y", 1, 0, 0));
    begin = now_us();
    say(q_send(q, "y", 1, 0, 50));
    printf("%lld\n", now_us() - begin);
    say(q_nonblock(q, 1));
    say(q_nonblock(q, 1));
    say(q_nonblock(q, 0));
    say(q_nonblock(q, 0));
    print_sizes(q);
    await_middle_of_second();
    receive(q, HOURS_MS + 999);
    mq_close(q);
    return 0;
}

static int probe_sizes(const char *name)
{
    mqd_t q = open_queue(name);
    struct mq_attr attr;
    char *bytes;

    mq_getattr(q, &attr);
    bytes = malloc((size_t)attr.mq_msgsize + 1);
    memset(bytes, 'z', (size_t)attr.mq_msgsize + 1);
    say(q_send(q, bytes, (size_t)attr.mq_msgsize, 0, 0));
    receive(q, 0);
    say(q_send(q, bytes, (size_t)attr.mq_msgsize + 1, 0, 0));
    print_sizes(q);
    free(bytes);
    mq_close(q);
    return 0;
}

static void on_signal(int sig)
{
    static const char word[] = "signal\n";
    int saved = errno;

    (void)sig;
    (void)!write(STDOUT_FILENO, word, sizeof(word) - 1);
    errno = saved;
}

static int probe_receive(const char *name, int timeout_ms)
{
    struct sigaction act = {.sa_handler = on_signal}; /* no SA_RESTART: calls are interrupted */
    mqd_t q = open_queue(name);

    sigemptyset(&act.sa_mask);
    sigaction(SIGUSR1, &act, NULL);
    receive(q, timeout_ms);
    mq_close(q);
    return 0;
}

enum { TICK_MS = 10, TICKS_MAX = 50 };
static timer_t ticks;
static volatile sig_atomic_t ticks_n;

static void on_tick(int sig)
{
    static const struct itimerspec never;
    static const char word[] = "longer\n";
    int saved = errno;

    (void)sig;
    if (++ticks_n == TICKS_MAX) {
        timer_settime(ticks, 0, &never, NULL);
        (void)!write(STDOUT_FILENO, word, sizeof(word) - 1);
    }
    errno = saved;
}

/* Signals that come more often than the timeout ends. They cannot make it much longer: whoever goes on
 * to the same moment is there after a few of them. */
static int probe_ticking(const char *name, int timeout_ms)
{
    struct sigaction act = {.sa_handler = on_tick};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec every = {.it_interval.tv_nsec = TICK_MS * 1000000L, .it_value.tv_nsec = TICK_MS * 1000000L};
    mqd_t q = open_queue(name);

    sigemptyset(&act.sa_mask);
    sigaction(SIGUSR1, &act, NULL);
    if (timer_create(CLOCK_MONOTONIC, &event, &ticks) < 0 || timer_settime(ticks, 0, &every, NULL) < 0) {
        perror("probe: timer");
        exit(3);
    }
    receive(q, timeout_ms);
    timer_delete(ticks);
    mq_close(q);
    return 0;
}

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* A block of exactly the message's size, so that memcheck sees who reads behind it. */
static int probe_dispatch(char *const hex[])
{
    for (; *hex; hex++) {
        size_t n = strlen(*hex) / 2;
        unsigned char *msg = malloc(n > 0 ? n : 1);
        uint64_t next_token = NEXT_TOKEN;
        struct rpc_rep rep;

        for (size_t i = 0; i < n; i++)
            msg[i] = (unsigned char)(digit((*hex)[2 * i]) << 4 | digit((*hex)[2 * i + 1]));
        memset(&rep, 0x5a, sizeof(rep));
        if (rpc_dispatch(msg, n, &rep, &next_token) < 0) {
            failed();
        } else {
            printf("0 %s id %llu status %d len %u next %llu ", rep.magic == RPC_REP_MAGIC ? "reply" : "no-reply",
                   (unsigned long long)rep.id, (int)rep.status, (unsigned)rep.len, (unsigned long long)next_token);
            print_hex(rep.data, rep.len <= RPC_MAX ? rep.len : 0);
        }
        free(msg);
    }
    return 0;
}

static int probe_tokens(const char *server, int n)
{
    rpc_t *c = rpc_open(server);
    char byte;

    if (!c)
        return failed();
    printf("open\n");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    for (int i = 0; i < n; i++) {
        uint64_t token = 0;
        size_t len = 0;
        int status = rpc_call(c, OP_TOKEN, NULL, 0, &token, sizeof(token), &len, HOURS_MS);

        if (status < 0)
            failed();
        else if (status > 0 || len != sizeof(token))
            printf("status %d length %zu\n", status, len);
        else
            printf("%llu\n", (unsigned long long)token);
    }
    rpc_close(c);
    return 0;
}

int main(int argc, char *argv[])
{
    const char *what = argc > 2 ? argv[1] : "";

    if (argc == 5 && strcmp(what, "create") == 0)
        return probe_create(argv[2], atol(argv[3]), atol(argv[4]));
    if (argc == 3 && strcmp(what, "exchange") == 0)
        return probe_exchange(argv[2]);
    if (argc == 3 && strcmp(what, "timeouts") == 0)
        return probe_timeouts(argv[2]);
    if (argc == 3 && strcmp(what, "sizes") == 0)
        return probe_sizes(argv[2]);
    if (argc == 4 && strcmp(what, "receive") == 0)
        return probe_receive(argv[2], atoi(argv[3]));
    if (argc == 4 && strcmp(what, "ticking") == 0)
        return probe_ticking(argv[2], atoi(argv[3]));
    if (argc >= 3 && strcmp(what, "dispatch") == 0)
        return probe_dispatch(argv + 2);
    if (argc == 4 && strcmp(what, "tokens") == 0)
        return probe_tokens(argv[2], atoi(argv[3]));
    fprintf(stderr, "usage: probe create|exchange|timeouts|sizes|receive|ticking|dispatch|tokens ARGUMENT...\n");
    return 2;
}
