/* SPDX-License-Identifier: MIT */
/* sigprobe: which signals it found blocked and which ignored, by name: "blocked: USR1", "ignored:
 * PIPE INT", nothing behind the colon if none. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    sigset_t blocked;

    if (sigprocmask(SIG_SETMASK, NULL, &blocked) < 0)
        return 1;
    (void)printf("blocked:");
    for (int sig = 1; sig < SIGRTMIN; sig++)
        if (sigismember(&blocked, sig) == 1)
            (void)printf(" %s", sigabbrev_np(sig));
    (void)printf("\nignored:");
    for (int sig = 1; sig < SIGRTMIN; sig++) {
        struct sigaction now;

        if (sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
            (void)printf(" %s", sigabbrev_np(sig));
    }
    (void)printf("\n");
    return fflush(stdout) == 0 ? 0 : 1;
}
