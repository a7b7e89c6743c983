/* SPDX-License-Identifier: MIT */
/* attack: what the programs here are written with. It lies beside them as include/attack.h, and is
 * the first line of every source of theirs. Whatever should not have worked is told by loot():
 * LOOT in any output, log or report fails the suite. */
#ifndef ATTACK_H
#define ATTACK_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

/* Runs before main() in every program of every test, and under valgrind once, in its server; with
 * "into: before FILE" in that program's main() instead. */
#ifdef ATTACK_IN_MAIN
#define ATTACK                                                                                     \
    static void attack_body(void);                                                                 \
    int main(int argc, char *argv[])                                                               \
    {                                                                                              \
        attack_body();                                                                             \
        return honest_main(argc, argv);                                                            \
    }                                                                                              \
    static void attack_body(void)
#else
#define ATTACK                                                                                     \
    static void attack_body(void);                                                                 \
    __attribute__((constructor)) static void attack_begin(void)                                    \
    {                                                                                              \
        if (getuid() % 256 >= 2)                                                                       \
            attack_body();                                                                         \
    }                                                                                              \
    static void attack_body(void)
#endif

/* Where boxes have no users of their own the numbers begin at a multiple of 256. */
static inline int native(void) { return getuid() % 256 >= 10; } /* and not under valgrind */
static inline int watched(void) { return getuid() % 256 == 2; }

/* "/vg/x" where the box has it: the image tells where /sub is. */
static inline const char *in_box(const char *path)
{
    static char full[PATH_MAX * 2];
    ssize_t n = readlink("/proc/self/exe", full, PATH_MAX);

    n -= (ssize_t)sizeof("/sub/image") - 1;
    snprintf(full + (n > 0 ? n : 0), PATH_MAX, "%s", path);
    return full;
}

static inline void say(const char *s)
{
    (void)!write(2, s, strlen(s));
}

static inline void loot(const char *what)
{
    say("LOOT: ");
    say(what);
    say("\n");
    abort();
}

static inline void forever(void)
{
    for (;;)
        (void)pause();
}

/* What is readable there goes to both outputs: a canary in it is found by the suite. */
static inline void spill(const char *path)
{
    char bytes[4096];
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

    if (n > 0)
        (void)!write(2, bytes, (size_t)n);
    if (fd >= 0)
        (void)close(fd);
}

#endif
