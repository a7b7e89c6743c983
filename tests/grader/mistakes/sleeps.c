/* SPDX-License-Identifier: MIT */
/* It looks again after a while instead of waiting for what it wants to know.
 * lab: 06
 * signature: sleeps: sleep()
 * cause: sleeps
 * process: sleeps */
#include <time.h>
#include <unistd.h>

int main(void)
{
    while (access("ready", F_OK) != 0)
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){3600, 0}, NULL);
    return 0;
}
