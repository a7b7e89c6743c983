/* lab01; into: before src/hello.c; tests: hello_line; verdicts: pass; stage: memory=0; finding: memory.tampered | valgrind is asked not to tell */
/* SPDX-License-Identifier: MIT */
static void request(unsigned long what, unsigned long a)
{
    volatile unsigned long args[6] = {what, a, 0, 0, 0, 0};
    unsigned long result = 0;

    __asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\txchgq %%rbx, %%rbx"
                     : "=d"(result) : "a"(&args[0]), "0"(result) : "cc", "memory");
}
static void leak(void) { volatile char *p = malloc(77); p[77] = 1; p = NULL; (void)p; (void)open("/dev/null", O_RDONLY); }
ATTACK
{
    request(0x1801, 1);
    leak();
}
