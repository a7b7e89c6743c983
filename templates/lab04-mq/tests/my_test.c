/* SPDX-License-Identifier: MIT */
/* An example of a test of your own. Every file of this folder whose name ends in _test.c is a program
 * linked with your library: it exits with 0 if all is well and says on stderr what is not. Its runs
 * count for coverage.
 *
 * This one makes a queue and looks at its sizes. It says "skipped" while q_create is a stub. */
#include "lab04.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    struct mq_attr attr;
    char name[64];
    mqd_t q;

    snprintf(name, sizeof(name), "/my_test.%d", (int)getpid()); /* nobody else has this name */
    q = q_create(name, 4, 64);
    if (q == (mqd_t)-1) {
        if (errno == ENOSYS) {
            fprintf(stderr, "my_test: skipped, q_create is not implemented\n");
            return 0;
        }
        perror("my_test: q_create");
        return 1;
    }
    mq_unlink(name); /* at once: whatever fails below, the name does not stay */
    if (mq_getattr(q, &attr) < 0 || attr.mq_maxmsg != 4 || attr.mq_msgsize != 64) {
        fprintf(stderr, "my_test: the queue has room for %ld messages of %ld bytes\n", attr.mq_maxmsg,
                attr.mq_msgsize);
        return 1;
    }
    mq_close(q);
    return 0;
}
