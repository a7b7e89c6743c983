/* lab01; tests: hello_line io_eintr_partial; verdicts: pass | privileges given up and taken, traces of oneself hidden */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (native() && (prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0) == 0))
        loot("privileges");
    if (native() && prctl(PR_GET_SECCOMP) != 2)
        loot("no filter");
}
