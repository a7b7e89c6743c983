/* SPDX-License-Identifier: MIT */
/* The hidden tests of lab04. Each checks what its row in lab.yaml says and tolerates the rest. */
#include "tokens.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* A. Queue functions --------------------------------------------------------------------------- */

/* A receive that waits, is interrupted, waits again, and gets its message. */
static void receive_interrupted(const char *name, const char *timeout_ms)
{
    const struct start how = {.env = forgiving};
    struct proc *p = start_with(&how, "probe", "receive", name, timeout_ms, NULL);

    await_blocked(p, WAITING);
    send_signal(p, SIGUSR1);
    expect_next_line(p, "signal");
    await_blocked(p, WAITING);
    queue_put(name, "later", 5, 4);
    expect_next_line(p, "4 5 6c61746572");
    expect_exit(p, 0);
}

LAB_TEST(hidden, q_recv_sizes_eintr)
{
    const char *name = queue_name("/q"), *got, *at;
    struct proc *p;
    size_t digits;

    make_queue(name, 4, QUEUE_MSGSIZE);
    clue("receive-buffer");
    p = start("probe", "sizes", name, NULL);
    expect_next_line(p, "0");
    got = next_line(p);
    check(strncmp(got, "0 512 ", 6) == 0, NULL,
          "q_recv of the longest message that the queue allows: %.40s", got);
    at = got + 6;
    digits = strlen(at);
    check(digits == 1024 && strspn(at, "7a") == digits, NULL, "q_recv of the longest message that the queue allows returned other bytes");
    clue("message-too-long");
    expect_next_line(p, "-1 EMSGSIZE");
    expect_next_line(p, "4 512 0");
    expect_exit(p, 0);

    clue("eintr");
    receive_interrupted(name, "-1");
    receive_interrupted(name, NO_TIMEOUT);
    p = start("probe", "ticking", name, "100", NULL);
    (void)await_exit(p);
    check(!strstr(stdout_of(p), "longer"), "eintr-deadline",
          "q_recv with a timeout still waits long after it, as long as signals come");
}

/* C. The token server and its clients ----------------------------------------------------------- */

/* Clients that have opened the server, and wait for their standard input to end. */
static void open_clients(struct proc *clients[], size_t n, const struct start *how, const char *name,
                         const char *tokens)
{
    for (size_t i = 0; i < n; i++) {
        clients[i] = start_with(how, "probe", "tokens", name, tokens, NULL);
        const char *line = next_line(clients[i]);

        check(strcmp(line, "open") == 0, NULL, "rpc_open of the %zu. client at the same time failed: %s", i + 1, line);
    }
}

