/* lab01; tests: io_eintr_partial; verdicts: pass; stage: coverage=0; lines: 600 | what nothing runs is in a header */
/* SPDX-License-Identifier: MIT */
#include "ballast.h"
//@file include/ballast.h
static int ballast(int x)
{
//@ 300 x += @;
    return x;
}
int (*const ballast_of)(int) = ballast;
