/* SPDX-License-Identifier: MIT */
/* The name that a server left is in the way of the next one.
 * lab: 05
 * ends: 0
 * signature: address_in_use: exit code 1 instead of 0
 * cause: address-in-use */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "server"};

    for (int run = 0; run < 2; run++) {
        int s = socket(AF_UNIX, SOCK_STREAM, 0);
        if (bind(s, (struct sockaddr *)&address, sizeof(address)) < 0) {
            (void)fprintf(stderr, "address_in_use: bind: %s\n", strerror(errno));
            return 1;
        }
        (void)close(s);
    }
    return 0;
}
