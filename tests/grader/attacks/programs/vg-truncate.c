/* lab01; into: before src/hello.c; tests: hello_line; verdicts: pass; status: held | its own report is cut */
/* SPDX-License-Identifier: MIT */
static void leak(void) { volatile char *p = malloc(77); p[77] = 1; p = NULL; (void)p; (void)open("/dev/null", O_RDONLY); }
ATTACK
{
    char path[300];

    leak();
    snprintf(path, sizeof(path), "%s/%d.xml", in_box("/vg"), (int)getpid());
    (void)!truncate(path, 0);
}
