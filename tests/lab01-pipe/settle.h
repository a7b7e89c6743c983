/* SPDX-License-Identifier: MIT */
/* settle: waits until a program that passes bytes on has nothing left to do. It sleeps then, in
 * whatever call. One that looks again and again never sleeps, and that is another test's question:
 * it has looked often enough once it has used 200 ms of a processor. */
#ifndef LAB01_SETTLE_H
#define LAB01_SETTLE_H

#include "harness.h"

enum { SLEEPS = CALL_INPUT | CALL_OUTPUT | CALL_WAIT | CALL_PAUSE };

struct settling {
    struct proc *p;
    long used_ms; /* when its command was first seen; -1: not yet */
};

static bool has_settled(void *arg)
{
    struct settling *s = arg;

    if (s->used_ms < 0) {
        if (running_children(s->p) > 0)
            s->used_ms = cpu_ms(s->p);
        return has_ended(s->p);
    }
    return blocked_in(s->p, SLEEPS) || cpu_ms(s->p) - s->used_ms >= 200
           || has_ended(s->p);
}

/* Once its command runs. */
static inline void settle(struct proc *p)
{
    struct settling s = {.p = p, .used_ms = -1};

    (await)(has_settled, &s, "a program to come to rest, its command running");
}
#define settle(...) (HERE, settle(__VA_ARGS__))

#endif
