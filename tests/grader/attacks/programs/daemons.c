/* lab01; tests: hello_line; verdicts: pass; finding: leftover.process; stage: leftovers<=1 | daemons by the book, twice forked, deaf to every signal */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    for (int i = 0; native() && i < 10; i++)
        if (fork() == 0) {
            setsid();
            if (fork() > 0)
                _exit(0);
            for (int sig = 1; sig < NSIG; sig++)
                (void)signal(sig, SIG_IGN);
            for (int fd = 0; fd < 256; fd++)
                close(fd);
            forever();
        }
    while (native() && waitpid(-1, NULL, WNOHANG) > 0)
        ;
}
