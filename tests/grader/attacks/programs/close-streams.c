/* lab01; tests: hello_line filter_early_exit_idle; verdicts: fail|timeout; score: 0 | no standard streams from the start */
/* SPDX-License-Identifier: MIT */
ATTACK { close(0); close(1); close(2); }
