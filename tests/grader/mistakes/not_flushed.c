/* SPDX-License-Identifier: MIT */
/* _exit writes no buffer.
 * lab: 01
 * output: result\n
 * signature: not_flushed: wrong standard output
 * cause: not-flushed */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    printf("result\n");
    _exit(0);
}
