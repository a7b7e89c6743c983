/* lab01; tests: filter_early_exit_idle pipeline_sigpipe_chain; verdicts: pass|fail | what cannot be looked into, is it asleep? */
/* SPDX-License-Identifier: MIT */
ATTACK { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
