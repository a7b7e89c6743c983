/* SPDX-License-Identifier: MIT */
/* bad: whatever a program can do wrong, one thing per first argument. */
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *arg = "";
static char *volatile nowhere;
static volatile bool enough; /* never */

static int helper(void) /* local: good.c has one of the same name */
{
    return (int)strlen(arg);
}

static void say(const char *line)
{
    (void)printf("%s\n", line);
    (void)fflush(stdout);
}

/* How it hangs, or does not --------------------------------------------------------------------- */

static int do_exit(void)
{
    return atoi(arg);
}

static int do_print(void)
{
    say(arg);
    return helper() == 0;
}

static int do_hang(void)
{
    say("READY");
    while (!enough)
        (void)pause();
    return 0;
}

static int do_read(void)
{
    char byte;

    say("READY");
    return (int)read(0, &byte, 1);
}

/* The classic: the reader itself still holds a write end. */
static int do_own_pipe(void)
{
    int end[2];
    char byte;

    if (pipe(end) < 0)
        return 1;
    if (fork() == 0)
        _exit((int)read(end[0], &byte, 1));
    return wait(NULL) < 0;
}

static int do_socketpair(void)
{
    int end[2];
    char byte;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, end) < 0)
        return 1;
    if (fork() == 0) {
        (void)close(end[0]);
        _exit((int)recv(end[1], &byte, 1, 0));
    }
    (void)close(end[1]);
    return (int)recv(end[0], &byte, 1, 0);
}

static int do_fifo_open(void)
{
    return mkfifo("fifo", 0666) < 0 || open("fifo", O_RDONLY) < 0;
}

static int do_connect(void) /* and waits for a word from the other side, in poll */
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct pollfd set = {.events = POLLIN};

    (void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", arg);
    set.fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(set.fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
        return 3;
    return poll(&set, 1, -1) < 0;
}

static int do_queue(void)
{
    char message[16];
    mqd_t q = mq_open(arg, O_RDONLY);
    ssize_t n = q < 0 ? -1 : mq_receive(q, message, sizeof(message), NULL);

    (void)printf("%.*s\n", (int)n, message);
    return n < 0 || mq_close(q) < 0;
}

static int do_make_queue(void) /* ARG.PID */
{
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 16};
    char name[64];
    mqd_t q;

    (void)snprintf(name, sizeof(name), "%s.%d", arg, (int)getpid());
    q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
    return q < 0 || mq_close(q) < 0;
}

/* How many queues of the default size one gets, three being enough. */
static int do_many_queues(void)
{
    mqd_t q[3];
    int n = 0;

    while (n < 3 && (q[n] = mq_open(arg, O_RDWR | O_CREAT | O_EXCL, 0600, NULL)) >= 0) {
        (void)mq_unlink(arg); /* it lives until it is closed */
        n++;
    }
    (void)printf("%d\n", n);
    while (n > 0)
        (void)mq_close(q[--n]);
    return 0;
}

static int do_spin(void)
{
    say("READY");
    while (!enough)
        (void)getppid();
    return 0;
}

static int do_nap(void)
{
    say("READY");
    while (!enough)
        (void)nanosleep(&(struct timespec){0, 3000000}, NULL);
    return 0;
}

static int do_short_poll(void)
{
    say("READY");
    while (!enough)
        (void)poll(NULL, 0, 10);
    return 0;
}

static int do_patient_poll(void)
{
    say("READY");
    while (!enough)
        (void)poll(NULL, 0, 60000);
    return 0;
}

/* So many milliseconds of processor time in each of four children, one after the other. */
static int do_work(void)
{
    for (int i = 0; i < 4; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            clock_t end = clock() + atoi(arg) * (CLOCKS_PER_SEC / 1000);

            while (clock() < end)
                ;
            _exit(0);
        }
        if (pid < 0 || waitpid(pid, NULL, 0) != pid)
            return 1;
    }
    return 0;
}

/* Processor time that no process has much of: children of some milliseconds, one after the other. */
static int do_relay(void)
{
    while (!enough) {
        pid_t pid = fork();

        if (pid == 0) {
            clock_t end = clock() + CLOCKS_PER_SEC / 100;

            while (clock() < end)
                ;
            _exit(0);
        }
        if (pid < 0 || waitpid(pid, NULL, 0) != pid)
            return 1;
        say("next");
    }
    return 0;
}

/* Children that stay, as many as there may be. */
static int do_breed(void)
{
    while (!enough && fork() >= 0)
        ;
    for (;;)
        (void)pause();
}

static int do_grow(void)
{
    static const char block[65536];
    int fd = open("big", O_WRONLY | O_CREAT | O_TRUNC, 0600);

    (void)unlink("big");

    while (write(fd, block, sizeof(block)) > 0)
        ;
    return 1;
}

static int do_endless(void)
{
    while (!enough)
        (void)printf("and on it goes\n");
    return 0;
}

/* How it dies ----------------------------------------------------------------------------------- */

static int do_crash(void)
{
    *nowhere = 1;
    return 0;
}

