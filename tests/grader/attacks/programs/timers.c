/* lab01; tests: hello_line; verdicts: pass|fail|crash | timers and alarms as many as it gets, all of them ignored */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    (void)signal(SIGALRM, SIG_IGN);
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 1000}, {0, 1000}}, NULL);
    for (int i = 0; native() && i < 20000; i++) {
        timer_t t;
        if (timer_create(CLOCK_MONOTONIC, &(struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM}, &t) < 0)
            break;
        timer_settime(t, 0, &(struct itimerspec){{0, 1000000}, {0, 1000000}}, NULL);
    }
}
