/* SPDX-License-Identifier: MIT */
/* probe: calls one function of the student's library and prints what it saw. It judges nothing.
 *
 *     shout TEXT     what shout makes of TEXT; "-1 ERRNO" if it fails */
#include "lab07.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char *argv[])
{
    if (argc != 3 || strcmp(argv[1], "shout") != 0)
        return 2;
    if (shout(argv[2], strlen(argv[2])) < 0)
        printf("-1 %s\n", strerrorname_np(errno));
    else
        printf("%s\n", argv[2]);
    return 0;
}
