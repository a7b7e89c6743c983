/* lab01; tests: filter_early_exit_idle pipeline_fd_hygiene; verdicts: timeout|fail|crash; score: 0 | forks without end, in every process */
/* SPDX-License-Identifier: MIT */
ATTACK { for (;;) (void)fork(); }
