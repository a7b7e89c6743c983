/* SPDX-License-Identifier: MIT */
/* Lab 01 by other means: posix_spawn, a feeder process, splice, waitid, writev, stdio in the children. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "lab01.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own.h"

/* A. ------------------------------------------------------------------------------------------- */

/* Recursive: one read, then the rest. */
ssize_t io_read_full(int fd, void *buf, size_t n)
{
    struct iovec v = {buf, n};
    ssize_t got, rest;

    if (n == 0)
        return 0;
    do
        got = readv(fd, &v, 1);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return got;
    rest = (size_t)got == n ? 0 : io_read_full(fd, (char *)buf + got, n - (size_t)got);
    return rest < 0 ? -1 : got + rest;
}

/* All bytes of the two pieces. */
static int write_two(int fd, struct iovec v[2])
{
    int i = 0;

    while (i < 2) {
        ssize_t n;

        if (v[i].iov_len == 0) {
            i++;
            continue;
        }
        n = writev(fd, v + i, 2 - i);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        for (; i < 2 && (size_t)n >= v[i].iov_len; i++)
            n -= (ssize_t)v[i].iov_len;
        if (i < 2) {
            v[i].iov_base = (char *)v[i].iov_base + n;
            v[i].iov_len -= (size_t)n;
        }
    }
    return 0;
}

int io_write_full(int fd, const void *buf, size_t n)
{
    struct iovec v[2] = {{(void *)(uintptr_t)buf, n}, {NULL, 0}};

    return write_two(fd, v);
}

