/* lab01; into: before src/hello.c; tests: hello_line; verdicts: hello_line=pass; stage: memory=0; finding: memory.tampered | no room for reports */
/* SPDX-License-Identifier: MIT */
static void leak(void) { volatile char *p = malloc(77); p[77] = 1; p = NULL; (void)p; (void)open("/dev/null", O_RDONLY); }
ATTACK
{
    static char much[1 << 20];
    int fd = watched() ? open(in_box("/vg/room"), O_WRONLY | O_CREAT, 0600) : -1;

    while (fd >= 0 && write(fd, much, sizeof(much)) > 0)
        ;
    close(fd);
    leak();
}
