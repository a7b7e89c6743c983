/* SPDX-License-Identifier: MIT */
/* probe: calls functions of the student's library, as told by its arguments, and prints a line for
 * each. It judges nothing: what is right is known to the tests alone.
 *
 *     region NAME STEP...     create SIZE | attach WRITABLE | write TEXT | read N | zero | detach |
 *                             destroy | fds
 *     ring NAME STEP...       create CAPACITY SLOT | attach | put TEXT MS | get MS | fit CAP MS |
 *                             close | detach | destroy | clock | ticks
 *     kv SIZE STEP...         put K V | get K CAP | del K | each | fill PREFIX MAX | again | move |
 *                             pointers
 *     sv STEP...              attach ID
 *
 * What failed is told as "-1 ERRNO". A SIGUSR1 prints "signal". From 'ticks' on
 * a signal with a handler comes every 20 milliseconds. */
#include "lab06.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static char **steps; /* what is still to be done; ends with NULL */

static char *next(void)
{
    if (!*steps) {
        fprintf(stderr, "probe: an argument is missing\n");
        exit(2);
    }
    return *steps++;
}

static int is(const char *step, const char *name)
{
    return strcmp(step, name) == 0;
}

/* "WHAT RESULT" or "WHAT -1 ERRNO". */
static void told(const char *what, long result)
{
    const char *name = result < 0 ? strerrorname_np(errno) : NULL;

    if (result < 0)
        printf("%s -1 %s\n", what, name ? name : "0");
    else
        printf("%s %ld\n", what, result);
    fflush(stdout);
}

static int unknown(const char *step)
{
    fprintf(stderr, "probe: unknown step '%s'\n", step);
    return 2;
}

/* Descriptors of the program itself; valgrind's own are far above. */
static int count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *e;
    int n = -1; /* the folder's own */

    while (dir && (e = readdir(dir)))
        n += e->d_name[0] != '.' && atoi(e->d_name) < 256;
    if (dir)
        closedir(dir);
    return n;
}

static int all_zero(const region_t *r)
{
    const unsigned char *b = r->addr;

    for (size_t i = 0; i < r->size; i++)
        if (b[i])
            return 0;
    return 1;
}

static int probe_region(const char *name)
{
    region_t r = {NULL, 0};

    while (*steps) {
        const char *step = next();
        long done;

        if (is(step, "create") || is(step, "attach")) {
            long n = atol(next());

            done = is(step, "create") ? region_create(name, (size_t)n, &r)
                                      : region_attach(name, (int)n, &r);
            told(step, done < 0 ? -1 : (long)r.size);
            if (done < 0)
                r = (region_t){NULL, 0}; /* whatever it has left there */
        } else if (!r.addr && !is(step, "destroy") && !is(step, "fds")) {
            errno = EFAULT; /* create or attach has failed, and was told */
            told(step, -1);
            return 0;
        } else if (is(step, "write")) {
            const char *s = next();

            memcpy(r.addr, s, strlen(s));
            told(step, 0);
        } else if (is(step, "read")) {
            printf("read %.*s\n", atoi(next()), (const char *)r.addr);
        } else if (is(step, "zero")) {
            told(step, all_zero(&r));
        } else if (is(step, "detach")) {
            told(step, region_detach(&r));
        } else if (is(step, "destroy")) {
            told(step, region_destroy(name));
        } else if (is(step, "fds")) {
            told(step, count_fds());
        } else {
            return unknown(step);
        }
    }
    return 0;
}

static long clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void on_tick(int sig)
{
    (void)sig;
}

static int start_ticks(void)
{
    struct sigaction act = {.sa_handler = on_tick}; /* no SA_RESTART */
    const struct itimerval every = {{0, 20000}, {0, 20000}};

    sigemptyset(&act.sa_mask);
    return sigaction(SIGALRM, &act, NULL) < 0 ? -1 : setitimer(ITIMER_REAL, &every, NULL);
}

static int probe_ring(const char *name)
{
    static char item[1 << 16];
    long since = clock_ms(), n;
    ring_t r;

    memset(&r, 0, sizeof(r));
    while (*steps) {
        const char *step = next();

        if (is(step, "create")) {
            uint32_t capacity = (uint32_t)atol(next());

            told(step, ring_create(name, capacity, (uint32_t)atol(next()), &r));
        } else if (is(step, "attach")) {
            told(step, ring_attach(name, &r));
        } else if (!r.h && !is(step, "destroy")) {
            errno = EFAULT;
            told(step, -1);
            return 0;
        } else if (is(step, "put")) {
            const char *s = next();

            told(step, ring_put(&r, s, (uint32_t)strlen(s), atoi(next())));
        } else if (is(step, "get") || is(step, "fit")) {
            uint32_t cap = is(step, "fit") ? (uint32_t)atol(next()) : sizeof(item);

            n = ring_get(&r, item, cap, atoi(next()));
            if (n < 0)
                told(step, n);
            else
                printf("get %ld %.*s\n", n, (int)n, item);
            fflush(stdout);
        } else if (is(step, "close")) {
            told(step, ring_close(&r));
        } else if (is(step, "detach")) {
            told(step, region_detach(&r.r));
        } else if (is(step, "destroy")) {
            told(step, region_destroy(name));
        } else if (is(step, "clock")) {
            n = clock_ms();
            told(step, n - since);
            since = n;
        } else if (is(step, "ticks")) {
            told(step, start_ticks());
        } else {
            return unknown(step);
        }
    }
    return 0;
}

