/* SPDX-License-Identifier: MIT */
/* probe: calls one function of the student's library, as told by its arguments, and prints what it
 * saw. It judges nothing: what is right is known to the tests alone.
 *
 *     ensure PATH MODE             fifo_ensure: "1", "0"
 *     format [CAP PID SEQ OP ARG]... req_format: "BYTES " and the line with its own LF, for each
 *     parse [LINE]...              req_parse: "0 PID SEQ OP(ARG)", for each
 *
 * A function that fails is told as "-1 ERRNO". */
#include "lab02.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_failed(void)
{
    const char *name = strerrorname_np(errno);

    printf("-1 %s\n", name ? name : "0");
}

static int probe_ensure(const char *path, const char *mode)
{
    int r = fifo_ensure(path, (mode_t)strtoul(mode, NULL, 8));

    if (r < 0)
        print_failed();
    else
        printf("%d\n", r);
    return 0;
}

static void probe_format(char *const field[])
{
    size_t cap = strtoul(field[0], NULL, 10);
    char *buf = malloc(cap);
    struct request r;
    int n;

    if (!buf)
        return;
    memset(&r, 0x5a, sizeof(r)); /* what lies behind the NULs is none of the function's business */
    r.pid = (pid_t)strtol(field[1], NULL, 10);
    r.seq = (uint32_t)strtoul(field[2], NULL, 10);
    snprintf(r.op, sizeof(r.op), "%s", field[3]);
    snprintf(r.arg, sizeof(r.arg), "%s", field[4]);
    n = req_format(&r, buf, cap);
    if (n < 0) {
        print_failed();
    } else {
        printf("%d ", n);
        fwrite(buf, 1, (size_t)n <= cap ? (size_t)n : cap, stdout);
    }
    free(buf);
}

static void probe_parse(const char *line)
{
    size_t len = strlen(line);
    char *bytes = malloc(len + 1);
    struct request r;

    if (!bytes)
        return;
    memcpy(bytes, line, len);
    bytes[len] = 'Z'; /* not a NUL: the length is told */
    memset(&r, 0x5a, sizeof(r));
    if (req_parse(bytes, len, &r) < 0)
        print_failed();
    else
        printf("0 %ld %lu %.16s(%.512s)\n", (long)r.pid, (unsigned long)r.seq, r.op, r.arg);
    free(bytes);
}

int main(int argc, char *argv[])
{
    const char *what = argc > 1 ? argv[1] : "";

    if (argc == 4 && strcmp(what, "ensure") == 0)
        return probe_ensure(argv[2], argv[3]);
    if (strcmp(what, "format") == 0) {
        for (int i = 2; i + 5 <= argc; i += 5)
            probe_format(argv + i);
        return 0;
    }
    if (strcmp(what, "parse") == 0) {
        for (int i = 2; i < argc; i++)
            probe_parse(argv[i]);
        return 0;
    }
    fprintf(stderr, "usage: probe ensure|format|parse [ARGUMENT...]\n");
    return 2;
}
