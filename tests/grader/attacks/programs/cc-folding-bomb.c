/* lab01; tests: hello_line; status: compile_error; score: 0 | a constant that takes the compiler for ever, of sizes of sizes */
/* SPDX-License-Identifier: MIT */
#define A(x) ((x) + (x) * (x) / ((x) | 1))
#define B(x) A(A(A(x)))
#define C(x) B(B(x))
enum { bomb = C(C(C(7))) };
