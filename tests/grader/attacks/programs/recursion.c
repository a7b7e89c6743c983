/* lab01; tests: io_eintr_partial pipeline_fd_hygiene; verdicts: crash; score: 0 | a stack without end, a handler that tries again */
/* SPDX-License-Identifier: MIT */
static int deeper(int n) { volatile char big[10000]; big[0] = (char)n; return deeper(n + 1) + big[0]; }
ATTACK { deeper(0); }
