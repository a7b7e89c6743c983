/* lab01; tests: io_eintr_partial; verdicts: pass | a name of a million letters */
/* SPDX-License-Identifier: MIT */
int
//@@ 1000000 a
;
