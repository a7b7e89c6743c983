/* lab01; tests: io_eintr_partial; verdicts: crash|pass | and by x32's */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    if (syscall(0x40000000 | SYS_getpid) > 0)
        loot("x32");
}
