/* lab01; into: before src/hello.c; tests: hello_line; verdicts: pass; stage: memory=0; finding: memory.tampered | its own report is put aside, an empty one in its place */
/* SPDX-License-Identifier: MIT */
static void leak(void) { volatile char *p = malloc(77); p[77] = 1; p = NULL; (void)p; (void)open("/dev/null", O_RDONLY); }
ATTACK
{
    char path[300];

    leak();
    snprintf(path, sizeof(path), "%s/%d.xml", in_box("/vg"), (int)getpid());
    rename(path, in_box("/vg/old"));
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    (void)!write(fd, "<?xml version=\"1.0\"?>\n<valgrindoutput></valgrindoutput>\n", 56);
    close(fd);
}
