/* SPDX-License-Identifier: MIT */
/* stubborn: ignores SIGTERM and SIGINT, says READY, and stays until it is killed. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    if (sigaction(SIGTERM, &ignore, NULL) < 0 || sigaction(SIGINT, &ignore, NULL) < 0)
        return 1;
    if (puts("READY") < 0 || fflush(stdout) < 0)
        return 1;
    for (;;)
        (void)pause();
}
