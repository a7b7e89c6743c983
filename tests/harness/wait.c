/* SPDX-License-Identifier: MIT */
/* wait: the one poll loop, and what a deadline means.
 *
 * A passing test never waits for a deadline, so a deadline may be generous, but it must not blame
 * the program for a loaded machine. So time in which the test's processes (or the harness) were
 * ready to run but got no processor does not count; and when the deadline has come:
 *   - everything asleep: nothing will ever happen, it hangs;
 *   - something is running and has had much processor time: it spins (several processes that spin
 *     keep each other waiting: what they had together counts);
 *   - something is running but got little: the machine is slow, go on a little;
 * and all this at most STRETCH times as long as without load. Where it then is the load that took the
 * time, nobody can tell whether the program would have come to an end: an error, not a failure. */
#include "inside.h"

#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    READ_CHUNK = 64 * 1024,
    BASELINE_MS = 200,        /* hardly any wait lasts so long: only then the meters are read */
    LIMITS_US = 250 * 1000,
    LOOK_MIN_US = 50,
    LOOK_MAX_US = 2000,
    CALM_SCANS = 20           /* of somebody who only naps */
};

/* Takes what is there, at most about 'max' bytes at once. */
static void stream_read(struct proc *p, struct stream *s, size_t max)
{
    size_t done = 0;

    while (s->fd >= 0 && done < max) {
        ssize_t n;

        if (s->room - s->size < READ_CHUNK + 1) {
            s->room = s->room ? 2 * s->room : 2 * READ_CHUNK;
            s->data = grow(s->data, s->room);
        }
        n = read(s->fd, s->data + s->size, READ_CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0) {
            (void)close(s->fd);
            s->fd = -1;
            break;
        }
        done += (size_t)n;
        if (s->size + (size_t)n > p->output_max) {
            if (lab.ending)
                continue; /* counted as read, dropped */
            s->data[s->size] = '\0';
            fail_signed(KIND_LIMIT, text("limit: output of %s", p->name),
                        "%s wrote more than %zu MiB and does not stop", p->name,
                        p->output_max / 1024 / 1024);
        }
        s->size += (size_t)n;
        s->data[s->size] = '\0';
    }
}

static void input_write(struct proc *p)
{
    while (p->in >= 0 && p->in_done < p->in_size) {
        ssize_t n = write(p->in, p->input + p->in_done, p->in_size - p->in_done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) { /* EPIPE: it does not want more, which is its right */
            p->in_done = p->in_size;
            p->in_close = true;
            break;
        }
        p->in_done += (size_t)n;
    }
    if (p->in >= 0 && p->in_close) {
        (void)close(p->in);
        p->in = -1;
    }
}

/* It has ended: whatever it wrote is in the pipes by now. */
static void take_end(struct proc *p, int status)
{
    stream_read(p, &p->out, SIZE_MAX);
    stream_read(p, &p->err, SIZE_MAX);
    proc_note_end(p, status);
}

static void look_for_end(struct proc *p)
{
    int status;

    if (p->server >= 0) {
        if (!memcheck_answer(p->server, LAB_ENDED, &status))
            return;
        (void)close(p->server);
        p->server = -1;
        take_end(p, status < 0 ? SIGKILL : status);
        if (status < 0 && !lab.ending)
            broken("the memcheck server is gone");
        return;
    }
    if (waitpid(p->pid, &status, WNOHANG) == p->pid)
        take_end(p, status);
}

void pump(int fd, short events, long wait_us)
{
    size_t max = 1, n = 0;
    struct pollfd *set;
    struct proc **owner;
    if (wait_us < 0 || wait_us > LIMITS_US) /* not longer: programs may run over their limits */
        wait_us = LIMITS_US;
    struct timespec t = {wait_us / 1000000, wait_us % 1000000 * 1000};

    for (struct proc *p = lab.procs; p; p = p->next)
        max += 4;
    set = grab(max * sizeof(*set));
    owner = grab(max * sizeof(*owner));
    for (struct proc *p = lab.procs; p; p = p->next) {
        int fds[] = {p->out_held ? -1 : p->out.fd, p->err.fd, p->in_done < p->in_size ? p->in : -1,
                     p->ended ? -1 : p->server >= 0 ? p->server : p->pidfd};

        if (p->in >= 0 && p->in_close && p->in_done == p->in_size)
            input_write(p);
        for (int i = 0; i < 4; i++) {
            if (fds[i] < 0)
                continue;
            owner[n] = p;
            set[n++] = (struct pollfd){.fd = fds[i], .events = i == 2 ? POLLOUT : POLLIN};
        }
    }
    if (fd >= 0)
        set[n++] = (struct pollfd){.fd = fd, .events = events};
    if (ppoll(set, n, &t, NULL) > 0) {
        for (size_t i = 0; i < n; i++) {
            struct proc *p = owner[i];

            if (!set[i].revents || !p)
                continue;
            if (set[i].fd == p->out.fd)
                stream_read(p, &p->out, p->output_max / 16);
            else if (set[i].fd == p->err.fd)
                stream_read(p, &p->err, p->output_max / 16);
            else if (set[i].fd == p->in)
                input_write(p);
            else if (!p->ended)
                look_for_end(p);
        }
    }
    free(set);
    free(owner);
    limits_watch();
}

