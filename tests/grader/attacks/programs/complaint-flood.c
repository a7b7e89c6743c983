/* lab01; tests: filter_large io_eintr_partial; verdicts: fail|crash|timeout; score: 0 | complaints without end, no line among them */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    static char much[65536];
    memset(much, '\033', sizeof(much));
    while (write(2, much, sizeof(much)) > 0)
        ;
}
