/* lab01; into: before src/hello.c; tests: hello_line; verdicts: pass; stage: memory=0; finding: memory.error memory.leak | the control: this is what the others try to hide */
/* SPDX-License-Identifier: MIT */
static void leak(void) { volatile char *p = malloc(77); p[77] = 1; p = NULL; (void)p; (void)open("/dev/null", O_RDONLY); }
ATTACK { leak(); }
