/* lab01; tests: io_eintr_partial; verdicts: pass; stage: coverage=0; lines: 600 | what nothing runs is said to lie elsewhere */
/* SPDX-License-Identifier: MIT */
int elsewhere(int x);
#line 20 "/usr/include/string.h"
int elsewhere(int x)
{
//@ 300 x += @;
    return x;
}
