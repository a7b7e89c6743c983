/* SPDX-License-Identifier: MIT */
/* The client is faster than the server's listen.
 * lab: 05
 * ends: 0
 * signature: connection_refused: exit code 1 instead of 0
 * cause: connection-refused */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "server"};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)bind(s, (struct sockaddr *)&address, sizeof(address));
    if (connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address)) < 0) {
        (void)fprintf(stderr, "connection_refused: connect: %s\n", strerror(errno));
        return 1;
    }
    return listen(s, 1);
}
