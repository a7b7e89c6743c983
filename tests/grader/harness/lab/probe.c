/* SPDX-License-Identifier: MIT */
/* probe: calls the library for the tests. */
#include <stdio.h>
#include <stdlib.h>

int twice(int n);

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    return printf("%d\n", twice(atoi(argv[1]))) < 0;
}
