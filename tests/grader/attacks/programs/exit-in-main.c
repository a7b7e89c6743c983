/* lab01; into: replace src/hello.c; tests: hello_line filter_early_exit_idle; verdicts: hello_line=fail filter_early_exit_idle=pass; score: 6.7 | a program that leaves at once, the others are honest */
/* SPDX-License-Identifier: MIT */
int main(void) { exit(0); }