/* Meters: who used the processor, and who was kept from it, since a wait began. */
struct meter {
    struct pinfo *list;
    size_t count;
    unsigned long long self_delay_ns;
};

static void meter_read(struct meter *m)
{
    struct pinfo self;

    free(m->list);
    m->count = procfs_list(&m->list);
    m->self_delay_ns = procfs_info(getpid(), &self) ? self.delay_ns : 0;
}

static const struct pinfo *same_in(const struct meter *m, const struct pinfo *info)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->list[i].pid == info->pid && m->list[i].start == info->start)
            return &m->list[i];
    return NULL;
}

static uint64_t used_ns(const struct meter *before, const struct meter *now)
{
    unsigned long long ticks = 0;

    for (size_t i = 0; i < now->count; i++) {
        const struct pinfo *old = same_in(before, &now->list[i]);

        ticks += now->list[i].ticks - (old ? old->ticks : 0);
    }
    return ticks * (1000000000U / (unsigned long long)sysconf(_SC_CLK_TCK));
}

static uint64_t delayed_ns(const struct meter *before, const struct meter *now)
{
    uint64_t ns = now->self_delay_ns - before->self_delay_ns;

    for (size_t i = 0; i < now->count; i++) {
        const struct pinfo *old = same_in(before, &now->list[i]);

        ns += now->list[i].delay_ns - (old ? old->delay_ns : 0);
    }
    return ns;
}

static bool any_busy(const struct meter *m)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->list[i].state == 'R' || m->list[i].state == 'D')
            return true;
    return false;
}

static bool unchanged(const struct meter *a, const struct meter *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < b->count; i++) {
        const struct pinfo *old = same_in(a, &b->list[i]);

        if (!old || old->state != b->list[i].state || old->switches != b->list[i].switches)
            return false;
    }
    return true;
}

/* A program that is dead, but whose end we have not been told: under memcheck the fork server still
 * has to. */
static bool end_unknown(const struct meter *m)
{
    for (const struct proc *p = lab.procs; p; p = p->next) {
        bool alive = false;

        if (p->ended)
            continue;
        for (size_t i = 0; i < m->count; i++)
            alive |= m->list[i].pid == p->pid && m->list[i].state != 'Z' && m->list[i].state != 'X';
        if (!alive)
            return true;
    }
    return false;
}

bool settle(void)
{
    struct meter first = {0}, before = {0}, now = {0};
    uint64_t begin = now_ns();
    long step_us = LOOK_MIN_US;
    int calm = 0;
    bool settled = false;

    meter_read(&first);
    while (!settled) {
        struct meter swap = before;

        before = now;
        now = swap;
        pump(-1, 0, step_us);
        meter_read(&now);
        calm = any_busy(&now) || end_unknown(&now) ? 0 : calm + 1;
        settled = calm > 1 && (unchanged(&before, &now) || calm > CALM_SCANS);
        if (!settled && (used_ns(&first, &now) > deadline_ns() / 20
                         || now_ns() - begin > deadline_ns() * 2))
            break;
        if (step_us < LOOK_MAX_US)
            step_us *= 2;
    }
    free(first.list);
    free(before.list);
    free(now.list);
    for (struct proc *p = lab.procs; p; p = p->next)
        if (!p->ended)
            pump(-1, 0, 0);
    return settled;
}

/* The deadline of one wait. */
struct deadline {
    uint64_t begin, next; /* ns: since when, and when to look again */
    struct meter base, now;
    bool measured;
};

enum lasted { NOT_LONG, TOO_LONG, STARVED };

/* Has the wait lasted too long? */
static enum lasted deadline_passed(struct deadline *d)
{
    uint64_t limit = deadline_ns(), elapsed = now_ns() - d->begin, lost, effective;

