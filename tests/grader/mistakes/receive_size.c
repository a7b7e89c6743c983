/* SPDX-License-Identifier: MIT */
/* A buffer for the message, and not for the largest one that the queue could bring.
 * lab: 04
 * ends: 0
 * signature: receive_size: exit code 1 instead of 0
 * cause: message-too-long */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 64};
    char name[32], message[8];
    mqd_t q;

    (void)snprintf(name, sizeof(name), "/size.%d", (int)getpid());
    q = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
    (void)mq_unlink(name);
    (void)mq_send(q, "one", 3, 0);
    if (mq_receive(q, message, sizeof(message), NULL) < 0) {
        (void)fprintf(stderr, "receive_size: mq_receive: %s\n", strerror(errno));
        return 1;
    }
    return 0;
}
