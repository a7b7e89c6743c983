/* lab01; tests: hello_line io_full_basic; status: compile_error; score: 0 | the library plays the lab's probe */
/* SPDX-License-Identifier: MIT */
int lab_main_probe(void);
int lab_main_probe(void) { _exit(0); }