int msg_send(int fd, const void *buf, size_t len)
{
    unsigned char head[4];
    struct iovec v[2] = {{head, sizeof(head)}, {(void *)(uintptr_t)buf, len}};

    if (len > MSG_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    for (int i = 0; i < 4; i++)
        head[i] = (unsigned char)(len >> (24 - 8 * i) & 0xff);
    return write_two(fd, v);
}

/* One byte. 1, 0 at the end, -1. */
static int byte(int fd, unsigned char *c)
{
    return (int)io_read_full(fd, c, 1);
}

ssize_t msg_recv(int fd, void *buf, size_t cap)
{
    unsigned char c, *p = buf;
    size_t len = 0;
    int r;

    for (int i = 0; i < 4; i++) {
        r = byte(fd, &c);
        if (r == 0 && i == 0)
            return MSG_EOF;
        if (r < 0)
            return -1;
        if (r == 0)
            goto broken;
        len = len << 8 | c;
    }
    if (len > MSG_MAX)
        goto broken;
    for (size_t i = 0; i < len; i++) {
        r = byte(fd, len <= cap ? p + i : &c);
        if (r < 0)
            return -1;
        if (r == 0)
            goto broken;
    }
    if (len <= cap)
        return (ssize_t)len;
    errno = EMSGSIZE;
    return -1;
broken:
    errno = EPROTO;
    return -1;
}

int status_to_code(int wstatus)
{
    int sig = wstatus & 0x7f;

    return sig ? 128 + sig : wstatus >> 8 & 0xff;
}

/* B. ------------------------------------------------------------------------------------------- */

static int receiver(int fd, int out_fd)
{
    FILE *in = fdopen(fd, "r"), *out = fdopen(out_fd, "w");
    int c, bad;

    if (!in || !out)
        return EXIT_FAILED;
    fputs("child: ", out);
    for (;;) {
        c = getc(in);
        if (c != EOF)
            putc(c, out);
        else if (ferror(in) && errno == EINTR)
            clearerr(in);
        else
            break;
    }
    putc('\n', out);
    bad = ferror(in);
    fclose(in);
    if (fclose(out) == EOF)
        bad = 1;
    if (bad)
        fprintf(stderr, "hello: child: %s\n", strerror(errno));
    return bad ? EXIT_FAILED : EXIT_OK;
}

int relay_to_child(const void *msg, size_t len, int out_fd)
{
    struct quiet q;
    int p[2], code = -1, err = 0;
    pid_t pid;

    if (high_pipe(p) < 0)
        return -1;
    quiet_begin(&q);
    pid = fork();
    if (pid == 0) {
        shut(&p[1]);
        _exit(receiver(p[0], out_fd));
    }
    if (pid < 0)
        err = errno;
    shut(&p[0]);
    if (!err && io_write_full(p[1], msg, len) < 0 && errno != EPIPE)
        err = errno;
    shut(&p[1]);
    if (pid > 0 && reap(pid, &code) < 0)
        err = errno;
    quiet_end(&q);
    if (err) {
        errno = err;
        return -1;
    }
    return code;
}

int hello_run(void)
{
    static char line[HELLO_MAX];
    size_t len = 0;
    int c, code;

    for (;;) {
        c = getc(stdin);
        if (c == EOF && ferror(stdin) && errno == EINTR) {
            clearerr(stdin);
            continue;
        }
        if (c == EOF || c == '\n')
            break;
        if (len == sizeof(line)) {
            fprintf(stderr, "hello: standard input: %s\n", strerror(EMSGSIZE));
            return EXIT_FAILED;
        }
        line[len++] = (char)c;
    }
    if (c == EOF && ferror(stdin)) {
        perror("hello: standard input");
        return EXIT_FAILED;
    }
    code = relay_to_child(line, len, STDOUT_FILENO);
    if (code < 0) {
        perror("hello: relay");
        return EXIT_FAILED;
    }
    if (dprintf(STDOUT_FILENO, "parent: child exited %d\n", code) < 0) {
        perror("hello: standard output");
        return EXIT_FAILED;
    }
    return code;
}

/* C. ------------------------------------------------------------------------------------------- */

/* The feeder is made while there is only the first pipe: so it has nothing of the second to close. */
int filter_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    const int callers[2] = {in_fd, out_fd};
    struct quiet q;
    int up[2], down[2] = {-1, -1}, err = 0, read_error, r = 0, ignored;
    int *told; /* the feeder's errno */
    pid_t command = 0, feeder;

    if (high_pipe(up) < 0)
        return -1;
    told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED) {
        shut(&up[0]);
        shut(&up[1]);
        return -1;
    }
    quiet_begin(&q);
    feeder = fork();
    if (feeder == 0) {
        shut(&up[0]);
        r = pump(in_fd, up[1], &read_error);
        *told = read_error ? r : 0;
        shut(&up[1]);
        munmap(told, sizeof(*told));
        _exit(0);
    }
    if (feeder < 0)
        err = errno;
    shut(&up[1]); /* the feeder's alone */
    if (!err && high_pipe(down) < 0)
        err = errno;
    if (!err) {
        r = spawn("filter", &command, argv, up[0], down[1], callers);
        if (r < 0)
            err = errno;
    }
    shut(&up[0]);
    shut(&down[1]);
    if (command > 0)
        err = pump(down[0], out_fd, &read_error);
    shut(&down[0]);
    if (err && feeder > 0)
        kill(feeder, SIGKILL);
    if (command > 0 && reap(command, &r) < 0 && !err)
        err = errno;
    if (feeder > 0) {
        kill(feeder, SIGKILL); /* it may wait for input that nobody wants any more */
        reap(feeder, &ignored);
        if (!err)
            err = *told;
    }
    munmap(told, sizeof(*told));
    quiet_end(&q);
    if (err) {
        errno = err;
        return -1;
    }
    *code = r;
    return 0;
}

/* D. ------------------------------------------------------------------------------------------- */

int pipeline_run(char **const stages[], size_t n, int in_fd, int out_fd, int codes[])
{
    const int callers[2] = {in_fd, out_fd};
    struct quiet q;
    int(*pipes)[2];
    pid_t *pids;
    size_t made = 0, run = 0;
    int err = 0;

    if (n == 0) {
        errno = EINVAL;
        return -1;
    }
    pids = malloc(n * sizeof(*pids));
    pipes = malloc(n * sizeof(*pipes));
    if (!pids || !pipes) {
        free(pids);
        free(pipes);
        errno = ENOMEM;
        return -1;
    }
    quiet_begin(&q);
    while (!err && made < n - 1)
        if (high_pipe(pipes[made]) < 0)
            err = errno;
        else
            made++;
    for (; !err && run < n; run++) {
        codes[run] = spawn("pipeline", &pids[run], stages[run], run == 0 ? in_fd : pipes[run - 1][0],
                           run == n - 1 ? out_fd : pipes[run][1], callers);
        if (codes[run] < 0) {
            err = errno;
            break;
        }
    }
    while (made-- > 0) {
        shut(&pipes[made][1]);
        shut(&pipes[made][0]);
    }
    while (run-- > 0) {
        if (pids[run] == 0)
            continue;
        if (err)
            kill(pids[run], SIGKILL);
        if (reap(pids[run], &codes[run]) < 0 && !err)
            err = errno;
    }
    free(pids);
    free(pipes);
    quiet_end(&q);
    errno = err ? err : errno;
    return err ? -1 : 0;
}

