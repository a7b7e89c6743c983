/* lab01; tests: filter_large io_eintr_partial; verdicts: fail|crash|timeout; score: 0 | output without end */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    static char much[65536];
    memset(much, 'x', sizeof(much));
    while (write(1, much, sizeof(much)) > 0)
        ;
}
