/* lab01; tests: filter_large; verdicts: fail|crash|timeout; score: 0 | another program in place of the own */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    execl("/usr/bin/yes", "yes", (char *)NULL);
}
