/* lab01; tests: io_eintr_partial; verdicts: pass; stage: coverage=0; finding: coverage.tampered | the counters' file */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    long ones[512];
    int fd = open(in_box("/sub/image.cov"), O_WRONLY);

    for (size_t i = 0; i < 512; i++)
        ones[i] = 1;
    while (fd >= 0 && write(fd, ones, sizeof(ones)) > 0 && lseek(fd, 0, SEEK_CUR) < 1 << 20)
        ;
}
