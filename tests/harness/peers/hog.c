/* SPDX-License-Identifier: MIT */
/* hog [BYTES]: writes so many bytes to its standard output, without end if not told. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static char block[64 * 1024];
    long long left = argc > 1 ? atoll(argv[1]) : -1;

    (void)memset(block, 'h', sizeof(block));
    for (size_t i = 63; i < sizeof(block); i += 64)
        block[i] = '\n';
    while (left) {
        size_t want = left > 0 && left < (long long)sizeof(block) ? (size_t)left : sizeof(block);
        ssize_t n = write(STDOUT_FILENO, block, want);

        if (n < 0)
            return 1;
        left -= left > 0 ? n : 0;
    }
    return 0;
}