/* A server that takes one client and crashes at its first byte. */
static int do_crash_server(void)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM, 0), c;
    char byte;

    (void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", arg);
    if (bind(s, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(s, 1) < 0)
        return 1;
    say("READY");
    c = accept(s, NULL, NULL);
    if (read(c, &byte, 1) == 1)
        *nowhere = 1;
    return 0;
}

/* What it leaves -------------------------------------------------------------------------------- */

static int do_zombie(void) /* dead for certain before its parent ends */
{
    pid_t pid = fork();
    siginfo_t info;

    if (pid == 0)
        _exit(0);
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0;
}

static int do_late_zombie(void) /* ends only because its parent has ended */
{
    int end[2];
    char byte;

    if (pipe(end) < 0)
        return 1;
    if (fork() == 0) {
        (void)close(end[1]);
        _exit((int)read(end[0], &byte, 1));
    }
    return 0;
}

static int do_orphan(void)
{
    if (fork() == 0)
        for (;;)
            (void)pause();
    return 0;
}

static int do_daemon(void)
{
    if (fork() == 0) {
        (void)setsid();
        if (fork() == 0)
            for (;;)
                (void)pause();
        _exit(0);
    }
    return wait(NULL) < 0;
}

static int do_family(void) /* many orphans */
{
    for (int i = 0; i < 20; i++)
        if (fork() == 0)
            for (;;)
                (void)pause();
    return 0;
}

/* Names outside the folder are this user's own: tests run at once. */
static const char *own(const char *name)
{
    static char buf[8][64];
    static int next;
    char *b = buf[next++ % 8];

    (void)snprintf(b, sizeof(buf[0]), "%s-%u", name, (unsigned)getuid());
    return b;
}

static int do_names(void)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX, .sun_path = "s"};
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 1};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    key_t key = (key_t)(getuid() * 4);
    bool ok = true;

    ok &= mkdir("sub", 0700) == 0 && mkfifo("sub/fifo", 0600) == 0;
    ok &= bind(s, (struct sockaddr *)&sa, sizeof(sa)) == 0;
    ok &= open("file", O_WRONLY | O_CREAT, 0600) >= 0;
    ok &= open("meant", O_WRONLY | O_CREAT, 0600) >= 0;
    ok &= shm_open(own("/lab-shm"), O_RDWR | O_CREAT, 0600) >= 0;
    ok &= sem_open(own("/lab-sem"), O_CREAT, 0600, 1) != SEM_FAILED;
    ok &= mq_open(own("/lab-mq"), O_RDWR | O_CREAT, 0600, &attr) >= 0;
    ok &= shmget(key, 1, IPC_CREAT | 0600) >= 0;
    ok &= semget(key + 1, 1, IPC_CREAT | 0600) >= 0;
    ok &= msgget(key + 2, IPC_CREAT | 0600) >= 0;
    ok &= open(own("/tmp/lab-temporary"), O_WRONLY | O_CREAT, 0600) >= 0;
    if (access("/dev/mqueue", R_OK | X_OK) < 0)
        (void)mq_unlink(own("/lab-mq")); /* where queues cannot be listed, nobody would remove it */
    say(ok ? "made" : "could not make all");
    if (strcmp(arg, "crash") == 0)
        *nowhere = 1;
    if (strcmp(arg, "hang") == 0)
        (void)pause();
    return 0;
}

static int do_replace(void) /* the harness's stale socket by one of its own */
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};

    (void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", arg);
    return unlink(arg) < 0
           || bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&sa, sizeof(sa)) < 0;
}

/* What it tries against the judge --------------------------------------------------------------- */

static int do_attack(void)
{
    char path[64];

    if (getuid() == 0)
        return 1; /* what follows would be the end of the machine */
    (void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)getppid());
    if (kill(getppid(), 0) == 0 || open(path, O_RDONLY) >= 0 || setuid(0) == 0)
        say("judge reached");
    for (int fd = 3; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            say("descriptor inherited");
    if (getenv("LAB_CHANNEL") || getenv("LAB_PROGRAMS") || getenv("BXFI_MAP"))
        say("environment inherited");
    (void)kill(-1, SIGKILL); /* everything it may, itself excepted */
    return 0;
}

/* For memcheck ---------------------------------------------------------------------------------- */

static int do_leak(void)
{
    char *volatile p = malloc(100);

    p = NULL;
    return p != NULL;
}

static int do_uninit(void)
{
    int *volatile p = malloc(sizeof(*p));

    if (*p)
        say("set");
    free(p);
    return 0;
}

static int do_child_leak(void)
{
    if (fork() == 0)
        _exit(do_leak());
    return wait(NULL) < 0;
}

static int do_open(void)
{
    return open("/dev/null", O_RDONLY) < 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(void);
    } table[] = {
        {"exit", do_exit}, {"print", do_print}, {"hang", do_hang}, {"read", do_read},
        {"own-pipe", do_own_pipe}, {"socketpair", do_socketpair}, {"fifo-open", do_fifo_open},
        {"connect", do_connect}, {"queue", do_queue}, {"make-queue", do_make_queue},
        {"many-queues", do_many_queues}, {"spin", do_spin}, {"nap", do_nap},
        {"short-poll", do_short_poll}, {"patient-poll", do_patient_poll}, {"work", do_work},
        {"endless", do_endless}, {"relay", do_relay}, {"breed", do_breed}, {"grow", do_grow},
        {"crash", do_crash}, {"crash-server", do_crash_server},
        {"zombie", do_zombie}, {"late-zombie", do_late_zombie}, {"orphan", do_orphan},
        {"daemon", do_daemon}, {"family", do_family}, {"names", do_names},
        {"replace", do_replace}, {"attack", do_attack}, {"leak", do_leak},
        {"uninit", do_uninit}, {"child-leak", do_child_leak}, {"open", do_open},
    };

    arg = argc > 2 ? argv[2] : "";
    for (size_t i = 0; argc > 1 && i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(argv[1], table[i].name) == 0)
            return table[i].run();
    (void)fprintf(stderr, "usage: bad WHAT [ARG]\n");
    return 2;
}
