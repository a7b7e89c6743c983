/* lab01; tests: io_eintr_partial; copies: 400; status: compile_error|graded; score: 0 | hundreds of files that each take the compiler for ever */
/* SPDX-License-Identifier: MIT */
#define A x; x; x; x; x; x; x; x; x; x; x; x; x; x; x; x;
#define B A A A A A A A A A A A A A A A A
#define C B B B B B B B B B B B B B B B B
#define D C C C C C C C C C C C C C C C C
#define E D D D D D D D D D D D D D D D D
#define F E E E E E E E E E E E E E E E E
static int bomb(int x) { F F return x; }
int (*const use)(int) = bomb;
