/* lab01; tests: io_eintr_partial; verdicts: pass|timeout; stage: leftovers<=4 | as many empty files as it can make */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    char name[64];
    for (int i = 0; native() && i < 50000; i++) {
        snprintf(name, sizeof(name), i & 1 ? "/tmp/%d" : "%d", i);
        int fd = open(name, O_CREAT | O_WRONLY, 0600);
        if (fd < 0)
            break;
        close(fd);
    }
}
