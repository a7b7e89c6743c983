/* lab01; tests: hello_line; verdicts: pass | a weak main in the library changes nothing */
/* SPDX-License-Identifier: MIT */
int main(void);
__attribute__((weak)) int main(void) { _exit(0); }
