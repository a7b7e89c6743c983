/* lab01; tests: io_eintr_partial; verdicts: pass | locked memory, huge pages, priority over everybody's */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY);

    if (fd >= 0 && native() && write(fd, "-1000", 5) == 5)
        loot("the kernel spares it");
    mlockall(MCL_CURRENT | MCL_FUTURE);
    char *p = mmap(NULL, 256 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    if (p != MAP_FAILED)
        munmap(p, 256 << 20);
    munlockall();
}
