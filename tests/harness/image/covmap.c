/* SPDX-License-Identifier: MIT */
/* covmap: coverage counters in a file that all processes of the image share, so that nothing is lost
 * by _exit, a signal, exec or SIGKILL. Student objects are compiled with
 *
 *     -fprofile-arcs -ftest-coverage -fprofile-info-section=lab_gcov -fdata-sections
 *
 * which leaves no constructor and no exit handler in them; covmap.ld puts the counters on pages of
 * their own; they are mapped from IMAGE.cov if there is such a file, before main() and before the
 * program's own constructors. covdump.c writes .gcda files from that file.
 *
 * In gnu modes gcc turns fork and exec of instrumented code into calls of the functions below, which
 * in libgcov would reset and write counters. */
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARGS_MAX = 1024 };

extern char **environ;

extern char lab_cov_begin[], lab_cov_end[];

pid_t __gcov_fork(void);
int __gcov_execv(const char *path, char *const argv[]);
int __gcov_execve(const char *path, char *const argv[], char *const envp[]);
int __gcov_execvp(const char *path, char *const argv[]);
int __gcov_execl(const char *path, char *arg, ...);
int __gcov_execlp(const char *path, char *arg, ...);
int __gcov_execle(const char *path, char *arg, ...);

pid_t __gcov_fork(void)
{
    return fork();
}

int __gcov_execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

int __gcov_execve(const char *path, char *const argv[], char *const envp[])
{
    return execve(path, argv, envp);
}

int __gcov_execvp(const char *path, char *const argv[])
{
    return execvp(path, argv);
}

/* The arguments of an execl() as a vector; what follows their NULL stays in ap. */
#define COLLECT(argv, arg, ap)                                                                     \
    do {                                                                                           \
        size_t n_ = 0;                                                                             \
        (argv)[n_++] = (arg);                                                                      \
        while (n_ < ARGS_MAX && (argv)[n_ - 1])                                                    \
            (argv)[n_++] = va_arg(ap, char *);                                                     \
        (argv)[ARGS_MAX - 1] = NULL;                                                               \
    } while (0)

int __gcov_execl(const char *path, char *arg, ...)
{
    char *argv[ARGS_MAX];
    va_list ap;

    va_start(ap, arg);
    COLLECT(argv, arg, ap);
    va_end(ap);
    return execve(path, argv, environ);
}

int __gcov_execlp(const char *path, char *arg, ...)
{
    char *argv[ARGS_MAX];
    va_list ap;

    va_start(ap, arg);
    COLLECT(argv, arg, ap);
    va_end(ap);
    return execvp(path, argv);
}

int __gcov_execle(const char *path, char *arg, ...)
{
    char *argv[ARGS_MAX];
    char *const *envp;
    va_list ap;

    va_start(ap, arg);
    COLLECT(argv, arg, ap);
    envp = va_arg(ap, char *const *);
    va_end(ap);
    return execve(path, argv, envp);
}

__attribute__((constructor(101))) static void lab_cov_init(void)
{
    static const char suffix[] = ".cov";
    char path[PATH_MAX + sizeof(suffix)];
    size_t size = (size_t)(lab_cov_end - lab_cov_begin);
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
    struct stat st;
    int fd;

    if (n < 0)
        return;
    (void)memcpy(path + n, suffix, sizeof(suffix));
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return; /* no file: private counters, as any program has */
    if (size && fstat(fd, &st) == 0
        && ((size_t)st.st_size >= size || ftruncate(fd, (off_t)size) == 0))
        (void)mmap(lab_cov_begin, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    (void)close(fd);
}
