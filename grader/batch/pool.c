/* SPDX-License-Identifier: MIT */
#include "batch/pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/i18n.h"
#include "util/interrupt.h"
#include "util/vec.h"

struct piece {
    pid_t pid;       /* 0: not started, or ended */
    int pidfd, out;
    int status;
    bool ended;
};

static int start(const struct pool *p, struct piece *one, size_t i, struct err *err)
{
    const pid_t self = getpid();

    one->out = memfd_create("piece", MFD_CLOEXEC);
    if (one->out < 0)
        return err_errno(err, errno, "cannot make a memfd");
    (void)fflush(NULL); /* or it would be written twice */
    one->pid = fork();
    if (one->pid < 0) {
        one->pid = 0;
        return err_errno(err, errno, N_("cannot fork"));
    }
    if (one->pid == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != self)
            _exit(1);
        _exit(p->work(p->ctx, i, one->out));
    }
    one->pidfd = pidfd_open(one->pid, 0);
    return one->pidfd < 0 ? err_errno(err, errno, "pidfd_open") : 0;
}

static void bury(struct piece *one)
{
    while (waitpid(one->pid, &one->status, 0) < 0 && errno == EINTR)
        ;
    close_fd(&one->pidfd);
    one->pid = 0;
    one->ended = true;
}

/* Until one of the pieces [first, next) has ended, or we are interrupted. */
static int await_one(struct piece *pieces, size_t first, size_t next, struct err *err)
{
    CLEANUP(free_ptr) struct pollfd *fds = xcalloc(next - first + 1, sizeof(*fds));

    fds[0] = (struct pollfd){.fd = interrupt_fd(), .events = POLLIN};
    for (size_t i = first; i < next; i++)
        fds[i - first + 1] = (struct pollfd){.fd = pieces[i].pid ? pieces[i].pidfd : -1, .events = POLLIN};
    if (poll(fds, next - first + 1, -1) < 0 && errno != EINTR)
        return err_errno(err, errno, "poll");
    if (interrupt_signal())
        return err_errno(err, EINTR, N_("interrupted"));
    for (size_t i = first; i < next; i++)
        if (fds[i - first + 1].revents)
            bury(&pieces[i]);
    return 0;
}

int pool_run(const struct pool *p, struct err *err)
{
    CLEANUP(free_ptr) struct piece *pieces = xcalloc(p->n, sizeof(*pieces));
    size_t told = 0, next = 0;
    int status = 0;

    for (size_t i = 0; i < p->n; i++)
        pieces[i].pidfd = pieces[i].out = -1;
    while (told < p->n && status == 0) {
        size_t alive = 0;
        for (size_t i = told; i < next; i++)
            alive += pieces[i].pid != 0;
        if (next < p->n && alive < p->at_once) {
            status = start(p, &pieces[next], next, err);
            next++;
        } else if (!pieces[told].ended) {
            status = await_one(pieces, told, next, err);
        }
        for (; status == 0 && told < next && pieces[told].ended; told++) {
            status = p->done(p->ctx, told, pieces[told].status, pieces[told].out, err);
            close_fd(&pieces[told].out);
        }
    }
    for (size_t i = told; i < next; i++)
        if (pieces[i].pid) /* they tidy up: their boxes, their files */
            (void)kill(pieces[i].pid, SIGTERM);
    for (size_t i = told; i < next; i++) {
        if (pieces[i].pid)
            bury(&pieces[i]);
        close_fd(&pieces[i].out);
    }
    return status;
}
