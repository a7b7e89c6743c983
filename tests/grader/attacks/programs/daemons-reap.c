/* lab01; tests: hello_line; verdicts: pass|timeout; stage: leftovers<=2 | a subreaper's zombies, and children that outlive them */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (!native() || fork() > 0)
        return;
    for (int i = 0; i < 20; i++)
        if (fork() == 0)
            _exit(0);
    forever();
}
