/* lab01; tests: hello_line; status: compile_error; score: 0; has: multiple definition of `main' | the library has a main of its own */
/* SPDX-License-Identifier: MIT */
int main(void) { return 0; }