/* E. ------------------------------------------------------------------------------------------- */

int rec_send(int fd, uint32_t worker, uint32_t seq, size_t size)
{
    static union {
        uint32_t word[3];
        unsigned char byte[PIPE_BUF];
    } rec;

    if (size < REC_MIN || size > PIPE_BUF) {
        errno = EINVAL;
        return -1;
    }
    for (size_t i = 3 * sizeof(uint32_t); i < size; i++)
        rec.byte[i] = (unsigned char)(worker + seq);
    rec.word[0] = worker;
    rec.word[1] = seq;
    rec.word[2] = (uint32_t)size;
    for (;;) {
        ssize_t n = write(fd, &rec, size);

        if (n == (ssize_t)size)
            return 0;
        if (n >= 0)
            errno = EIO;
        if (errno != EINTR)
            return -1;
    }
}

static int valid(const unsigned char *rec, size_t size, uint32_t counts[], size_t nworkers)
{
    uint32_t w[3];

    memcpy(w, rec, sizeof(w));
    if (w[0] >= nworkers || w[2] != size)
        return 0;
    for (const unsigned char *p = rec + sizeof(w); p < rec + size; p++)
        if (*p != (unsigned char)(w[0] + w[1]))
            return 0;
    counts[w[0]]++;
    return 1;
}

/* Whatever is there, up to 1 MiB at a time. */
int rec_collect(int fd, size_t size, uint32_t counts[], size_t nworkers)
{
    static unsigned char block[1 << 20];
    size_t have = 0;

    if (size < REC_MIN || size > PIPE_BUF) {
        errno = EINVAL;
        return -1;
    }
    for (;;) {
        ssize_t n = read(fd, block + have, sizeof(block) - have);
        size_t at = 0;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        for (have += (size_t)n; have - at >= size; at += size)
            if (!valid(block + at, size, counts, nworkers)) {
                errno = EPROTO;
                return -1;
            }
        memmove(block, block + at, have - at);
        have -= at;
    }
    if (have == 0)
        return 0;
    errno = EPROTO;
    return -1;
}

int fanin_run(size_t workers, uint32_t records, size_t size)
{
    struct {
        pid_t pid;
        int code;
    } w[64];
    uint32_t *counts = calloc(workers, sizeof(*counts));
    static char out[4096];
    int p[2], err = 0, lost = 0;
    size_t n, used = 0;

    if (!counts || workers > 64 || high_pipe(p) < 0) {
        perror("fanin: setup");
        free(counts);
        return EXIT_FAILED;
    }
    for (n = 0; n < workers; n++) {
        w[n].pid = fork();
        if (w[n].pid < 0) {
            err = errno;
            break;
        }
        if (w[n].pid == 0) {
            uint32_t seq = 0;

            shut(&p[0]);
            free(counts);
            while (seq < records && rec_send(p[1], (uint32_t)n, seq, size) == 0)
                seq++;
            shut(&p[1]);
            _exit(seq < records);
        }
    }
    shut(&p[1]);
    if (!err && rec_collect(p[0], size, counts, workers) < 0)
        err = errno;
    shut(&p[0]);
    while (n-- > 0) {
        if (reap(w[n].pid, &w[n].code) < 0 || w[n].code != 0 || counts[n] != records)
            lost = 1;
    }
    if (err || lost) {
        fprintf(stderr, "fanin: %s: %s\n", err == EPROTO ? "stream corrupt" : "workers", strerror(err ? err : EIO));
        free(counts);
        return EXIT_FAILED;
    }
    for (n = 0; n < workers; n++)
        used += (size_t)snprintf(out + used, sizeof(out) - used, "worker %zu: %u\n", n, (unsigned)counts[n]);
    used += (size_t)snprintf(out + used, sizeof(out) - used, "total %zu\n", workers * (size_t)records);
    free(counts);
    if (io_write_full(STDOUT_FILENO, out, used) < 0) {
        perror("fanin: standard output");
        return EXIT_FAILED;
    }
    return EXIT_OK;
}
