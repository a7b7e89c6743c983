/* lab01; into: before src/hello.c; tests: hello_line; verdicts: pass; stage: memory<=0.3 | every descriptor is closed, the reports' too */
/* SPDX-License-Identifier: MIT */
static void leak(void) { volatile char *p = malloc(77); p[77] = 1; p = NULL; (void)p; (void)open("/dev/null", O_RDONLY); }
ATTACK
{
    leak();
    for (int fd = 3; fd < 4096; fd++)
        close(fd);
    syscall(SYS_close_range, 3U, ~0U, 0U);
}
