/* SPDX-License-Identifier: MIT */
/* lib: a third object, with a function that nobody calls: coverage must see both. */
#include "lib.h"

int twice(int n)
{
    return 2 * n;
}

int never(int n)
{
    return n - 1;
}
