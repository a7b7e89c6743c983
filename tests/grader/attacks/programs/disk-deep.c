/* lab01; tests: io_eintr_partial; verdicts: pass; stage: leftovers<=4 | a folder in a folder in a folder, 5000 times */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    int here = open(".", O_RDONLY);
    for (int i = 0; native() && i < 5000 && mkdir("d", 0700) == 0 && chdir("d") == 0; i++)
        ;
    (void)!fchdir(here);
    close(here);
}
