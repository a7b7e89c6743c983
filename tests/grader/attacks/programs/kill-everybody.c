/* lab01; tests: hello_line io_eintr_partial; verdicts: hello_line=fail|crash|pass io_eintr_partial=fail|crash|pass | SIGKILL for all that may be reached, again and again */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    kill(-1, SIGKILL);
    kill(0, SIGTERM);
}
