/* lab01; tests: io_eintr_partial pipeline_fd_hygiene; verdicts: io_eintr_partial=pass pipeline_fd_hygiene=fail; score: <=7 | all descriptors are used up, and a limit is asked to be lifted */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    struct rlimit r = {1 << 20, 1 << 20};
    if (native() && setrlimit(RLIMIT_NOFILE, &r) == 0)
        loot("a million descriptors");
    while (open("/dev/null", O_RDONLY) >= 0)
        ;
}
