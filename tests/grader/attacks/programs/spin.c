/* lab01; tests: io_eintr_partial; verdicts: timeout; score: 0 | all the processor there is, deaf to SIGXCPU */
/* SPDX-License-Identifier: MIT */
static void *burn(void *arg) { for (volatile int i = 1; i;) ; return arg; }
ATTACK
{
    pthread_t t;
    (void)signal(SIGXCPU, SIG_IGN);
    pthread_create(&t, NULL, burn, NULL);
    burn(NULL);
}
