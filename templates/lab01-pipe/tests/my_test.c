/* SPDX-License-Identifier: MIT */
/* An example of a test of your own. Every file of this folder whose name ends in _test.c is a program
 * linked with your library: it exits with 0 if all is well and says on stderr what is not. Its runs
 * count for coverage.
 *
 * This one sends a message to itself through a pipe. It says "skipped" while msg_send is a stub. */
#include "lab01.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    static const char text[] = "Ola filho";
    char got[sizeof(text)];
    int fds[2];
    ssize_t n;

    if (pipe(fds) < 0) {
        perror("my_test: pipe");
        return 1;
    }
    if (msg_send(fds[1], text, strlen(text)) < 0) { /* so little fits into a pipe: no second process */
        if (errno == ENOSYS) {
            fprintf(stderr, "my_test: skipped, msg_send is not implemented\n");
            return 0;
        }
        perror("my_test: msg_send");
        return 1;
    }
    close(fds[1]);
    n = msg_recv(fds[0], got, sizeof(got));
    if (n != (ssize_t)strlen(text) || memcmp(got, text, strlen(text)) != 0) {
        fprintf(stderr, "my_test: msg_recv returned %zd, or other bytes\n", n);
        return 1;
    }
    n = msg_recv(fds[0], got, sizeof(got));
    if (n != MSG_EOF) {
        fprintf(stderr, "my_test: after the last message msg_recv returned %zd\n", n);
        return 1;
    }
    close(fds[0]);
    return 0;
}
