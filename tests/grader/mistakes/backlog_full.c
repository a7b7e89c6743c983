/* SPDX-License-Identifier: MIT */
/* More clients than the server lets wait.
 * lab: 05
 * signature: backlog_full: connect(Unix socket of itself)
 * cause: backlog-full
 * process: backlog_full */
#include <sys/socket.h>
#include <sys/un.h>

int main(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "server"};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)bind(s, (struct sockaddr *)&address, sizeof(address));
    (void)listen(s, 1);
    for (int i = 0; i < 10; i++)
        if (connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address)) < 0)
            return 1;
    return 0;
}
