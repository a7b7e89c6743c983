/* lab01; tests: io_eintr_partial; verdicts: timeout; score: 0 | stops itself, and is asleep for everybody who looks */
/* SPDX-License-Identifier: MIT */
ATTACK { raise(SIGSTOP); }
