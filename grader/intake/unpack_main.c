/* SPDX-License-Identifier: MIT */
/* unpack: reads an archive on standard input and writes its C sources to standard output. A program
 * of its own, that runs in a box as an ordinary user: whoever made the archive may have made it to
 * break whoever reads it. */
#include <locale.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intake/unpack.h"

int main(void)
{
    struct archive *a = unpack_reader();
    struct stat st;

    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* names would be lost otherwise */
    if (!a || fstat(STDIN_FILENO, &st) < 0)
        return 1;
    const int opened = archive_read_open_fd(a, STDIN_FILENO, 65536);
    const int status = unpack(a, opened, (long long)st.st_size, stdout);
    archive_read_free(a);
    return status == 0 ? 0 : 1;
}
