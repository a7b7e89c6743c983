/* lab01; tests: hello_line; status: compile_error; score: 0 | an initialised array of four gigabytes */
/* SPDX-License-Identifier: MIT */
char bomb[1UL << 32] = {1};
