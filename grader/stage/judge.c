/* SPDX-License-Identifier: MIT */
/* Theory of operation. The runner (uid 0 of the box) and each of its workers connect to a
 * SOCK_SEQPACKET socket that lies in a folder closed to students, and send records, a JSON document
 * each (docs/internals.md). Here they are accepted and read in one poll loop, together with the
 * box's own socket, which tells when the runner has ended, and the interrupt descriptor. */
#include "stage/judge.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stage/run.h"
#include "util/cleanup.h"
#include "util/interrupt.h"

enum { RECORD_MAX = 64 * 1024, CONNECTIONS_MAX = 256, LOG_MAX = 4000 };

struct channel {
    int listener;
    int *fds; /* connections of the runner's processes */
    size_t n;
    char *packet; /* room for one record */
};

static void channel_release(struct channel *c)
{
    for (size_t i = 0; i < c->n; i++)
        (void)close(c->fds[i]);
    free(c->fds);
    free(c->packet);
    close_fd(&c->listener);
}

static void take_record(struct stage *s, const struct judge *j, const char *packet, size_t n)
{
    json_error_t why;
    json_t *record = json_loadb(packet, n, JSON_ALLOW_NUL, &why);
    const char *name = json_string_value(json_object_get(record, "record"));
    const char *test = json_string_value(json_object_get(record, "test"));

    /* Only trusted processes reach this socket; what is not a record is a fault of theirs, and the
     * test it was about will be seen as unfinished. */
    if (name)
        j->record(j->ctx, name, test ? result_test(s->result, test) : NULL, record);
    json_decref(record);
}

/* All that a connection has to say now. False: it has ended. */
static bool drain(struct stage *s, const struct judge *j, struct channel *c, int fd)
{
    for (;;) {
        ssize_t n = recv(fd, c->packet, RECORD_MAX, MSG_DONTWAIT);
        if (n > 0)
            take_record(s, j, c->packet, (size_t)n);
        else if (n < 0 && errno == EINTR)
            continue;
        else
            return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }
}

static void serve(struct stage *s, const struct judge *j, struct channel *c)
{
    for (int fd; c->n < CONNECTIONS_MAX && (fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;)
        *VEC_ADD(&c->fds, &c->n) = fd;
    for (size_t i = 0; i < c->n; i++)
        if (!drain(s, j, c, c->fds[i])) {
            (void)close(c->fds[i]);
            c->fds[i--] = c->fds[--c->n];
        }
}

static int await_end(struct stage *s, const struct judge *j, struct channel *c, unsigned id, struct proc_result *res,
                     struct err *err)
{
    for (;;) {
        CLEANUP(free_ptr) struct pollfd *p = xcalloc(c->n + 3, sizeof(*p));
        p[0] = (struct pollfd){.fd = box_fd(s->box), .events = POLLIN};
        p[1] = (struct pollfd){.fd = interrupt_fd(), .events = POLLIN};
        p[2] = (struct pollfd){.fd = c->listener, .events = POLLIN};
        for (size_t i = 0; i < c->n; i++)
            p[3 + i] = (struct pollfd){.fd = c->fds[i], .events = POLLIN};
        if (poll(p, c->n + 3, -1) < 0 && errno != EINTR)
            return err_errno(err, errno, "poll");
        if (interrupt_signal())
            return err_errno(err, EINTR, "interrupted");
        serve(s, j, c);
        if (box_dispatch(s->box, err) < 0)
            return -1;
        if (box_poll(s->box, id, res)) {
            serve(s, j, c); /* what was sent just before the end */
            return 0;
        }
    }
}

int judge_run(struct stage *s, const struct judge *j, struct err *err)
{
    CLEANUP(channel_release) struct channel c = {.listener = -1, .packet = xcalloc(RECORD_MAX, 1)};
    CLEANUP(strs_release) struct strs env = {0};
    CLEANUP(close_fd) int log = memfd_create("runner", MFD_CLOEXEC);
    struct buf filter = {0};
    struct proc_result res;
    unsigned id;

    if (log < 0)
        return err_errno(err, errno, "cannot make a memfd");
    if (box_listen(s->box, j->channel, &c.listener, err) < 0)
        return -1;
    strs_add(&env, "PATH=/usr/bin:/bin");
    strs_add(&env, "LC_ALL=C.UTF-8");
    strs_add(&env, "HOME=/tmp");
    strs_add(&env, "TMPDIR=/judge");
    strs_add(&env, "LAB_PROGRAMS=" SUB_BIN);
    strs_add(&env, "LAB_PEERS=/peers");
    strs_add(&env, "LAB_WORK=/tests");
    strs_addf(&env, "LAB_CHANNEL=%s", j->channel);
    strs_addf(&env, "LAB_FIRST_UID=%u", (unsigned)box_inner_uid(s->box, BOX_STUDENT_FIRST));
    strs_add(&env, "LAB_FILTER=" BOX_FILTER_PATH);
    strs_add(&env, "LAB_MEMORY=" BOX_MEMORY_PATH);
    CLEANUP(free_ptr) char *limits = lab_limits(s->lab);
    strs_addf(&env, "LAB_LIMITS=%s", limits);
    for (size_t i = 0; j->env && i < j->env->n; i++)
        strs_add(&env, j->env->v[i]);
    buf_puts(&filter, "--filter=*/@(");
    for (size_t i = 0; i < j->tests->n; i++)
        buf_printf(&filter, "%s%s", i ? "|" : "", j->tests->v[i]);
    buf_puts(&filter, ")");
    CLEANUP(free_ptr) char *filter_arg = buf_steal(&filter);
    CLEANUP(free_ptr) char *jobs_arg = xformat("-j%u", j->jobs ? j->jobs : 1);
    const char *const argv[] = {"/judge/tests", jobs_arg, "--quiet", filter_arg, NULL};
    const int fds[3] = {-1, log, log};
    const struct proc_spec spec = {
        .argv = argv,
        .env = (const char *const *)env.v,
        .uid = BOX_JUDGE,
        .fds = fds,
        .nfds = 3,
        .limits = {.wall_ms = j->wall_ms, .cpu_s = j->wall_ms / 1000 + 1},
    };
    if (box_start(s->box, &spec, &id, err) < 0 || await_end(s, j, &c, id, &res, err) < 0)
        return -1;
    s->cpu_ms += res.cpu_ms;
    if (res.end == PROC_EXITED && res.code <= 1)
        return 0; /* 1: a test failed */
    char how[128];
    proc_describe(&res, how, sizeof(how));
    CLEANUP(free_ptr) char *text = run_text(log, LOG_MAX);
    return err_set(err, "the test runner of %s ended with %s%s%s", s->lab->config->lab, how, *text ? ": " : "", text);
}