/* kv_each: the entries, sorted, in one line. */
static char *entries[4096];
static int entry_count;

static void take_entry(const char *k, const char *v, void *arg)
{
    if (arg != &entry_count) {
        printf("each: the argument is another one\n");
        return;
    }
    if (entry_count < (int)(sizeof(entries) / sizeof(entries[0]))
        && asprintf(&entries[entry_count], "%s=%s", k, v) > 0)
        entry_count++;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void each(const void *base)
{
    int n;

    entry_count = 0;
    n = kv_each(base, take_entry, &entry_count);
    qsort(entries, (size_t)entry_count, sizeof(entries[0]), by_text);
    printf("each %d", n);
    for (int i = 0; i < entry_count; i++) {
        printf(" %s", entries[i]);
        free(entries[i]);
    }
    printf("\n");
}

/* 8-byte values of the region that are addresses inside the region. */
static int count_pointers(const unsigned char *base, size_t size)
{
    uintptr_t value;
    int n = 0;

    for (size_t i = 0; i + sizeof(value) <= size; i++) {
        memcpy(&value, base + i, sizeof(value));
        n += value >= (uintptr_t)base && value - (uintptr_t)base < size;
    }
    return n;
}

static void *moved(void *base, size_t size)
{
    void *copy = malloc(size);

    if (copy) {
        memcpy(copy, base, size);
        memset(base, 0xdd, size);
    }
    return copy;
}

static int probe_kv(size_t size)
{
    unsigned char *base = calloc(1, size), *old = NULL;
    static char out[1 << 16], last[64];
    int code = 0;

    if (!base)
        return 1;
    told("init", kv_init(base, size));
    while (*steps && code == 0) {
        const char *step = next();

        if (is(step, "put")) {
            const char *k = next();

            told(step, kv_put(base, k, next()));
        } else if (is(step, "get")) {
            const char *k = next();
            size_t cap = (size_t)atol(next());
            ssize_t n = kv_get(base, k, out, cap);

            if (n < 0)
                told(step, n);
            else
                printf("get %zd %s\n", n, out);
        } else if (is(step, "del")) {
            told(step, kv_del(base, next()));
        } else if (is(step, "each")) {
            each(base);
        } else if (is(step, "fill")) { /* PREFIX0=PREFIX0, PREFIX1=PREFIX1, ...: until one fails */
            const char *prefix = next();
            int max = atoi(next()), n = 0, done = 0;
            char k[64];

            while (n < max && done == 0) {
                snprintf(k, sizeof(k), "%s%d", prefix, n);
                done = kv_put(base, k, k);
                if (done == 0) {
                    memcpy(last, k, sizeof(k));
                    n++;
                }
            }
            printf("fill %d ", n);
            told("then", done);
        } else if (is(step, "again")) { /* the last key of fill: away, and put anew */
            told("del", kv_del(base, last));
            told("put", kv_put(base, last, last));
        } else if (is(step, "move") && !old) {
            old = base;
            base = moved(old, size);
            if (!base)
                return 1;
        } else if (is(step, "pointers")) {
            told(step, count_pointers(base, size));
        } else {
            code = unknown(step);
        }
        fflush(stdout);
    }
    free(old);
    free(base);
    return code;
}

static int probe_sv(void)
{
    while (*steps) {
        const char *step = next();
        int id;

        if (!is(step, "attach"))
            return unknown(step);
        id = atoi(next());
        errno = 0;
        printf("attach %s\n", sv_attach(id, 1)  ? "something"
                              : errno == ENOSYS ? "-1 ENOSYS"
                                                : "NULL");
    }
    return 0;
}

static void on_signal(int sig)
{
    static const char line[] = "signal\n";
    int why = errno;

    (void)sig;
    (void)!write(STDOUT_FILENO, line, sizeof(line) - 1);
    errno = why;
}

int main(int argc, char *argv[])
{
    struct sigaction act = {.sa_handler = on_signal}; /* no SA_RESTART */
    const char *what = argc > 1 ? argv[1] : "";

    sigemptyset(&act.sa_mask);
    sigaction(SIGUSR1, &act, NULL);
    steps = argv + (argc > 2 ? 3 : 1);
    if (argc > 2 && is(what, "region"))
        return probe_region(argv[2]);
    if (argc > 2 && is(what, "ring"))
        return probe_ring(argv[2]);
    if (argc > 2 && is(what, "kv"))
        return probe_kv((size_t)atol(argv[2]));
    if (argc > 2 && is(what, "sv")) {
        steps = argv + 2;
        return probe_sv();
    }
    fprintf(stderr, "usage: probe region|ring NAME STEP... | kv SIZE STEP... | sv STEP...\n");
    return 2;
}
