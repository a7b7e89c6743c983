/* SPDX-License-Identifier: MIT */
/* fdprobe [FILE]: lists its descriptors, one a line: "4 pipe w", "5 socket rw cloexec", "6 file r";
 * to its standard output, or to FILE, which is opened only afterwards. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *kind_of(mode_t mode)
{
    return S_ISFIFO(mode)   ? "pipe"
           : S_ISSOCK(mode) ? "socket"
           : S_ISREG(mode)  ? "file"
           : S_ISDIR(mode)  ? "folder"
           : S_ISCHR(mode)  ? "device"
                            : "other";
}

int main(int argc, char **argv)
{
    enum { MAX = 4096 };
    static const char *const access[] = {"r", "w", "rw", "?"};
    char *list = NULL;
    size_t size;
    FILE *to = open_memstream(&list, &size);

    for (int fd = 0; to && fd < MAX; fd++) { /* not /proc/self/fd: listing it opens one more */
        struct stat st;
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0 || fstat(fd, &st) < 0)
            continue;
        (void)fprintf(to, "%d %s %s%s\n", fd, kind_of(st.st_mode), access[flags & O_ACCMODE],
                      fcntl(fd, F_GETFD) & FD_CLOEXEC ? " cloexec" : "");
    }
    if (!to || fclose(to) != 0)
        return 1;
    to = argc > 1 ? fopen(argv[1], "we") : stdout;
    return to && fputs(list, to) >= 0 && fclose(to) == 0 ? 0 : 1;
}
