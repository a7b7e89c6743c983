/* lab04; tests: tokend_shutdown q_create_excl; verdicts: tokend_shutdown=pass q_create_excl=pass | all signals are blocked and ignored before main: who opens the ones he waits for is right */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_IGN);
}
