/* lab04; tests: q_create_excl q_roundtrip_prio; verdicts: fail|pass|timeout; stage: leftovers<=1.2 | every queue and every byte of queues there is */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    struct mq_attr a = {.mq_maxmsg = 10, .mq_msgsize = 8192};
    char name[32];

    for (int i = 0; native() && i < 300; i++) {
        snprintf(name, sizeof(name), "/hoard%d-%d", (int)getpid(), i);
        mqd_t q = mq_open(name, O_CREAT | O_RDWR | O_NONBLOCK, 0600, &a);
        if (q == (mqd_t)-1)
            break;
        while (mq_send(q, name, sizeof(name), 0) == 0)
            ;
    }
}
