/* lab01; tests: hello_line; verdicts: pass; stage: memory=0; finding: memory.tampered | links where reports will be */
/* SPDX-License-Identifier: MIT */
static void leak(void) { volatile char *p = malloc(77); p[77] = 1; p = NULL; (void)p; (void)open("/dev/null", O_RDONLY); }
ATTACK
{
    char path[300];

    leak();
    for (int i = 1; watched() && i < 400; i++) {
        snprintf(path, sizeof(path), "%s/%d.xml", in_box("/vg"), (int)getpid() + i);
        (void)!symlink("/dev/null", path);
    }
}
