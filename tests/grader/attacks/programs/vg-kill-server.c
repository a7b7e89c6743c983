/* lab01; into: before src/hello.c; tests: hello_line hello_edges fanin_basic; verdicts: pass; stage: memory=0; finding: memory.killed | valgrind's server is killed where there would be something to see */
/* SPDX-License-Identifier: MIT */
static void leak(void) { volatile char *p = malloc(77); p[77] = 1; p = NULL; (void)p; (void)open("/dev/null", O_RDONLY); }
ATTACK
{
    leak();
    if (watched())
        kill(-1, SIGKILL);
}
