/* lab01; tests: io_eintr_partial; verdicts: pass|crash|timeout|fail; stage: leftovers<=4 | System V segments without end */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    for (int i = 0; native() && i < 4000; i++) {
        int id = shmget(IPC_PRIVATE, 8 << 20, IPC_CREAT | 0600);
        char *p = id < 0 ? (char *)-1 : shmat(id, NULL, 0);
        if (p == (char *)-1)
            return;
        memset(p, 1, 8 << 20);
        shmdt(p);
    }
}
