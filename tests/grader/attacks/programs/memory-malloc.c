/* lab01; tests: io_eintr_partial; verdicts: crash|fail|timeout; score: 0 | memory without end */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    for (;;) {
        char *p = malloc(1 << 22);
        if (!p)
            forever();
        memset(p, 1, 1 << 22);
    }
}
