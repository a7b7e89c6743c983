/* lab01; tests: hello_line; verdicts: pass|fail | a process that is always another one: each forks the next and ends */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    if (native() && fork() == 0) {
        setsid();
        for (;;)
            if (fork() > 0)
                _exit(0);
    }
}
