/* SPDX-License-Identifier: MIT */
/* blame: whom the kernel has killed for memory. A control group tells how often it did ("oom_kill",
 * cgroup.h), not whom: that is the uid whose memory has gone. The kernel counts before its victim is
 * gone, and a big one takes its time, so that what each used is kept until it is seen who it was. */
#ifndef GRADER_BOX_BLAME_H
#define GRADER_BOX_BLAME_H

#include <stdint.h>

#include "box/box.h"

enum { BLAME_MS = 5000 }; /* for so long at most: the victim may have been ours */

typedef uint64_t blame_usage[BOX_UID_LAST + 1]; /* bytes by inner uid */

struct blame {         /* zero-initialised: nobody has used anything */
    blame_usage most;  /* at the last look; while it is asked who was killed, the most of all looks since */
    uint64_t kills;    /* those of which it is known */
    int64_t asking_ms; /* since when it is asked; 0: it is not */
};

/* At each look: what is used now, how often the kernel has killed, the time of a clock that only goes
 * on. Returns the inner uid to blame; 0: nobody, or it is not known yet. */
unsigned blame_look(struct blame *b, const blame_usage now, uint64_t kills, int64_t now_ms);

#endif
