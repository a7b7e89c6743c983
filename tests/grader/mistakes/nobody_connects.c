/* SPDX-License-Identifier: MIT */
/* The client goes to another name than the server's.
 * lab: 05
 * signature: nobody_connects: accept(listening Unix socket)
 * cause: nobody-connects
 * process: nobody_connects */
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0room"};
    socklen_t exact = offsetof(struct sockaddr_un, sun_path) + 5;
    int s = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)bind(s, (struct sockaddr *)&address, sizeof(address)); /* with all the zero bytes */
    (void)listen(s, 5);
    if (fork() == 0)
        _exit(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, exact) < 0);
    (void)wait(NULL);
    return accept(s, NULL, NULL) < 0;
}
