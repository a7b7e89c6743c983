/* SPDX-License-Identifier: MIT */
/* The same over TCP.
 * lab: 05
 * signature: a child of not_accepted_tcp: read(TCP socket that not_accepted_tcp has not accepted); not_accepted_tcp: wait(a child of not_accepted_tcp)
 * cause: not-accepted
 * process: a child of not_accepted_tcp */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    char byte;

    (void)bind(s, (struct sockaddr *)&address, size);
    (void)listen(s, 5);
    (void)getsockname(s, (struct sockaddr *)&address, &size);
    if (fork() == 0) {
        int c = socket(AF_INET, SOCK_STREAM, 0);
        (void)close(s);
        (void)connect(c, (struct sockaddr *)&address, size);
        _exit(read(c, &byte, 1) < 0);
    }
    (void)wait(NULL);
    return accept(s, NULL, NULL) < 0;
}
