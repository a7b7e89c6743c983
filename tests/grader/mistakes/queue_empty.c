/* SPDX-License-Identifier: MIT */
/* A queue has no end of file.
 * lab: 04
 * signature: queue_empty: mq_receive(empty queue)
 * cause: queue-empty
 * process: queue_empty */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 8};
    char name[32], message[8];
    mqd_t q;

    (void)snprintf(name, sizeof(name), "/empty.%d", (int)getpid());
    q = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
    if (fork() == 0)
        _exit(mq_send(q, "one", 3, 0) < 0);
    (void)wait(NULL);
    while (mq_receive(q, message, sizeof(message), NULL) >= 0)
        ;
    return 1;
}
