/* SPDX-License-Identifier: MIT */
/* The only one who would empty the queue fills it.
 * lab: 04
 * signature: queue_full: mq_send(full queue)
 * cause: queue-full
 * process: queue_full */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 8};
    char name[32];
    mqd_t q;

    (void)snprintf(name, sizeof(name), "/full.%d", (int)getpid());
    q = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
    for (int i = 0; i < 3; i++)
        if (mq_send(q, "one", 3, 0) < 0)
            return 1;
    return 0;
}
