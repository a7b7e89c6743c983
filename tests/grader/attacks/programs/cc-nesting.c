/* lab01; tests: hello_line; status: compile_error; score: 0 | two hundred thousand brackets */
/* SPDX-License-Identifier: MIT */
enum { deep =
//@@ 200000 (
1
//@@ 200000 )
};
