/* SPDX-License-Identifier: MIT */
/* The server serves its first client to the end before it accepts the second.
 * lab: 05
 * signature: a child of not_accepted: read(Unix socket that not_accepted has not accepted); not_accepted: wait(a child of not_accepted)
 * cause: not-accepted
 * process: a child of not_accepted */
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "server"};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    char byte;

    (void)bind(s, (struct sockaddr *)&address, sizeof(address));
    (void)listen(s, 5);
    if (fork() == 0) {
        int c = socket(AF_UNIX, SOCK_STREAM, 0);
        (void)close(s);
        (void)connect(c, (struct sockaddr *)&address, sizeof(address));
        (void)!write(c, "x", 1);
        _exit(read(c, &byte, 1) < 0);
    }
    (void)wait(NULL);
    return accept(s, NULL, NULL) < 0;
}
