/* lab01; tests: io_eintr_partial pipeline_sigpipe_chain; verdicts: io_eintr_partial=pass|timeout|fail pipeline_sigpipe_chain=pass|fail|timeout | SIGSTOP for all that may be reached */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    if (native())
        kill(-1, SIGSTOP);
}
