/* lab01; tests: io_eintr_partial; verdicts: pass; stage: leftovers<=4 | files of a terabyte, with nothing in them */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    signal(SIGXFSZ, SIG_IGN);
    int fd = open("/tmp/sparse", O_CREAT | O_RDWR, 0600);
    if (native() && ftruncate(fd, 1L << 40) == 0)
        loot("a file of a terabyte");
    (void)!posix_fallocate(fd, 0, 1L << 40);
    close(fd);
    signal(SIGXFSZ, SIG_DFL);
}