    if (!d->measured) {
        meter_read(&d->base);
        d->measured = true;
        d->next = d->begin + limit;
        return NOT_LONG;
    }
    meter_read(&d->now);
    /* So much processor time would have been too long on an idle machine as well. */
    if (used_ns(&d->base, &d->now) >= limit && any_busy(&d->now))
        return TOO_LONG;
    lost = delayed_ns(&d->base, &d->now);
    effective = lost < elapsed ? elapsed - lost : 0;
    if (elapsed >= limit * STRETCH || now_ns() - lab.begin_ns >= limit * STRETCH)
        return lost > elapsed / 2 && used_ns(&d->base, &d->now) < limit ? STARVED : TOO_LONG;
    if (effective < limit) {
        uint64_t left = limit - effective;
        d->next = now_ns() + (left < limit / 5 ? left : limit / 5);
        return NOT_LONG;
    }
    for (int scan = 0; scan < 3; scan++) {
        if (any_busy(&d->now)) {
            d->next = now_ns() + limit / 5;
            return used_ns(&d->base, &d->now) >= limit / 2 ? TOO_LONG : NOT_LONG;
        }
        pump(-1, 0, LOOK_MAX_US);
        meter_read(&d->now);
    }
    return TOO_LONG;
}

static bool was_sent(const struct proc *p, int sig)
{
    return sig < 64 && p->sent >> sig & 1;
}

/* A student's program that was ended by a signal which nobody sent and nobody asked about. */
static struct proc *died_by_itself(const struct proc *except)
{
    for (struct proc *p = lab.procs; p; p = p->next)
        if (p->ended && !p->awaited && p->student && !p->killed && p != except
            && WIFSIGNALED(p->status) && !was_sent(p, WTERMSIG(p->status)))
            return p;
    return NULL;
}

static bool nobody_left(void)
{
    struct pinfo *list;
    size_t count;
    bool alive = false;

    if (!lab.procs)
        return false;
    for (struct proc *p = lab.procs; p; p = p->next)
        if (!p->ended)
            return false;
    count = procfs_list(&list);
    for (size_t i = 0; i < count; i++)
        alive |= list[i].state != 'Z' && list[i].state != 'X';
    free(list);
    return !alive;
}

static const struct proc *last_program(void)
{
    const struct proc *last = lab.procs;

    for (const struct proc *p = lab.procs; p; p = p->next)
        if (p->student && (!p->awaited || last->awaited))
            last = p;
    return last;
}

/* What is waited for cannot come any more: fails. True: it has come after all. */
static bool fail_if_hopeless(const struct wait *w)
{
    const struct proc *p = died_by_itself(w->of);

    if (p)
        fail_signed(KIND_DIED, text("%s: %s", p->name, signal_name(WTERMSIG(p->status))),
                    "%s %s while the test waited for %s", p->name, ending_of(p->status), w->what);
    if (w->of ? w->of->ended : nobody_left()) {
        pump(-1, 0, 0);
        if (w->ready(w->arg)) /* once more: it may have been the last thing that happened */
            return true;
        p = w->of ? w->of : last_program();
        if (WIFSIGNALED(p->status))
            fail_signed(KIND_DIED, text("%s: %s", p->name, signal_name(WTERMSIG(p->status))),
                        "%s %s while the test waited for %s", p->name, ending_of(p->status),
                        w->what);
        fail_signed(KIND_EXIT, text("%s: ended with %d too early", p->name,
                                    WEXITSTATUS(p->status)),
                    "%s %s while the test still waited for %s%s%s", p->name,
                    ending_of(p->status), w->what, p->err.size ? "; it said " : "",
                    p->err.size ? quoted(p->err.data, p->err.size, 100) : "");
    }
    return false;
}

void wait_for(const struct wait *w)
{
    struct deadline d = {.begin = now_ns()};
    long step_us = LOOK_MIN_US;

    d.next = d.begin + BASELINE_MS * 1000000ULL;
    pump(-1, 0, 0);
    while (!w->ready(w->arg)) {
        uint64_t now;

        if (!w->ours && fail_if_hopeless(w))
            break;
        now = now_ns();
        if (now >= d.next) {
            const enum lasted lasted = deadline_passed(&d);
            if (lasted != NOT_LONG) {
                if (w->ready(w->arg))
                    break;
                if (lasted == STARVED)
                    broken("the machine is too busy: in %llu ms the programs of the test hardly got a processor, "
                           "while the test waited for %s",
                           (unsigned long long)(now - d.begin) / 1000000, w->what);
                if (w->ours)
                    broken("nothing more happened while the harness waited for %s", w->what);
                if (w->kind != KIND_HANG && w->signature)
                    fail_signed(w->kind, w->signature, "%s", w->what);
                fail_signed(KIND_HANG, NULL, "nothing more happened while the test waited for %s",
                            w->what);
            }
            continue;
        }
        if (w->look) {
            pump(w->fd, w->events, step_us);
            if (step_us < LOOK_MAX_US)
                step_us *= 2;
        } else {
            pump(w->fd, w->events, (long)((d.next - now) / 1000 + 1));
        }
    }
    free(d.base.list);
    free(d.now.list);
}

void await(bool (*ready)(void *arg), void *arg, const char *what)
{
    wait_for(&(struct wait){.what = what, .ready = ready, .arg = arg, .fd = -1, .look = true});
}
