/* lab01; tests: io_eintr_partial; verdicts: pass; stage: coverage=0 | the control: what is not run is not covered */
/* SPDX-License-Identifier: MIT */
