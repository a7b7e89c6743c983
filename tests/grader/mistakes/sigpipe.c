/* SPDX-License-Identifier: MIT */
/* The reader has gone, and a write is death.
 * lab: 02
 * ends: 0
 * signature: sigpipe: SIGPIPE
 * cause: sigpipe
 * process: sigpipe */
#include <unistd.h>

int main(void)
{
    int p[2];

    (void)!pipe(p);
    (void)close(p[0]);
    return write(p[1], "x", 1) != 1;
}
