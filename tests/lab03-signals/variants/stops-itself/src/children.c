/* SPDX-License-Identifier: MIT */
/* E. Children: handlers that set flags, fork and execvp, ppoll. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "lab03.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "util.h"

#define NEVER INT64_MAX

struct command {
    char *line;  /* the words point into it */
    char **argv; /* NULL at its end */
    pid_t pid;   /* 0: it does not run */
    int64_t term_at, kill_at;
};

struct supervisor {
    struct command *cmd;
    size_t count, next, running, jobs;
    int64_t timeout, grace;
    long ok, failed, killed;
    int stopping;
    int broken; /* errno of what went wrong */
    const char *broken_what;
};

int reap_all(void (*cb)(pid_t pid, int wstatus, void *arg), void *arg)
{
    int count = 0, wstatus;
    pid_t pid;

    for (;;) {
        pid = waitpid(-1, &wstatus, WNOHANG);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid == 0 || (pid < 0 && errno == ECHILD))
            return count;
        if (pid < 0)
            return -1;
        count++;
        if (cb)
            cb(pid, wstatus, arg);
    }
}

/* Reading ---------------------------------------------------------------------------------------*/

static void free_commands(struct supervisor *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->cmd[i].line);
        free(s->cmd[i].argv);
    }
    free(s->cmd);
}

/* Splits the line into words. The number of words; argv may be NULL: only count. */
static size_t split(char *line, char **argv)
{
    size_t n = 0;
    char *p = line;

    for (;;) {
        p += strspn(p, " \t\n");
        if (!*p)
            return n;
        if (argv)
            argv[n] = p;
        n++;
        p += strcspn(p, " \t\n");
        if (argv && *p)
            *p++ = '\0';
    }
}

static int add_command(struct supervisor *s, char *line)
{
    struct command *c = &s->cmd[s->count];
    size_t words = split(line, NULL);

    if (words == 0)
        return 0;
    if (s->count == COMMANDS_MAX) {
        errno = E2BIG;
        return -1;
    }
    memset(c, 0, sizeof(*c));
    c->term_at = c->kill_at = NEVER;
    c->line = strdup(line);
    c->argv = calloc(words + 1, sizeof(char *));
    s->count++;
    if (!c->line || !c->argv)
        return -1;
    split(c->line, c->argv);
    return 0;
}

static int read_commands(struct supervisor *s)
{
    char *line = NULL;
    size_t cap = 0;
    int r = 0, saved;

    s->cmd = calloc(COMMANDS_MAX, sizeof(*s->cmd));
    if (!s->cmd)
        return -1;
    errno = 0;
    while (r == 0 && getline(&line, &cap, stdin) >= 0) {
        r = add_command(s, line);
    }
    if (r == 0 && ferror(stdin))
        r = -1;
    saved = errno;
    free(line);
    errno = saved;
    return r;
}

/* Signals ---------------------------------------------------------------------------------------*/

static volatile sig_atomic_t stop_flag, usr1_count, child_flag;

static void on_stop(int signo)
{
    (void)signo;
    stop_flag = 1;
}

static void on_usr1(int signo)
{
    (void)signo;
    usr1_count++;
}

static void on_child(int signo)
{
    (void)signo;
    child_flag = 1;
}

static int set_up_signals(sigset_t *sleeping)
{
    static const int sigs[] = {SIGCHLD, SIGUSR1, SIGTERM, SIGINT};
    sigset_t set;

    sigemptyset(&set);
    for (int i = 0; i < 4; i++)
        sigaddset(&set, sigs[i]);
    if (sigprocmask(SIG_BLOCK, &set, sleeping) < 0)
        return -1;
    for (int i = 0; i < 4; i++)
        sigdelset(sleeping, sigs[i]);
    if (sig_install(SIGCHLD, on_child, 1) < 0 || sig_install(SIGUSR1, on_usr1, 1) < 0
        || sig_install(SIGTERM, on_stop, 1) < 0 || sig_install(SIGINT, on_stop, 1) < 0
        || sig_install(SIGPIPE, SIG_IGN, 0) < 0)
        return -1;
    return 0;
}

/* Running ---------------------------------------------------------------------------------------*/

static void broken(struct supervisor *s, const char *what)
{
    if (!s->broken) {
        s->broken = errno;
        s->broken_what = what;
    }
}

static void check_output(struct supervisor *s, int r)
{
    if (r < 0)
        broken(s, "standard output");
}

static void on_dead(pid_t pid, int wstatus, void *arg)
{
    struct supervisor *s = arg;
    char label[SIG_LABEL_MAX];
    size_t i;

    for (i = 0; i < s->next && s->cmd[i].pid != pid; i++)
        ;
    if (i == s->next)
        return; /* a child that I do not know */
    s->cmd[i].pid = 0;
    s->running--;
    if (WIFEXITED(wstatus)) {
        *(WEXITSTATUS(wstatus) ? &s->failed : &s->ok) += 1;
        check_output(s, out_line("EXIT %zu %d", i + 1, WEXITSTATUS(wstatus)));
    } else {
        s->killed++;
        if (sig_label(WTERMSIG(wstatus), label, sizeof(label)) < 0)
            snprintf(label, sizeof(label), "%d", WTERMSIG(wstatus));
        check_output(s, out_line("SIGNAL %zu %s", i + 1, label));
    }
}

