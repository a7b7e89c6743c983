/* SPDX-License-Identifier: MIT */
/* hostile: what students write by accident or on purpose. Static, so that it runs in any box.
 * Descriptor 3, where a test passes it, is a pipe's write end: as long as any process of the box
 * lives that holds it, the test's end does not see the end of file. */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static _Noreturn void wait_for_ever(void)
{
    for (;;)
        (void)pause();
}

/* Two forks and a session: what a daemon does, and what leaves process groups. */
static int leave_daemon(void)
{
    if (fork() > 0)
        return 0;
    (void)setsid();
    if (fork() > 0)
        _exit(0);
    wait_for_ever();
}

/* Every signal ignored, children in other sessions, and no end. */
static int be_stubborn(void)
{
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_IGN);
    if (fork() == 0)
        (void)setsid();
    wait_for_ever();
}

static _Noreturn void bomb(void)
{
    for (;;)
        (void)fork();
}

enum { TAKEN_KEY = 5678 };

/* What is private to a box: the same names and keys in each must not meet. A second call fails. */
static int take_names(void)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX, .sun_path = "\0taken"};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);

    if (mq_open("/taken", O_CREAT | O_EXCL | O_RDWR, 0600, NULL) < 0 ||
        shm_open("/taken", O_CREAT | O_EXCL | O_RDWR, 0600) < 0 ||
        shmget(TAKEN_KEY, 4096, IPC_CREAT | IPC_EXCL | 0600) < 0 ||
        semget(TAKEN_KEY, 1, IPC_CREAT | IPC_EXCL | 0600) < 0 ||
        msgget(TAKEN_KEY, IPC_CREAT | IPC_EXCL | 0600) < 0 ||
        open("/tmp/taken", O_CREAT | O_EXCL | O_WRONLY, 0600) < 0 ||
        bind(s, (struct sockaddr *)&sa, sizeof(sa.sun_family) + 6) < 0)
        return 1;
    if (fork() == 0) /* somebody stays, so that the socket does */
        wait_for_ever();
    return 0;
}

/* So many MiB of memory, for good. */
static int eat(const char *mib)
{
    const size_t n = (size_t)atoi(mib) << 20;
    volatile char *all = malloc(n + 1); /* volatile: or the compiler sees that nobody reads it */

    for (size_t i = 0; all && i < n; i += 4096)
        all[i] = 'x';
    return all != NULL;
}

int main(int argc, char *argv[])
{
    const char *what = argc > 1 ? argv[1] : "";
    char c;

    if (strcmp(what, "daemon") == 0)
        return leave_daemon();
    if (strcmp(what, "stubborn") == 0)
        return be_stubborn();
    if (strcmp(what, "bomb") == 0)
        bomb();
    if (strcmp(what, "names") == 0)
        return take_names();
    if (strcmp(what, "kill-all") == 0) {
        (void)kill(-1, SIGKILL);
        return 0;
    }
    if (strcmp(what, "spin") == 0)
        for (;;)
            ;
    if (strcmp(what, "exit") == 0)
        return atoi(argv[2]);
    if (strcmp(what, "raise") == 0)
        return raise(atoi(argv[2]));
    if (strcmp(what, "wait") == 0) { /* takes some MiB, says "ok", waits for the end of stdin; or
                                        takes more then, and waits for ever */
        if (!eat(argc > 2 ? argv[2] : "0") || write(STDOUT_FILENO, "ok\n", 3) != 3)
            return 1;
        while (read(STDIN_FILENO, &c, 1) > 0)
            ;
        if (argc > 3 && eat(argv[3]))
            wait_for_ever();
        return 0;
    }
    if (strcmp(what, "copy") == 0) { /* stdin to stdout, then exit 0 */
        while (read(STDIN_FILENO, &c, 1) > 0)
            if (write(STDOUT_FILENO, &c, 1) < 0)
                return 1;
        return 0;
    }
    return 99;
}
