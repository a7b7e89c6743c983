/* lab01; tests: hello_line; status: compile_error; score: 0 | a hundred thousand errors */
/* SPDX-License-Identifier: MIT */
#define W x = ;
#define A W W W W W W W W W W
#define B A A A A A A A A A A
#define C B B B B B B B B B B
#define D C C C C C C C C C C
void flood(void) { D D D D D D D D D D }
