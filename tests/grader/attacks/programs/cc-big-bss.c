/* lab01; tests: hello_line; status: compile_error|graded; score: 0 | an array of a terabyte of nothing */
/* SPDX-License-Identifier: MIT */
char bomb[1UL << 40];
ATTACK { bomb[1UL << 39] = 1; }
