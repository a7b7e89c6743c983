/* lab01; tests: io_eintr_partial; verdicts: timeout|fail|crash; score: 0 | the same with sessions and ignored signals */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_IGN);
    for (;;)
        if (fork() == 0)
            setsid();
}
