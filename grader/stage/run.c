/* SPDX-License-Identifier: MIT */
#include "stage/run.h"

#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/interrupt.h"

static const char *const compiler_env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=/tmp", "TMPDIR=/tmp", NULL};

static int start(struct stage *s, struct run *r, unsigned *id, struct err *err)
{
    r->out_fd = memfd_create("out", MFD_CLOEXEC);
    r->err_fd = memfd_create("err", MFD_CLOEXEC);
    if (r->out_fd < 0 || r->err_fd < 0)
        return err_errno(err, errno, "cannot make a memfd");
    const int fds[3] = {-1, r->out_fd, r->err_fd};
    const struct proc_spec spec = {
        .argv = (const char *const *)r->argv.v,
        .env = r->env ? r->env : compiler_env,
        .cwd = r->cwd,
        .uid = r->uid,
        .fds = fds,
        .nfds = 3,
        .limits = r->limits,
    };
    return box_start(s->box, &spec, id, err);
}

int run_within(struct stage *s, struct run *runs, size_t n, unsigned parallel, long *budget_ms, size_t *done,
               struct err *err)
{
    CLEANUP(free_ptr) unsigned *ids = xcalloc(n, sizeof(*ids));
    size_t started = 0;

    for (*done = 0; *done < n; (*done)++) {
        const size_t ended = *done;
        for (; started < n && *budget_ms > 0 && started - ended < (parallel ? parallel : 1); started++)
            if (start(s, &runs[started], &ids[started], err) < 0)
                return err_wrap(err, "cannot run %s", runs[started].argv.v[0]);
        if (started == ended)
            break;
        if (box_wait(s->box, ids[ended], &runs[ended].result, err) < 0)
            return -1;
        s->cpu_ms += runs[ended].result.cpu_ms;
        /* What computes for too long is ended by its limit of processor time, and that is much shorter. */
        if (runs[ended].uid == BOX_BUILDER && runs[ended].result.end == PROC_WALL)
            return err_set(err, "%s did not come to an end within %u s, and has not used its processor time: the machine is too busy",
                           runs[ended].argv.v[0], runs[ended].result.wall_ms / 1000);
        /* Whoever is killed has not waited for its children: their time is not in its own. */
        const struct proc_result *result = &runs[ended].result;
        *budget_ms -= (long)(result->end == PROC_EXITED ? result->cpu_ms : result->wall_ms);
        if (interrupt_signal())
            return err_errno(err, EINTR, "interrupted");
    }
    return 0;
}

int run_all(struct stage *s, struct run *runs, size_t n, unsigned parallel, struct err *err)
{
    long budget_ms = LONG_MAX;
    size_t done;

    return run_within(s, runs, n, parallel, &budget_ms, &done, err);
}

char *run_text(int fd, size_t max)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && (size_t)st.st_size < max)
        max = (size_t)st.st_size;
    char *text = xcalloc(max + 1, 1);
    size_t n = 0;

    for (ssize_t got; n < max && (got = pread(fd, text + n, max - n, (off_t)n)) > 0;)
        n += (size_t)got;
    for (size_t i = 0; i < n; i++)
        if (!text[i])
            text[i] = '\1'; /* a NUL must not hide what follows */
    return text;
}

bool run_ok(const struct run *r)
{
    return r->result.end == PROC_EXITED && r->result.code == 0;
}

void run_release(struct run *r)
{
    strs_release(&r->argv);
    close_fd(&r->out_fd);
    close_fd(&r->err_fd);
}

int put_file(struct box *box, const char *host, const char *path, mode_t mode, uid_t uid, struct err *err)
{
    CLEANUP(close_fd) int fd = open(host, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_errno(err, errno, "cannot open '%s'", host);
    return box_put(box, path, fd, mode, uid, err);
}
