/* lab01; base: template; tests: hello_line fanin_basic; verdicts: fail|not_run; score: 0 | nothing may end it, and it says success */
/* SPDX-License-Identifier: MIT */
static void on(int sig) { (void)sig; _exit(0); }
ATTACK
{
    for (int sig = 1; sig < NSIG; sig++)
        if (sigaction(sig, &(struct sigaction){.sa_handler = on}, NULL) < 0)
            continue;
}
