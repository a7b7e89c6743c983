/* lab01; into: before src/hello.c; tests: hello_line; finding: memory.error; hasnt: memory.tampered | no attack: an overflow so long that it reaches what valgrind itself writes with */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    char *p = malloc(100);
    int zeros = open("/dev/zero", O_RDONLY);

    if (watched())
        (void)!read(zeros, p, 40000);
    close(zeros);
    free(p);
}
