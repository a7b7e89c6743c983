/* lab01; tests: io_eintr_partial; verdicts: crash|fail|timeout; score: 0 | the same by many small ones */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    for (int i = 0; i < 60; i++)
        if (fork() == 0)
            break;
    char *p = mmap(NULL, 100 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(p, 1, 100 << 20);
    forever();
}
