/* lab01; tests: hello_line; status: compile_error; score: 0; has: the compiler did not come to an end | a macro that becomes 2^36 words */
/* SPDX-License-Identifier: MIT */
#define A x; x; x; x; x; x; x; x; x; x; x; x; x; x; x; x;
#define B A A A A A A A A A A A A A A A A
#define C B B B B B B B B B B B B B B B B
#define D C C C C C C C C C C C C C C C C
#define E D D D D D D D D D D D D D D D D
#define F E E E E E E E E E E E E E E E E
#define G F F F F F F F F F F F F F F F F
#define H G G G G G G G G G G G G G G G G
#define I H H H H H H H H H H H H H H H H
int bomb(int x);
int bomb(int x) { I return x; }
