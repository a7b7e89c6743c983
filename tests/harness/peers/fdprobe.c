/* SPDX-License-Identifier: MIT */
/* fdprobe: lists its descriptors, one a line: "4 pipe w", "5 socket rw cloexec", "6 file r". */
#include <dirent.h>
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

int main(void)
{
    enum { MAX = 4096 };
    static const char *const access[] = {"r", "w", "rw", "?"};

    for (int fd = 0; fd < MAX; fd++) { /* not /proc/self/fd: listing it opens one more */
        struct stat st;
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0 || fstat(fd, &st) < 0)
            continue;
        (void)printf("%d %s %s%s\n", fd, kind_of(st.st_mode), access[flags & O_ACCMODE],
                     fcntl(fd, F_GETFD) & FD_CLOEXEC ? " cloexec" : "");
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
