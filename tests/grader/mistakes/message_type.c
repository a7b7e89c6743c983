/* SPDX-License-Identifier: MIT */
/* The sender's type is not the one that the receiver asks for.
 * lab: 04
 * signature: message_type: msgrcv(System V queue)
 * cause: queue-other-type
 * process: message_type */
#include <sys/msg.h>

int main(void)
{
    struct { long type; char text[8]; } m = {1, "one"};
    int q = msgget(IPC_PRIVATE, 0600);

    return msgsnd(q, &m, 4, 0) < 0 || msgrcv(q, &m, sizeof(m.text), 2, 0) < 0;
}
