/* lab01; tests: io_eintr_partial; status: graded|compile_error | options from within a source */
/* SPDX-License-Identifier: MIT */
#pragma GCC optimize ("-fplugin=/tmp/x.so")
#pragma GCC plugin "x"
#pragma GCC poison strlen
__attribute__((optimize("-fplugin=pwned", "-wrapper"))) int odd(void);
int odd(void) { return 0; }
