/* SPDX-License-Identifier: MIT */
/* empty: folders below the first level are moved up to it, so that neither the stack nor descriptors
 * run out. */
#define _GNU_SOURCE 1
#include "box/empty.h"

#include "util/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void empty_folder(int top)
{
    unsigned long moved = 0;
    bool again = true;

    while (again) {
        CLEANUP(closedir_dir) DIR *dir = fdopendir(dup(top));
        const struct dirent *e;

        again = false;
        if (dir)
            rewinddir(dir);
        while (dir && (e = readdir(dir))) {
            CLEANUP(closedir_dir) DIR *below = NULL;
            const struct dirent *b;
            int fd;

            if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                continue;
            if (unlinkat(top, e->d_name, 0) == 0)
                continue;
            fd = openat(top, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            below = fd < 0 ? NULL : fdopendir(fd);
            while (below && (b = readdir(below))) {
                char name[40];

                if (strcmp(b->d_name, ".") == 0 || strcmp(b->d_name, "..") == 0)
                    continue;
                if (unlinkat(fd, b->d_name, 0) == 0)
                    continue;
                (void)snprintf(name, sizeof(name), ".swept-%lu", moved++);
                if (renameat(fd, b->d_name, top, name) == 0)
                    again = true; /* perhaps behind the point where readdir is */
            }
            (void)unlinkat(top, e->d_name, AT_REMOVEDIR);
        }
    }
}
