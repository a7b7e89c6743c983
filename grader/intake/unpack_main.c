/* SPDX-License-Identifier: MIT */
/* unpack [class]: reads an archive on standard input and writes to standard output what is wanted of it
 * (unpack.h). A program of its own, that runs in a box as an ordinary user: whoever made the archive may
 * have made it to break whoever reads it. */
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intake/unpack.h"

int main(int argc, char *argv[])
{
    const bool class = argc == 2 && strcmp(argv[1], "class") == 0;
    struct archive *a = unpack_reader();
    struct stat st;

    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* names would be lost otherwise */
    if (!a || fstat(STDIN_FILENO, &st) < 0)
        return 1;
    const int opened = archive_read_open_fd(a, STDIN_FILENO, 65536);
    const int status = unpack(a, opened, (long long)st.st_size, class ? UNPACK_CLASS : UNPACK_SUBMISSION, stdout);
    archive_read_free(a);
    return status == 0 ? 0 : 1;
}
