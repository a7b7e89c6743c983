/* lab01; tests: hello_line io_full_basic fanin_basic; verdicts: fail; score: 0 | exit(0) before main */
/* SPDX-License-Identifier: MIT */
ATTACK { exit(0); }
