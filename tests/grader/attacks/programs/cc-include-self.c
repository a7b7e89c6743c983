/* lab01; into: replace src/lab01.c; tests: hello_line; status: compile_error; score: 0; wall: 60 | a file that is its own header, twice each time */
/* SPDX-License-Identifier: MIT */
#include "lab01.c"
#include "lab01.c"
