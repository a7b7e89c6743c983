/* SPDX-License-Identifier: MIT */
/* guard: runs a command and sees to it that nothing of it stays behind.
 *
 *     guard [-t SECONDS] [-w NAME | -f FILE | -m MS] [-s SIGNAL] [-g] LOG COMMAND [ARGUMENT...]
 *
 * All descendants of the command that lose their parent become children of guard (it is a subreaper),
 * so "nothing is alive any more" is what the kernel says: no child is left. A descendant that is
 * alive when the command has ended was left behind; after SIGKILL, which lets nobody tidy up, the
 * others have some seconds.
 *
 *   -t SECONDS   the command must have ended by then (default 60), not counting what processes of
 *                others took from this machine meanwhile
 *   -w NAME      the moment: a descendant whose name begins with NAME is seen
 *   -f FILE      the moment: FILE exists
 *   -m MS        the moment: so many milliseconds after its start; one that ends before is left alone
 *   -s SIGNAL    what the command gets at the moment (a number; without a moment: at its start)
 *   -g           to its process group, as the terminal does
 *
 * The exit status is the command's (128+N after signal N), or one of these, with a line in LOG: */
enum { TOO_LONG = 97, MOMENT_MISSED = 98, LEFT_BEHIND = 99 };

#define _GNU_SOURCE 1
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES_MAX = 65536, LOOK_MS = 2, ORPHANS_MS = 10000 };

struct process {
    pid_t pid, parent;
    char state;
    char name[64];
    unsigned long long ticks; /* of processor time, with the children it has waited for */
};

static struct process processes[PROCESSES_MAX];
static size_t processes_n;
static FILE *report;

static long now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

static void look(void)
{
    DIR *d = opendir("/proc");

    processes_n = 0;
    for (struct dirent *e; d && (e = readdir(d)) && processes_n < PROCESSES_MAX;) {
        char path[300], text[512];
        struct process *p = &processes[processes_n];
        if (!isdigit((unsigned char)e->d_name[0]))
            continue;
        (void)snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
        FILE *f = fopen(path, "re");
        size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
        if (f)
            (void)fclose(f);
        text[n] = '\0';
        char *open = strchr(text, '('), *close = strrchr(text, ')'); /* the name may hold both */
        unsigned long user, sys;
        long children_user, children_sys;
        int parent;
        if (!open || !close ||
            sscanf(close + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", &p->state, &parent, &user,
                   &sys, &children_user, &children_sys) != 6)
            continue;
        p->ticks = user + sys + (unsigned long)(children_user + children_sys);
        *close = '\0';
        p->pid = atoi(text);
        p->parent = parent;
        (void)snprintf(p->name, sizeof(p->name), "%s", open + 1);
        processes_n++;
    }
    if (d)
        (void)closedir(d);
}

static bool is_below(const struct process *p, pid_t ancestor)
{
    for (int depth = 0; depth < 64; depth++) {
        const struct process *up = NULL;
        if (p->parent == ancestor)
            return true;
        for (size_t i = 0; i < processes_n && !up; i++)
            if (processes[i].pid == p->parent)
                up = &processes[i];
        if (!up)
            return false;
        p = up;
    }
    return false;
}

static bool is_seen(const char *name, pid_t command)
{
    look();
    for (size_t i = 0; i < processes_n; i++)
        if (strncmp(processes[i].name, name, strlen(name)) == 0 && is_below(&processes[i], command))
            return true;
    return false;
}

/* Processor time that others had since this machine started: all that was not idle and not ours. */
static long others_ms(void)
{
    unsigned long long user, nice, sys, idle, iowait, irq, softirq, steal, ours = 0;
    FILE *f = fopen("/proc/stat", "re");
    struct rusage gone;
    const long tick_ms = 1000 / sysconf(_SC_CLK_TCK);
    bool read = f && fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &sys, &idle, &iowait, &irq,
                            &softirq, &steal) == 8;

    if (f)
        (void)fclose(f);
    if (!read || getrusage(RUSAGE_CHILDREN, &gone) < 0)
        return 0;
    look();
    for (size_t i = 0; i < processes_n; i++)
        if (is_below(&processes[i], getpid()))
            ours += processes[i].ticks;
    return (long)(user + nice + sys + irq + softirq + steal - ours) * tick_ms -
           (gone.ru_utime.tv_sec + gone.ru_stime.tv_sec) * 1000L - (gone.ru_utime.tv_usec + gone.ru_stime.tv_usec) / 1000;
}

