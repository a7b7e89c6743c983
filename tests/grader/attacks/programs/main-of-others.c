/* lab01; into: append src/hello.c; tests: hello_line filter_early_exit_idle; verdicts: hello_line=fail filter_early_exit_idle=pass; finding: build.reserved; has: lab_main_filter | one program defines the mains of the others */
/* SPDX-License-Identifier: MIT */
int lab_main_filter(void);
int lab_main_filter(void) { _exit(0); }
int lab_main_probe(void);
int lab_main_probe(void) { _exit(0); }
