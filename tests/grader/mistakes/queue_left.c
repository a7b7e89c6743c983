/* SPDX-License-Identifier: MIT */
/* Closed is not removed.
 * lab: 04
 * finding: leftover.mqueue
 * cause: queue-left */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 8};
    char name[32];
    mqd_t q;

    (void)snprintf(name, sizeof(name), "/left.%d", (int)getpid());
    q = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
    return q < 0 || mq_close(q) < 0;
}
