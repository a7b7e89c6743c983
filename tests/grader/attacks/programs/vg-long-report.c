/* lab01; into: before src/hello.c; tests: hello_line; verdicts: pass; stage: memory=0; finding: memory.tampered | a report that is too long to be read */
/* SPDX-License-Identifier: MIT */
static void lose(void *p) { (void)p; }
ATTACK
{
    if (!watched())
        return;
//@ 8000 lose(malloc(@ + 1));
}
