/* SPDX-License-Identifier: MIT */
/* Both ends of the pair are open in the parent: no end of file when the child has ended.
 * lab: 05
 * signature: own_socket_end: read(Unix socket to itself)
 * cause: own-socket-end
 * process: own_socket_end */
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int s[2];
    char byte;

    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    if (fork() == 0) {
        (void)close(s[0]);
        _exit(write(s[1], "x", 1) < 0);
    }
    (void)wait(NULL);
    while (read(s[0], &byte, 1) > 0)
        ;
    return 0;
}
