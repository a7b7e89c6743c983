/* lab01; tests: pipeline_fd_hygiene io_eintr_partial; verdicts: fail; score: 0 | _exit(0) before main */
/* SPDX-License-Identifier: MIT */
ATTACK { _exit(0); }
