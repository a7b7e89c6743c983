/* lab01; tests: hello_line io_full_basic; verdicts: fail; score: 0 | what calls main */
/* SPDX-License-Identifier: MIT */
int __libc_start_main(void);
int __libc_start_main(void) { _exit(0); }
