/* SPDX-License-Identifier: MIT */
/* The signal is there before its handler.
 * lab: 03
 * ends: 0
 * signature: handler_missing: SIGUSR1
 * cause: handler-missing
 * process: handler_missing */
#include <signal.h>

int main(void)
{
    return raise(SIGUSR1);
}
