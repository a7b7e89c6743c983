/* lab01; tests: hello_line filter_large; verdicts: pass | the parent and process 1 */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    if (!native())
        return;
    if (ptrace(PTRACE_ATTACH, 1, 0, 0) == 0 || ptrace(PTRACE_SEIZE, 1, 0, 0) == 0)
        loot("process 1");
    if (getppid() > 1 && getppid() != getpgrp() && getsid(0) == getpid() && ptrace(PTRACE_ATTACH, getppid(), 0, 0) == 0)
        loot("the parent");
}
