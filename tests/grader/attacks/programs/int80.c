/* lab01; tests: io_eintr_partial; verdicts: crash; score: 0 | system calls by the door of another architecture */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    long r;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory");
    if (r > 0)
        loot("int 0x80");
}
