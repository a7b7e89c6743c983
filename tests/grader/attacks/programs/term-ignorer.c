/* lab04; tests: tokend_shutdown q_create_excl; verdicts: tokend_shutdown=timeout|fail q_create_excl=pass | SIGTERM and all its friends are blocked for good */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_IGN);
}
