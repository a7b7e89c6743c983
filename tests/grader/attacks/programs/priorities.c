/* lab01; tests: io_eintr_partial; verdicts: pass | clocks, priorities, limits */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    struct timespec now = {0};
    struct timeval tv = {0};
    struct sched_param p = {.sched_priority = 50};
    struct rlimit more = {RLIM_INFINITY, RLIM_INFINITY};
    static const int limits[] = {RLIMIT_CPU, RLIMIT_NPROC, RLIMIT_FSIZE, RLIMIT_CORE, RLIMIT_MSGQUEUE};

    if (!native())
        return;
    if (clock_settime(CLOCK_REALTIME, &now) == 0 || settimeofday(&tv, NULL) == 0)
        loot("the clock");
    if (setpriority(PRIO_PROCESS, 0, -10) == 0 || sched_setscheduler(0, SCHED_FIFO, &p) == 0)
        loot("a priority");
    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
        if (setrlimit(limits[i], &more) == 0)
            loot("a limit");
    prctl(PR_SET_TIMERSLACK, 1UL << 40, 0, 0, 0);
}