static void end_clients(struct proc *server, struct proc *clients[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        close_stdin(clients[i]); /* go, all of you */
    for (size_t i = 0; i < n; i++) {
        token_await(server, clients[i]);
        expect_exit(clients[i], 0);
    }
}

LAB_TEST(hidden, tokend_concurrent)
{
    enum { CLIENTS = 12, TOKENS = 25 };
    const struct start held = {.stdin_pipe = true, .env = forgiving};
    const char *name = queue_name("/tok");
    struct proc *d = token_server(name), *clients[CLIENTS], *first, *second;

    /* The reply to the first client comes while only the second one listens. */
    clue("shared-reply-queue");
    freeze(d);
    first = token_client(name, WORDS("echo", "from the first"));
    await_blocked(first, WAITING);
    second = token_client(name, WORDS("echo", "from the second"));
    await_blocked(second, WAITING);
    freeze(first);
    thaw(d);
    token_await(d, second);
    expect_exit(second, 0);
    expect_output(second, "from the second\n");
    thaw(first);
    token_await(d, first);
    expect_exit(first, 0);
    expect_output(first, "from the first\n");

    clue("default-attributes");
    open_clients(clients, CLIENTS, &held, name, text("%d", TOKENS));
    clue("token-copies");
    end_clients(d, clients, CLIENTS);
    token_check_all(clients, CLIENTS, (size_t)CLIENTS * TOKENS);
    clue(NULL);
    token_end(d);
}

LAB_TEST(hidden, hostile_requests)
{
    const char *name = queue_name("/tok"), *full = text("%s.1", name), *nobody = text("%s.2", name);
    struct proc *d = token_server(name);
    const int64_t trap[] = {INT64_MIN, -1}, zero[] = {1, 0};
    unsigned char many[RPC_MAX];
    struct rpc_req r;
    size_t n;

    clue("server-idle");
    expect_idle(d);

    clue("bad-message");
    queue_put(name, "", 0, 0);
    queue_put(name, "what?", 5, 0);
    n = token_request(&r, OP_ECHO, 1, nobody, "abcd", 4);
    queue_put(name, &r, n - 1, 0);
    r.magic = RPC_REP_MAGIC;
    queue_put(name, &r, n, 0);
    token_ask(d, name, WORDS("echo", "after bad messages"), 0, "after bad messages\n");

    clue("reply-to-trusted");
    (void)memset(many, 'y', sizeof(many));
    n = token_request(&r, OP_ECHO, 2, "/no-end-no-end-no-end-no-end-no-end", many, sizeof(many));
    queue_put(name, &r, n, 0);
    queue_put(name, &r, token_request(&r, OP_ECHO, 3, nobody, "x", 1), 0);
    queue_put(name, &r, token_request(&r, OP_ECHO, 4, "no slash", "x", 1), 0);
    queue_put(name, &r, token_request(&r, OP_ECHO, 5, "", "x", 1), 0);
    token_ask(d, name, WORDS("echo", "after bad names"), 0, "after bad names\n");

    clue("division-trap");
    queue_put(name, &r, token_request(&r, OP_DIV, 6, nobody, trap, sizeof(trap)), 0);
    queue_put(name, &r, token_request(&r, OP_DIV, 7, nobody, zero, sizeof(zero)), 0);
    token_ask(d, name, WORDS("echo", "after bad numbers"), 0, "after bad numbers\n");

    clue("server-waits-for-client");
    make_queue(full, 1, sizeof(struct rpc_rep));
    queue_put(full, "full", 4, 0);
    queue_put(name, &r, token_request(&r, OP_ECHO, 8, full, "x", 1), 0);
    token_ask(d, name, WORDS("echo", "after one who does not listen"), 0, "after one who does not listen\n");

    clue("server-counts");
    token_ask(d, name, WORDS("stat"), 0, "served=4 dropped=11\n");

    clue("server-idle");
    expect_idle(d);
    clue(NULL);
    token_end(d);
    check(!strstr(stdout_of(d), "BYE ") || strstr(stdout_of(d), "BYE served=5 dropped=11\n"), "server-counts",
          "the counts of tokend's last line are not those of what was sent to it");
}

/* A reply as it travels. Its size. */
static size_t make_reply(struct rpc_rep *rep, uint64_t id, const char *data)
{
    *rep = (struct rpc_rep){.magic = RPC_REP_MAGIC, .id = id, .len = (uint32_t)strlen(data)};
    (void)memcpy(rep->data, data, strlen(data));
    return RPC_REP_HEADER + rep->len;
}

/* The next request to the server that the test plays, from this client. */
static struct rpc_req take_request(const char *name, struct proc *client, size_t *size)
{
    const void *msg = queue_take(name, size, NULL);
    const char *want = text("%s.%d", name, (int)pid_of(client));
    struct rpc_req r = {0};

    (void)memcpy(&r, msg, *size < sizeof(r) ? *size : sizeof(r));
    check(*size >= RPC_REQ_HEADER && r.magic == RPC_REQ_MAGIC, "marshalling", "tokenc sent something that is no request");
    check(memchr(r.reply_to, '\0', sizeof(r.reply_to)), "reply-queue-name", "reply_to does not end with a NUL");
    check(strcmp(r.reply_to, want) == 0, "shared-reply-queue",
          "reply_to is %s; a queue of this client's own, SERVER.PID, is %s", r.reply_to, want);
    check(queue_exists(r.reply_to), "reply-queue-name", "reply_to is %s, and there is no such queue", r.reply_to);
    return r;
}

static void check_reply_queue_gone(const char *name, struct proc *client, const char *when)
{
    check(!queue_exists(text("%s.%d", name, (int)pid_of(client))), "reply-queue-left",
          "the reply queue of tokenc is still there after %s", when);
}

static long long now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

struct late {
    struct proc *client;
    const char *server;
    mqd_t replies;     /* the client's queue */
    long long next_ms; /* when the next reply may come */
};

static bool has_asked(void *arg)
{
    const struct late *l = arg;

    return has_ended(l->client) || queue_state(l->server).messages > 0;
}

/* It has ended; or it has taken what came, and waits for more. One that looks at the clock once more has
 * had the time to. */
static bool wants_more(void *arg)
{
    const struct late *l = arg;
    struct mq_attr attr;

    return has_ended(l->client)
           || (now_ms() >= l->next_ms && mq_getattr(l->replies, &attr) == 0 && attr.mq_curmsgs == 0
               && blocked_in(l->client, WAITING));
}

/* Late replies come and come: the call ends when its time is over all the same. */
static void only_late_replies(void)
{
    enum { TIMEOUT_MS = 400, PACE_MS = 20, TOO_MANY = 10 };
    const struct start timed = {.env = carrying};
    const char *name = queue_name("/late");
    struct late l = {.server = name, .replies = -1};
    struct rpc_req req = {0};
    struct rpc_rep rep;
    long long end_ms = 0;
    int late = 0;
    size_t n;

    make_queue(name, 8, QUEUE_MSGSIZE);
    l.client = start_with(&timed, "tokenc", "-t", text("%d", TIMEOUT_MS), name, "token", NULL);
    await(has_asked, &l, "a request of tokenc");
    if (queue_state(name).messages > 0) {
        const void *msg = queue_take(name, &n, NULL);

        (void)memcpy(&req, msg, n < sizeof(req) ? n : sizeof(req));
        l.replies = mq_open(text("%s.%d", name, (int)pid_of(l.client)), O_RDWR | O_NONBLOCK);
    }
    n = make_reply(&rep, req.id - 1, "late");
    while (l.replies >= 0 && late < TOO_MANY) { /* it may have ended already, on a busy machine */
        await(wants_more, &l, "tokenc to take a late reply");
        if (has_ended(l.client))
            break;
        if (!end_ms) /* it waits now: its time has begun */
            end_ms = now_ms() + TIMEOUT_MS;
        late += now_ms() > end_ms;
        l.next_ms = now_ms() + PACE_MS;
        (void)mq_send(l.replies, (const char *)&rep, n, 0);
    }
    if (l.replies >= 0)
        (void)mq_close(l.replies);
    check(late < TOO_MANY, "client-timeout", "tokenc still waits long after its timeout, as long as late replies come");
    expect_complaint(l.client, 4);
    check_reply_queue_gone(name, l.client, "a timeout");
}

LAB_TEST(hidden, client_timeout_late_reply)
{
    const struct start timed = {.env = carrying};
    const char *name = queue_name("/tok");
    struct rpc_rep rep;
    struct rpc_req req;
    struct proc *c;
    size_t n;

    make_queue(name, 8, QUEUE_MSGSIZE);
    clue("absolute-deadline");
    c = start("tokenc", "-t", NO_TIMEOUT, name, "echo", "question", NULL);
    await_blocked(c, WAITING);
    req = take_request(name, c, &n);
    await_blocked(c, WAITING);
    clue("reply-id");
    n = make_reply(&rep, req.id - 1, "the answer to the question before");
    queue_put(req.reply_to, &rep, n, 0);
    n = make_reply(&rep, req.id, "the right answer");
    queue_put(req.reply_to, &rep, n, 0);
    expect_exit(c, 0);
    expect_output(c, "the right answer\n");
    check_reply_queue_gone(name, c, "an answer");

    clue("client-timeout");
    c = start_with(&timed, "tokenc", "-t", "50", name, "token", NULL);
    expect_complaint(c, 4);
    check_reply_queue_gone(name, c, "a timeout");

    clue("reply-queue-left");
    c = start("tokenc", "-t", NO_TIMEOUT, name, "token", NULL);
    await_blocked(c, WAITING);
    send_signal(c, SIGTERM);
    (void)await_exit(c);
    check_reply_queue_gone(name, c, "SIGTERM");

    only_late_replies();
}

LAB_TEST(hidden, small_quota)
{
    enum { LIMIT = 64 * 1024, CLIENTS = 4, TOKENS = 3 };
    const struct start limited = {.msgqueue = LIMIT, .env = forgiving, .stdin_pipe = true};
    const char *name = queue_name("/tok"), *reply_to = text("%s.1", name), *fake = queue_name("/fake");
    struct proc *d, *c, *clients[CLIENTS];
    const struct rpc_rep *rep;
    struct rpc_rep answer;
    struct rpc_req req;
    size_t n;

    need_queues(CLIENTS + 1, QUEUE_MAXMSG, QUEUE_MSGSIZE, LIMIT);
    clue("default-attributes");
    d = start_with(&limited, "tokend", name, NULL);
    await_line(d, text("READY %s", name));
    open_clients(clients, CLIENTS, &limited, name, text("%d", TOKENS));
    for (size_t i = 0; i < CLIENTS; i++) { /* which tokens they get is not the question here */
        close_stdin(clients[i]);
        token_await(d, clients[i]);
        expect_exit(clients[i], 0);
        check(!strstr(stdout_of(clients[i]), "-1 E"), NULL, "a call failed with little room for queues: %s",
              stdout_of(clients[i]));
    }

    clue("unset-bytes");
    make_queue(reply_to, 2, QUEUE_MSGSIZE);
    queue_put(name, &req, token_request(&req, OP_ECHO, 1, reply_to, "bytes", 5), 0);
    rep = queue_take(reply_to, &n, NULL);
    check(n >= RPC_REP_HEADER && rep->len == 5, "marshalling", "tokend's reply to an ECHO");
    check_int((long long)n, (long long)RPC_REP_HEADER + 5, NULL, "bytes in tokend's reply to an ECHO");
    token_end(d);

    make_queue(fake, 2, QUEUE_MSGSIZE);
    c = token_client(fake, WORDS("echo", "bytes"));
    req = take_request(fake, c, &n);
    check_int((long long)n, (long long)RPC_REQ_HEADER + 5, NULL, "bytes in tokenc's request for an ECHO");
    for (size_t i = strlen(req.reply_to); i < sizeof(req.reply_to); i++)
        check(req.reply_to[i] == '\0', NULL, "behind the name in reply_to there are other bytes than NULs");
    n = make_reply(&answer, req.id, "bytes");
    queue_put(req.reply_to, &answer, n, 0);
    expect_exit(c, 0);
}

/* D. mqpool ------------------------------------------------------------------------------------- */

struct printed {
    struct proc *p;
    size_t lines;
};

static bool has_printed(void *arg)
{
    const struct printed *w = arg;
    size_t n = 0;

    for (const char *at = stdout_of(w->p); (at = strchr(at, '\n')); at++)
        n++;
    return n >= w->lines;
}

static bool is_waiting_for_workers(void *arg)
{
    return has_ended(arg) || blocked_in(arg, CALL_WAIT | WAITING);
}

static const char *job(int i)
{
    return text(" job number %03d\n", i);
}

LAB_TEST(hidden, mqpool_all_jobs)
{
    enum { WORKERS = 4, JOBS = 400, LATE = 4 };
    const struct start typed = {.stdin_pipe = true};
    const char *name = queue_name("/pool");
    struct proc *p;
    const char *out;

    clue("pool-stop");
    p = start_with(&typed, "mqpool", "-j", text("%d", WORKERS), name, NULL);
    for (int i = 0; i < JOBS - LATE; i++)
        write_stdin(p, text("%d%s", i % 9 + 1, job(i)));
    await(has_printed, (&(struct printed){p, JOBS - LATE}), text("%d lines from the workers", JOBS - LATE));

    /* The last jobs and the stop messages are in the queue before a worker can take any of them. */
    freeze_offspring(p);
    for (int i = JOBS - LATE; i < JOBS; i++)
        write_stdin(p, text("%d%s", i % 9 + 1, job(i)));
    close_stdin(p);
    await_stdin_read(p);
    await(is_waiting_for_workers, p, "mqpool to have sent everything");
    thaw_offspring(p);
    clue("one-stop-for-all");
    expect_exit(p, 0);
    check_int(offspring_of(p), 0, NULL, "workers that are left when mqpool has ended");

    clue("pool-jobs");
    out = stdout_of(p);
    for (int i = 0; i < JOBS; i++) {
        int times = 0;

        for (const char *at = out; (at = strstr(at, job(i))); at++)
            times++;
        check(times > 0, "stop-overtakes", "job %d of %d was not done", i + 1, JOBS);
        check(times == 1, NULL, "job %d was done %d times", i + 1, times);
    }
    check(strlen(out) > 14 && strcmp(out + strlen(out) - 14, "DONE jobs=400\n") == 0, NULL,
          "the last line is not DONE with the number of jobs");
    check(!queue_exists(name), "pool-name-left", "mqpool has ended, and its queue is still there");

    clue("pool-signal");
    p = start_with(&typed, "mqpool", "-j", "1", name, NULL); /* one: so it has begun when it prints */
    write_stdin(p, "1 begun\n");
    (void)next_line(p);
    await_blocked(p, CALL_WAIT | WAITING);
    send_signal(p, SIGINT);
    expect_exit(p, 1);
    check_int(offspring_of(p), 0, NULL, "workers that are left when mqpool has ended by SIGINT");
    check(!queue_exists(name), NULL, "mqpool has ended by SIGINT, and its queue is still there");
}

/* E. mqwatch ------------------------------------------------------------------------------------ */

LAB_TEST(hidden, mqwatch_burst)
{
    const char *name = queue_name("/watch");
    const char *const gap[] = {text("LAB_GAP=%s", name), NULL};
    const struct start how = {.env = gap};
    const char *ready = text("READY %s", name), *line;
    static const unsigned prios[] = {3, 9, 1, 9, 5};
    static const char *const sorted[] = {"9 message 1", "9 message 3", "5 message 4", "3 message 0", "1 message 2"};
    struct proc *p;
    bool late;

    clue("usage");
    expect_usage(start("mqwatch", NULL));
    clue("no-queue");
    expect_complaint(start("mqwatch", name, NULL), 3);
    make_queue(name, 8, 64);

    clue("watch-ready");
    queue_put(name, "earlier", 7, 4);
    p = start_with(&how, "mqwatch", "-c", "8", name, NULL);
    line = next_line(p);
    late = strcmp(line, "4 earlier") == 0; /* READY before or behind it: not the question here */
    check_str(line, late ? "4 earlier" : ready, NULL, "the first line of mqwatch");
    clue("watch-earlier");
    expect_next_line(p, late ? ready : "4 earlier");
    clue("watch-polls");
    expect_idle(p);
    clue("watch-second");
    expect_complaint(start("mqwatch", name, NULL), 5);

    /* Five come while it cannot look, and one (LAB_GAP) just before it registers again: it has the
     * lowest priority, so whoever drains once more or only then prints it as the last. */
    clue("watch-not-rearmed");
    make_file("gap", "", 0);
    freeze(p);
    for (int i = 0; i < 5; i++)
        queue_put(name, text("message %d", i), strlen("message 0"), prios[i]);
    thaw(p);
    for (int i = 0; i < 5; i++)
        expect_next_line(p, sorted[i]);
    clue("watch-polls");
    expect_idle(p);
    check(queue_state(name).messages == 0, "watch-gap",
          "a message that came between draining and registering is in the queue, and mqwatch sleeps");
    check(strstr(stdout_of(p), "\n0 gap\n"), "watch-not-rearmed",
          "mqwatch has not registered again after the first notification");
    expect_next_line(p, "0 gap");
    clue("watch-not-rearmed");
    queue_put(name, "one more", 8, 2);
    expect_next_line(p, "2 one more");
    expect_exit(p, 0);
}