static void name_survivors(void)
{
    look();
    for (size_t i = 0; i < processes_n; i++)
        if (processes[i].state != 'Z' && is_below(&processes[i], getpid()))
            (void)fprintf(report, "left behind: process %d '%s' (%c)\n", (int)processes[i].pid, processes[i].name,
                          processes[i].state);
}

/* Reaps until nobody is left (true) or 'wait_ms' have passed. */
static bool bury(long wait_ms)
{
    const long deadline = now_ms() + wait_ms;

    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0)
            return errno == ECHILD;
        if (pid == 0) {
            if (now_ms() >= deadline)
                return false;
            (void)poll(NULL, 0, LOOK_MS);
        }
    }
}

static void kill_survivors(void)
{
    do {
        look();
        for (size_t i = 0; i < processes_n; i++)
            if (processes[i].state != 'Z' && is_below(&processes[i], getpid()))
                (void)kill(processes[i].pid, SIGKILL);
    } while (!bury(100));
}

static _Noreturn void usage(void)
{
    (void)fputs("usage: guard [-t SECONDS] [-w NAME | -f FILE | -m MS] [-s SIGNAL] [-g] LOG COMMAND [ARGUMENT...]\n", stderr);
    exit(2);
}

int main(int argc, char *argv[])
{
    const char *name = NULL, *file = NULL;
    long wall_ms = 60000, after_ms = -1;
    int sig = 0, option, status;
    bool group = false, sent = false;

    while ((option = getopt(argc, argv, "+t:w:f:m:s:g")) != -1)
        switch (option) {
        case 't': wall_ms = atol(optarg) * 1000; break;
        case 'w': name = optarg; break;
        case 'f': file = optarg; break;
        case 'm': after_ms = atol(optarg); break;
        case 's': sig = atoi(optarg); break;
        case 'g': group = true; break;
        default: usage();
        }
    if (argc - optind < 2)
        usage();
    report = fopen(argv[optind], "ae");
    if (!report || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        usage();

    pid_t pid = fork();
    if (pid == 0) {
        if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
            (void)execvp(argv[optind + 1], argv + optind + 1);
        _exit(127);
    }
    int ended = pid < 0 ? -1 : pidfd_open(pid, 0);
    if (ended < 0) {
        perror("guard");
        return 2;
    }
    const long start = now_ms(), processors = sysconf(_SC_NPROCESSORS_ONLN), others_start = others_ms();
    long limit_ms = wall_ms;
    bool waiting = sig != 0, late = false;
    for (;;) {
        if (waiting && ((!name && !file && now_ms() - start >= after_ms) || (name && is_seen(name, pid)) || (file && access(file, F_OK) == 0))) {
            sent = kill(group ? -pid : pid, sig) == 0;
            waiting = false;
        }
        struct pollfd p = {.fd = ended, .events = POLLIN};
        long left = start + limit_ms - now_ms();
        if (left <= 0) {
            long lost = (others_ms() - others_start) / processors;
            if (lost > 0 && limit_ms < wall_ms + lost) {
                limit_ms = wall_ms + lost;
                continue;
            }
            late = true;
            break;
        }
        if (poll(&p, 1, waiting ? LOOK_MS : (int)left) > 0)
            break;
    }
    if (late) {
        (void)fprintf(report, "it still ran after %ld s, of which others had %ld\n", (now_ms() - start) / 1000,
                      (limit_ms - wall_ms) / 1000);
        (void)kill(pid, SIGKILL);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 2;
    const long took = now_ms() - start;
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    const bool alone = bury(killed ? ORPHANS_MS : 0);
    if (!alone) {
        name_survivors();
        kill_survivors();
    }
    (void)fprintf(report, "%ld.%03ld s, %s %d\n", took / 1000, took % 1000, WIFSIGNALED(status) ? "signal" : "status",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    if (late)
        return TOO_LONG;
    if (!alone)
        return LEFT_BEHIND;
    if (sig && !sent && after_ms < 0) {
        (void)fprintf(report, "the moment for signal %d never came\n", sig);
        return MOMENT_MISSED;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
