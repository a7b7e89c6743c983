/* lab01; tests: hello_line; status: compile_error; score: 0 | an object of a terabyte */
/* SPDX-License-Identifier: MIT */
__asm__(".data\n.fill 1000000000000\n.org 10000000000000\n.text\n");