static void child(struct command *c)
{
    struct sigaction sa;
    sigset_t none;
    int fd, code;

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = SIG_DFL;
    sigemptyset(&sa.sa_mask);
    for (int signo = 1; signo <= SIGRTMAX; signo++)
        sigaction(signo, &sa, NULL); /* KILL, STOP, 32 and 33: EINVAL, no matter */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    fd = open("/dev/null", O_RDONLY);
    if (fd < 0 || (fd != STDIN_FILENO && dup2(fd, STDIN_FILENO) < 0)) {
        complain("supervise", "/dev/null");
        _exit(126);
    }
    if (fd != STDIN_FILENO)
        close(fd);
    raise(SIGSTOP); /* until START is out */
    execvp(c->argv[0], c->argv);
    code = errno == ENOENT || errno == ENOTDIR ? 127 : 126;
    complain("supervise", c->argv[0]);
    _exit(code);
}

static void start_next(struct supervisor *s)
{
    struct command *c = &s->cmd[s->next];
    pid_t pid = fork();
    siginfo_t info;

    if (pid < 0) {
        broken(s, "fork");
        return;
    }
    if (pid == 0)
        child(c);
    c->pid = pid;
    c->term_at = s->timeout ? now_ns() + s->timeout : NEVER;
    s->next++;
    s->running++;
    check_output(s, out_line("START %zu %ld", s->next, (long)pid));
    while (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
    kill(pid, SIGCONT);
}

static void print_running(struct supervisor *s)
{
    size_t len, cap = 16 + 6 * (size_t)COMMANDS_MAX;
    char *line = malloc(cap);

    if (!line) {
        broken(s, "malloc");
        return;
    }
    len = (size_t)snprintf(line, cap, "RUNNING");
    for (size_t i = 0; i < s->next; i++)
        if (s->cmd[i].pid)
            len += (size_t)snprintf(line + len, cap - len, " %zu", i + 1);
    len += (size_t)snprintf(line + len, cap - len, s->running ? "\n" : " -\n");
    check_output(s, write_all(STDOUT_FILENO, line, len));
    free(line);
}

static void begin_stop(struct supervisor *s)
{
    int64_t kill_at = now_ns() + s->grace;

    s->stopping = 1;
    for (size_t i = 0; i < s->next; i++) {
        struct command *c = &s->cmd[i];

        if (!c->pid)
            continue;
        kill(c->pid, SIGTERM);
        if (c->term_at != NEVER || c->kill_at > kill_at)
            c->kill_at = kill_at;
        c->term_at = NEVER;
    }
}

/* Does what is due, and tells when the next thing is. */
static int64_t deadlines(struct supervisor *s)
{
    int64_t now = now_ns(), next = NEVER;

    for (size_t i = 0; i < s->next; i++) {
        struct command *c = &s->cmd[i];

        if (!c->pid)
            continue;
        if (c->term_at <= now) {
            check_output(s, out_line("TIMEOUT %zu", i + 1));
            kill(c->pid, SIGTERM);
            c->term_at = NEVER;
            c->kill_at = now_ns() + s->grace;
        }
        if (c->kill_at <= now) {
            kill(c->pid, SIGKILL);
            c->kill_at = NEVER;
        }
        if (c->term_at < next)
            next = c->term_at;
        if (c->kill_at < next)
            next = c->kill_at;
    }
    return next;
}

static void wait_for_event(int64_t until, const sigset_t *sleeping)
{
    struct timespec ts = {0, 0};
    int64_t left = until - now_ns();

    if (left > 0) {
        ts.tv_sec = (time_t)(left / 1000000000);
        ts.tv_nsec = (long)(left % 1000000000);
    }
    ppoll(NULL, 0, until == NEVER ? NULL : &ts, sleeping);
}

static void run(struct supervisor *s, const sigset_t *sleeping)
{
    for (;;) {
        child_flag = 0;
        reap_all(on_dead, s);
        if ((stop_flag || s->broken) && !s->stopping)
            begin_stop(s);
        while (!s->stopping && !s->broken && s->next < s->count && s->running < s->jobs)
            start_next(s);
        for (; usr1_count > 0; usr1_count--)
            print_running(s);
        if (s->broken && !s->stopping)
            continue;
        if (s->running == 0 && (s->stopping || s->next == s->count))
            return;
        wait_for_event(deadlines(s), sleeping);
    }
}

int supervise_run(unsigned jobs, unsigned timeout_ms, unsigned grace_ms)
{
    struct supervisor s;
    sigset_t sleeping;
    int code;

    memset(&s, 0, sizeof(s));
    s.jobs = jobs;
    s.timeout = (int64_t)timeout_ms * 1000000;
    s.grace = (int64_t)grace_ms * 1000000;
    if (read_commands(&s) < 0) {
        code = complain("supervise", "standard input");
        free_commands(&s);
        return code;
    }
    if (set_up_signals(&sleeping) < 0) {
        code = complain("supervise", "sigaction");
        free_commands(&s);
        return code;
    }
    run(&s, &sleeping);
    check_output(&s, out_line("DONE ok=%ld failed=%ld killed=%ld", s.ok, s.failed, s.killed));
    if (s.broken) {
        errno = s.broken;
        code = complain("supervise", s.broken_what);
    } else if (stop_flag)
        code = EXIT_STOPPED;
    else
        code = s.ok == (long)s.count ? EXIT_OK : EXIT_FAILED;
    free_commands(&s);
    return code;
}
