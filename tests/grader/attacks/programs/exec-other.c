/* lab01; tests: hello_line; verdicts: fail|timeout; score: 0 | another program in place of the own */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    execl("/usr/bin/yes", "yes", (char *)NULL);
}
