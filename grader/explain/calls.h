/* SPDX-License-Identifier: MIT */
/* calls: the system calls in which a process can wait. The numbers differ between machines; here
 * they get families and names. */
#ifndef GRADER_EXPLAIN_CALLS_H
#define GRADER_EXPLAIN_CALLS_H

/* In the order of the harness's CALL_ bits: bit N is family N. */
enum call_family {
    FAMILY_READ, FAMILY_WRITE, FAMILY_RECV, FAMILY_SEND, FAMILY_OPEN, FAMILY_POLL, FAMILY_ACCEPT,
    FAMILY_CONNECT, FAMILY_WAIT, FAMILY_PAUSE, FAMILY_SLEEP, FAMILY_SEM, FAMILY_QUEUE, FAMILY_LOCK,
    FAMILY_NONE
};

enum call_family calls_family(long nr);
const char *calls_name(long nr); /* "read"; NULL: no call that waits */

#endif
