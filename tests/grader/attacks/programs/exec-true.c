/* lab01; tests: hello_line io_eintr_partial; verdicts: fail; score: 0 | execs true wherever it is */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    execl("/usr/bin/true", "true", (char *)NULL);
}
