/* SPDX-License-Identifier: MIT */
/* tokend and tokenc */
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

/* C. tokend --------------------------------------------------------------------------------------- */

/* Hands the reply over to the client's queue, if there is one and it has room. */
static int reply_to(const struct rpc_req *req, const struct rpc_rep *rep)
{
    mqd_t q;
    int r;

    if (!memchr(req->reply_to, '\0', sizeof(req->reply_to)))
        return fail_with(EBADMSG);
    q = mq_open(req->reply_to, O_WRONLY);
    if (q < 0)
        return -1;
    r = transmit(q, rep, RPC_REP_HEADER + rep->len, 0, NO_WAIT);
    mq_close(q);
    return r;
}

/* Takes one message. Whatever is wrong with it is its sender's affair. */
static void serve(mqd_t q, uint64_t *next_token)
{
    struct rpc_req req;
    struct rpc_rep rep;
    ssize_t n = receive(q, &req, sizeof(req), NULL, NO_WAIT);

    if (n < 0)
        return;
    if (rpc_dispatch(&req, (size_t)n, &rep, next_token) == 0 && reply_to(&req, &rep) == 0)
        served++;
    else
        dropped++;
}

int tokend_run(const char *name)
{
    uint64_t next_token = 0;
    mqd_t q;

    stop_catch();
    q = q_create(name, QUEUE_MAXMSG, sizeof(struct rpc_req));
    if (q < 0)
        return complain("tokend", name);
    printf("READY %s\n", name);
    fflush(stdout);
    while (wait_ready(q, POLLIN, FOREVER) == 0)
        serve(q, &next_token);
    mq_close(q);
    mq_unlink(name);
    printf("BYE served=%llu dropped=%llu\n", (unsigned long long)served, (unsigned long long)dropped);
    return EXIT_OK;
}

/* C. tokenc --------------------------------------------------------------------------------------- */

/* Prints what came back, in the form of the command. */
static void print_result(const char *word, const unsigned char *data, size_t n)
{
    uint64_t v[2] = {0};

    memcpy(v, data, n < sizeof(v) ? n : sizeof(v));
    if (strcmp(word, "echo") == 0)
        print_message("", data, n);
    else if (strcmp(word, "stat") == 0)
        printf("served=%llu dropped=%llu\n", (unsigned long long)v[0], (unsigned long long)v[1]);
    else if (strcmp(word, "div") == 0)
        printf("%lld %lld\n", (long long)v[0], (long long)v[1]);
    else if (strcmp(word, "sum") == 0)
        printf("%lld\n", (long long)v[0]);
    else
        printf("%llu\n", (unsigned long long)v[0]);
}

/* The arguments of a command as they travel: a text, or numbers. */
static size_t marshal(char *const arguments[], int text, unsigned char data[RPC_MAX + 1])
{
    size_t n = 0;

    if (text) {
        n = strlen(arguments[0]) < RPC_MAX ? strlen(arguments[0]) : RPC_MAX + 1; /* too long: rpc_call says so */
        memcpy(data, arguments[0], n);
    }
    for (; !text && *arguments; arguments++, n += sizeof(int64_t)) {
        int64_t v = strtoll(*arguments, NULL, 10);

        memcpy(data + n, &v, sizeof(v));
    }
    return n;
}

int tokenc_run(const char *name, int timeout_ms, char *const command[])
{
    static const char *const words[] = {[OP_ECHO] = "echo", [OP_TOKEN] = "token", [OP_SUM] = "sum",
                                        [OP_DIV] = "div", [OP_STAT] = "stat"};
    unsigned char in[RPC_MAX + 1], out[RPC_MAX];
    uint32_t op = OP_ECHO;
    size_t n, outlen;
    int status, code = EXIT_OK;
    rpc_t *c;

    while (strcmp(command[0], words[op]) != 0)
        op++;
    n = marshal(command + 1, op == OP_ECHO, in);
    stop_catch();
    c = rpc_open(name);
    if (!c)
        return complain("tokenc", name);
    status = rpc_call(c, op, in, n, out, sizeof(out), &outlen, timeout_ms);
    if (status < 0) {
        code = complain("tokenc", command[0]);
    } else if (status > 0) {
        printf("remote error %d\n", status);
        code = EXIT_FAILED;
    } else {
        print_result(command[0], out, outlen);
    }
    rpc_close(c);
    return code;
}
