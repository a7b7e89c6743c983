/* lab01; tests: hello_line filter_early_exit_idle; verdicts: pass | a name that looks like a line of /proc/PID/stat, an argv of escapes */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    prctl(PR_SET_NAME, ") Z 1 1 1 (\n");
    if (native() && fork() == 0) {
        prctl(PR_SET_NAME, ") R 0 0 0");
        _exit(0);
    }
    while (native() && wait(NULL) > 0)
        ;
}
