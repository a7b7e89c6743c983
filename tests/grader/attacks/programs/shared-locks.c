/* lab01; tests: hello_line filter_large; verdicts: pass | locks on files that all boxes see */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    static const char *const files[] = {"/usr/bin/valgrind", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/bin/gcc", "/sub/image", "/etc/passwd", "/bin/sh"};
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        int fd = open(files[i], O_RDONLY | O_CLOEXEC);
        flock(fd, LOCK_EX | LOCK_NB);
        close(fd);
    }
}
