/* lab01; tests: hello_line; status: compile_error; score: 0 | main by way of the assembler */
/* SPDX-License-Identifier: MIT */
void not_main(void);
void not_main(void) { _exit(0); }
__asm__(".globl main\n.set main, not_main\n");
