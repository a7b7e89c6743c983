/* SPDX-License-Identifier: MIT */
#include "box/blame.h"

#include <stdbool.h>
#include <string.h>

/* The kernel kills what is biggest: of those who used about as much as anybody, the one of whom most
 * has gone; with 'victims' only one of whom more than half has: programs that run give some back, too.
 * 0: nobody. */
static unsigned most_gone(const blame_usage most, const blame_usage now, bool victims)
{
    uint64_t greediest = 0, gone = 0;
    unsigned uid = 0;

    for (unsigned i = 1; i <= BOX_UID_LAST; i++)
        if (most[i] > greediest)
            greediest = most[i];
    for (unsigned i = 1; i <= BOX_UID_LAST; i++)
        if (most[i] > greediest / 2 && most[i] > now[i] && most[i] - now[i] > gone && (!victims || most[i] / 2 > now[i])) {
            gone = most[i] - now[i];
            uid = i;
        }
    return uid;
}

unsigned blame_look(struct blame *b, const blame_usage now, uint64_t kills, int64_t now_ms)
{
    unsigned uid = 0;

    if (kills > b->kills) {
        for (unsigned i = 1; i <= BOX_UID_LAST; i++)
            if (now[i] > b->most[i])
                b->most[i] = now[i];
        uid = most_gone(b->most, now, true);
        if (!b->asking_ms)
            b->asking_ms = now_ms;
        if (!uid && now_ms - b->asking_ms < BLAME_MS)
            return 0;
        if (!uid) /* one of many processes of a uid, perhaps */
            uid = most_gone(b->most, now, false);
    }
    b->kills = kills;
    b->asking_ms = 0;
    memcpy(b->most, now, sizeof(b->most));
    return uid;
}
