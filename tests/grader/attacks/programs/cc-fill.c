/* lab01; tests: hello_line; status: compile_error; score: 0 | the assembler's own loops */
/* SPDX-License-Identifier: MIT */
__asm__(".macro m\n m\n m\n.endm\n m\n");
__asm__(".rept 1000000000\n.rept 1000000000\n.byte 1\n.endr\n.endr\n");
