/* lab01; tests: io_eintr_partial; verdicts: pass | threads until there are no more */
/* SPDX-License-Identifier: MIT */
static void *wait_here(void *arg) { (void)arg; forever(); return NULL; }
ATTACK
{
    pthread_t t;
    for (int i = 0; native() && i < 2000 && pthread_create(&t, NULL, wait_here, NULL) == 0; i++)
        ;
}
