/* lab01; tests: hello_line; status: compile_error; score: 0 | the program's very first instruction */
/* SPDX-License-Identifier: MIT */
void _start(void);
void _start(void) { _exit(0); }
