/* SPDX-License-Identifier: MIT */
/* Unit tests of box/blame: whom the kernel has killed for memory. */
#include "unit.h"

#include "box/blame.h"

enum { EATER = 7, OTHER = 9, MIB = 1 << 20 };

static struct blame blame;
static int64_t clock_ms;

static void looks(unsigned kills, uint64_t eater, uint64_t other, unsigned blamed)
{
    const blame_usage now = {[EATER] = eater * MIB, [OTHER] = other * MIB};

    clock_ms += 100;
    cr_assert_eq(blame_look(&blame, now, kills, clock_ms), blamed);
}

UNIT(blame, who_has_gone_was_killed)
{
    looks(0, 32, 16, 0);
    looks(0, 200, 16, 0);
    looks(1, 0, 16, EATER);
    looks(1, 0, 0, 0); /* an end without a kill */
    looks(1, 300, 0, 0);
    looks(2, 0, 0, EATER);
}

UNIT(blame, the_kill_is_counted_before_its_victim_has_gone)
{
    looks(0, 32, 16, 0);
    looks(1, 250, 16, 0);
    looks(1, 250, 15, 0); /* who gives a little back was not killed */
    looks(1, 180, 0, 0);  /* nor was a small one that ends: the kernel kills what is biggest */
    looks(1, 0, 0, EATER);
    looks(1, 0, 300, 0);
    looks(1, 0, 0, 0);
}

UNIT(blame, one_of_many_processes_of_a_uid)
{
    looks(0, 240, 16, 0);
    for (int ms = 0; ms < BLAME_MS; ms += 100)
        looks(1, 180, 16, 0);
    looks(1, 180, 16, EATER);
    looks(1, 0, 0, 0);
}

UNIT(blame, nobody_of_theirs)
{
    looks(0, 32, 16, 0);
    for (int ms = 0; ms < BLAME_MS; ms += 100)
        looks(1, 32, 16, 0);
    looks(1, 32, 16, 0);
    looks(1, 0, 0, 0); /* it is not asked any more */
}
