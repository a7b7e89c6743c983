/* lab01; tests: io_eintr_partial; verdicts: crash|fail; score: 0 | a resolver runs before any constructor */
/* SPDX-License-Identifier: MIT */
static void nothing(void) {}
static void *resolve(void) { syscall(SYS_exit_group, 0); return (void *)nothing; }
void resolved(void) __attribute__((ifunc("resolve")));
ATTACK { resolved(); }
