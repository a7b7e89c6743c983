/* lab01; tests: io_eintr_partial; verdicts: timeout; score: 0 | a fault that is handled by doing it again */
/* SPDX-License-Identifier: MIT */
static void again(int sig) { (void)sig; }
ATTACK
{
    signal(SIGSEGV, again);
    *(volatile int *)8 = 1;
}
