/* SPDX-License-Identifier: MIT */
/* lab03 - signals: the plainest solution that does all that the handout says.
 *
 * Signals are read from a descriptor: there are hardly any handlers. */
#include "lab03.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIGNALS = 65 }; /* one more than the highest number */

/* A. Names and default actions ----------------------------------------------------------------- */

static const struct {
    const char *name;
    int signo;
    enum sig_act act;
} standard[] = {
    {"HUP", SIGHUP, ACT_TERM},       {"INT", SIGINT, ACT_TERM},     {"QUIT", SIGQUIT, ACT_CORE},
    {"ILL", SIGILL, ACT_CORE},       {"TRAP", SIGTRAP, ACT_CORE},   {"ABRT", SIGABRT, ACT_CORE},
    {"BUS", SIGBUS, ACT_CORE},       {"FPE", SIGFPE, ACT_CORE},     {"KILL", SIGKILL, ACT_TERM},
    {"USR1", SIGUSR1, ACT_TERM},     {"SEGV", SIGSEGV, ACT_CORE},   {"USR2", SIGUSR2, ACT_TERM},
    {"PIPE", SIGPIPE, ACT_TERM},     {"ALRM", SIGALRM, ACT_TERM},   {"TERM", SIGTERM, ACT_TERM},
    {"STKFLT", SIGSTKFLT, ACT_TERM}, {"CHLD", SIGCHLD, ACT_IGN},    {"CONT", SIGCONT, ACT_CONT},
    {"STOP", SIGSTOP, ACT_STOP},     {"TSTP", SIGTSTP, ACT_STOP},   {"TTIN", SIGTTIN, ACT_STOP},
    {"TTOU", SIGTTOU, ACT_STOP},     {"URG", SIGURG, ACT_IGN},      {"XCPU", SIGXCPU, ACT_CORE},
    {"XFSZ", SIGXFSZ, ACT_CORE},     {"VTALRM", SIGVTALRM, ACT_TERM}, {"PROF", SIGPROF, ACT_TERM},
    {"WINCH", SIGWINCH, ACT_IGN},    {"IO", SIGIO, ACT_TERM},       {"PWR", SIGPWR, ACT_TERM},
    {"SYS", SIGSYS, ACT_CORE},
};
enum { STANDARD = sizeof(standard) / sizeof(standard[0]) };

static int is_realtime(int signo)
{
    return signo >= SIGRTMIN && signo <= SIGRTMAX;
}

/* A whole string of digits; -1 if it is none or more than 'max'. */
static int small_number(const char *s, int max)
{
    int n = 0;

    if (!*s)
        return -1;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return -1;
        n = 10 * n + (*s - '0');
        if (n > max)
            return -1;
    }
    return n;
}

static int invalid(void)
{
    errno = EINVAL;
    return -1;
}

int sig_default(int signo, enum sig_act *act)
{
    if (is_realtime(signo)) {
        *act = ACT_TERM;
        return 0;
    }
    for (int i = 0; i < STANDARD; i++) {
        if (standard[i].signo == signo) {
            *act = standard[i].act;
            return 0;
        }
    }
    return invalid();
}

int sig_number(const char *name)
{
    enum sig_act act;
    int n = small_number(name, SIGRTMAX);

    if (n >= 0)
        return sig_default(n, &act) == 0 ? n : -1;
    if (strncmp(name, "SIG", 3) == 0)
        name += 3;
    if (strncmp(name, "RTMIN+", 6) == 0) {
        n = small_number(name + 6, SIGRTMAX - SIGRTMIN);
        return n >= 0 ? SIGRTMIN + n : invalid();
    }
    for (int i = 0; i < STANDARD; i++)
        if (strcmp(standard[i].name, name) == 0)
            return standard[i].signo;
    return invalid();
}

int sig_label(int signo, char *buf, size_t cap)
{
    int n = -1;

    if (is_realtime(signo))
        n = snprintf(buf, cap, "RTMIN+%d", signo - SIGRTMIN);
    for (int i = 0; n < 0 && i < STANDARD; i++)
        if (standard[i].signo == signo)
            n = snprintf(buf, cap, "%s", standard[i].name);
    if (n < 0)
        return invalid();
    if ((size_t)n >= cap) {
        errno = ERANGE;
        return -1;
    }
    return n;
}

int sig_install(int signo, void (*handler)(int), int restart)
{
    struct sigaction sa = {.sa_handler = handler, .sa_flags = restart ? SA_RESTART : 0};

    sigemptyset(&sa.sa_mask);
    return sigaction(signo, &sa, NULL);
}

/* What the programs share ---------------------------------------------------------------------- */

/* A descriptor from which these signals are read. */
static int watch(const int *sigs, size_t n)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < n; i++)
        sigaddset(&set, sigs[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/* The next signal. */
static int next_signal(int fd)
{
    struct signalfd_siginfo info;
    ssize_t n;

    do
        n = read(fd, &info, sizeof(info));
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(info) ? (int)info.ssi_signo : -1;
}

/* Prints, and it is out when this returns. */
static int say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int say(const char *format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vprintf(format, ap);
    va_end(ap);
    return n < 0 || fflush(stdout) == EOF ? -1 : 0;
}

static int complain(const char *program, const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", program, what, strerror(errno));
    return EXIT_FAILED;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct timespec as_timespec(int64_t ms)
{
    if (ms < 0)
        ms = 0;
    return (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
}

/* B. Waiting and working ----------------------------------------------------------------------- */

int wait_for_flag(volatile sig_atomic_t *flag, int signo)
{
    sigset_t open;

    if (sigprocmask(SIG_BLOCK, NULL, &open) < 0)
        return -1;
    sigdelset(&open, signo);
    while (!*flag)
        (void)pselect(0, NULL, NULL, NULL, NULL, &open);
    return 0;
}

static volatile sig_atomic_t alarmed;

static void on_alarm(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    (void)context;
    alarmed = 1;
}

long work_until_alarm(unsigned seconds, void (*work)(void *), void *arg)
{
    struct sigaction ours = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO | SA_RESTART}, before;
    sigset_t set, mask;
    int64_t begin = now_ms(), passed;
    unsigned left;
    long rounds = 0;

    sigemptyset(&ours.sa_mask);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    left = alarm(0); /* first, so that the caller's alarm does not end our work */
    alarmed = 0;
    if (sigaction(SIGALRM, &ours, &before) < 0 || sigprocmask(SIG_UNBLOCK, &set, &mask) < 0)
        return -1;
    alarm(seconds);
    do {
        work(arg);
        rounds++;
    } while (!alarmed);
    alarm(0);
    sigaction(SIGALRM, &before, NULL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    passed = (now_ms() - begin) / 1000;
    if (left > 0) /* what is over meanwhile comes as soon as it can */
        alarm(passed < left ? left - (unsigned)passed : 1);
    return rounds;
}

int survivor_run(unsigned seconds)
{
    static const int sigs[] = {SIGINT, SIGTERM, SIGALRM};
    int fd = watch(sigs, 3), signo;
    long ints = 0;

    if (fd < 0 || say("READY %ld\n", (long)getpid()) < 0)
        return complain("survivor", "start");
    alarm(seconds);
    while ((signo = next_signal(fd)) != SIGALRM) {
        if (signo == SIGINT)
            say("INT %ld\n", ++ints);
        if (signo == SIGTERM)
            say("TERM refused\n");
    }
    say("ALARM\n");
    raise(SIGKILL);
    return EXIT_FAILED;
}

/* C. Blocking ---------------------------------------------------------------------------------- */

int with_blocked(const int *sigs, size_t n, int (*fn)(void *), void *arg, sigset_t *arrived)
{
    sigset_t set, before, pending;
    int result;

    sigemptyset(&set);
    for (size_t i = 0; i < n; i++)
        if (sigaddset(&set, sigs[i]) < 0)
            return -1;
    if (sigprocmask(SIG_BLOCK, &set, &before) < 0)
        return -1;
    result = fn(arg);
    if (arrived) {
        sigemptyset(arrived);
        sigpending(&pending);
        for (size_t i = 0; i < n; i++)
            if (sigismember(&pending, sigs[i]) == 1)
                sigaddset(arrived, sigs[i]);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

static void tell_pending(void)
{
    sigset_t pending;
    int any = 0;

    sigpending(&pending);
    printf("PENDING");
    if (sigismember(&pending, SIGINT) == 1)
        any += printf(" INT");
    if (sigismember(&pending, SIGQUIT) == 1)
        any += printf(" QUIT");
    say("%s\n", any ? "" : " -");
}

static volatile sig_atomic_t deliveries[SIGNALS];

static void count(int signo, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    deliveries[signo]++;
}

/* Lets the pending ones come in, once. */
static void open_for_a_moment(const sigset_t *masked)
{
    deliveries[SIGINT] = deliveries[SIGQUIT] = 0;
    sigprocmask(SIG_UNBLOCK, masked, NULL);
    sigprocmask(SIG_BLOCK, masked, NULL);
    if (deliveries[SIGINT])
        say("INT %d\n", (int)deliveries[SIGINT]);
    if (deliveries[SIGQUIT])
        say("QUIT %d\n", (int)deliveries[SIGQUIT]);
}

int masked_run(void)
{
    static const int sigs[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGTERM};
    struct sigaction sa = {.sa_sigaction = count, .sa_flags = SA_SIGINFO};
    int fd = watch(sigs, 4), signo;
    sigset_t masked;
    long hups = 0;

    sigemptyset(&masked);
    sigaddset(&masked, SIGINT);
    sigaddset(&masked, SIGQUIT);
    sa.sa_mask = masked;
    if (fd < 0 || sigprocmask(SIG_BLOCK, &masked, NULL) < 0 || sigaction(SIGINT, &sa, NULL) < 0
        || sigaction(SIGQUIT, &sa, NULL) < 0 || say("READY %ld\n", (long)getpid()) < 0)
        return complain("masked", "start");
    while ((signo = next_signal(fd)) != SIGTERM) {
        if (signo == SIGHUP)
            say("HUP %ld\n", ++hups);
        else if (signo == SIGUSR1)
            tell_pending();
        else if (signo == SIGUSR2)
            open_for_a_moment(&masked);
    }
    close(fd);
    return EXIT_OK;
}

/* D. Data by signals --------------------------------------------------------------------------- */

int led_run(void)
{
    const int sigs[] = {SIGUSR1, SIGRTMIN, SIGTERM, SIGINT};
    int fd = watch(sigs, 4), signo;
    long presses = 0;

    if (fd < 0 || say("READY %ld\n", (long)getpid()) < 0)
        return complain("led", "start");
    while ((signo = next_signal(fd)) != SIGTERM && signo != SIGINT)
        say("LED %s\n", ++presses % 2 ? "on" : "off");
    say("presses=%ld\n", presses);
    close(fd);
    return EXIT_OK;
}

int button_run(pid_t pid, long presses, int realtime)
{
    const union sigval nothing = {.sival_int = 0};

    for (long i = 0; i < presses; i++) {
        if ((realtime ? sigqueue(pid, SIGRTMIN, nothing) : kill(pid, SIGUSR1)) < 0) {
            complain("button", "send");
            return errno == ESRCH ? EXIT_NO_PEER : EXIT_FAILED;
        }
    }
    return EXIT_OK;
}

enum { RT_LENGTH = 1, RT_DATA = 2, RT_SUM = 3, RT_BYTES = 3, RT_LOW = 0xffffff };

static int rt_value(int tag, unsigned low)
{
    return tag << 24 | (int)(low & RT_LOW);
}

/* Blocks both signals of the channel. */
static int rt_block(sigset_t *before)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    sigaddset(&set, SIGRTMIN + 2);
    return sigprocmask(SIG_BLOCK, &set, before);
}

/* The next value with this signal from this process (0: from anybody, who is told in *peer). */
static int rt_take(int signo, pid_t *peer, int timeout_ms, int *value)
{
    const int64_t end = now_ms() + timeout_ms;
    struct timespec left;
    siginfo_t info;
    sigset_t set;
    int got;

    sigemptyset(&set);
    sigaddset(&set, signo);
    for (;;) {
        left = as_timespec(end - now_ms());
        got = sigtimedwait(&set, &info, timeout_ms < 0 ? NULL : &left);
        if (got < 0 && errno == EAGAIN) {
            errno = ETIMEDOUT;
            return -1;
        }
        if (got < 0 && errno != EINTR)
            return -1;
        if (got < 0 || info.si_code != SI_QUEUE || (*peer && info.si_pid != *peer))
            continue;
        *peer = info.si_pid;
        *value = info.si_value.sival_int;
        return 0;
    }
}

static int rt_put(pid_t to, int value, int timeout_ms)
{
    int answer;

    if (sigqueue(to, SIGRTMIN + 1, (union sigval){.sival_int = value}) < 0)
        return -1;
    do
        if (rt_take(SIGRTMIN + 2, &to, timeout_ms, &answer) < 0)
            return -1;
    while (answer != value);
    return 0;
}

/* Takes a value with this tag, of at most 'max', and acknowledges it. */
static int rt_get(int tag, unsigned max, pid_t *peer, int timeout_ms, unsigned *low)
{
    int value;

    if (rt_take(SIGRTMIN + 1, peer, timeout_ms, &value) < 0)
        return -1;
    *low = (unsigned)value & RT_LOW;
    if (value != rt_value(tag, *low) || *low > max) {
        errno = EBADMSG;
        return -1;
    }
    return sigqueue(*peer, SIGRTMIN + 2, (union sigval){.sival_int = value});
}

static int rt_send_blocked(pid_t to, const unsigned char *p, size_t len, int timeout_ms)
{
    unsigned sum = 0;

    if (rt_put(to, rt_value(RT_LENGTH, (unsigned)len), timeout_ms) < 0)
        return -1;
    for (size_t i = 0; i < len; i += RT_BYTES) {
        unsigned low = 0;

        for (size_t k = i; k < i + RT_BYTES; k++) {
            low = low << 8 | (k < len ? p[k] : 0U);
            sum += k < len ? p[k] : 0U;
        }
        if (rt_put(to, rt_value(RT_DATA, low), timeout_ms) < 0)
            return -1;
    }
    return rt_put(to, rt_value(RT_SUM, sum), timeout_ms);
}

int rt_send(pid_t to, const void *buf, size_t len, int timeout_ms)
{
    sigset_t before;
    int result, why;

    if (len > RT_MESSAGE_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    if (rt_block(&before) < 0)
        return -1;
    result = rt_send_blocked(to, buf, len, timeout_ms);
    why = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = why;
    return result;
}

static ssize_t rt_recv_blocked(unsigned char *p, size_t cap, pid_t *peer, int timeout_ms)
{
    unsigned len, low, sum = 0;

    if (rt_get(RT_LENGTH, RT_MESSAGE_MAX, peer, timeout_ms, &len) < 0)
        return -1;
    for (size_t i = 0; i < len; i += RT_BYTES) {
        if (rt_get(RT_DATA, RT_LOW, peer, timeout_ms, &low) < 0)
            return -1;
        for (size_t k = i; k < i + RT_BYTES && k < len; k++) {
            unsigned char byte = (unsigned char)(low >> 8 * (2 - (k - i)));

            sum += byte;
            if (k < cap)
                p[k] = byte;
        }
    }
    if (rt_get(RT_SUM, RT_LOW, peer, timeout_ms, &low) < 0)
        return -1;
    if (low != (sum & RT_LOW) || len > cap) {
        errno = len > cap ? EMSGSIZE : EBADMSG;
        return -1;
    }
    return (ssize_t)len;
}

ssize_t rt_recv(void *buf, size_t cap, pid_t *from, int timeout_ms)
{
    sigset_t before;
    pid_t peer = 0;
    ssize_t n;
    int why;

    if (rt_block(&before) < 0)
        return -1;
    n = rt_recv_blocked(buf, cap, &peer, timeout_ms);
    why = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = why;
    if (from)
        *from = peer;
    return n;
}

int rtsend_run(pid_t to, const char *text, int timeout_ms)
{
    if (rt_send(to, text, strlen(text), timeout_ms) == 0)
        return EXIT_OK;
    complain("rtsend", "send");
    return errno == ESRCH ? EXIT_NO_PEER : errno == ETIMEDOUT ? EXIT_TIMEOUT : EXIT_FAILED;
}

int rtrecv_run(long messages)
{
    char text[RT_MESSAGE_MAX];
    sigset_t before;

    /* For good, and before anybody is told our pid: between two calls of rt_recv, too, a value must
     * wait instead of ending us. */
    if (rt_block(&before) < 0 || say("READY %ld\n", (long)getpid()) < 0)
        return complain("rtrecv", "start");
    while (messages > 0) {
        pid_t from;
        ssize_t n = rt_recv(text, sizeof(text), &from, -1);

        if (n < 0 && errno != EBADMSG)
            return complain("rtrecv", "receive");
        if (n < 0)
            continue;
        printf("%ld ", (long)from);
        fwrite(text, 1, (size_t)n, stdout);
        say("\n");
        messages--;
    }
    return EXIT_OK;
}

/* E. Children ---------------------------------------------------------------------------------- */

int reap_all(void (*cb)(pid_t pid, int wstatus, void *arg), void *arg)
{
    int wstatus, n = 0;
    pid_t pid;

    while ((pid = waitpid(-1, &wstatus, WNOHANG)) > 0) {
        n++;
        if (cb)
            cb(pid, wstatus, arg);
    }
    return pid < 0 && errno != ECHILD ? -1 : n;
}

struct job {
    char *line;                                   /* holds the words of argv */
    char **argv;
    pid_t pid;                                    /* 0: not running */
    enum { UNHARMED, TERMINATED, KILLED } phase;  /* what was sent to it */
    int64_t due;                                  /* when to go on with that; -1: never */
};

struct crew {
    struct job jobs[COMMANDS_MAX];
    int count, started, running;
    int ok, failed, killed;
};

static char **split(char *line)
{
    size_t n = 0, room = strlen(line) / 2 + 2;
    char **argv = calloc(room, sizeof(*argv));

    for (char *word = argv ? strtok(line, " \t\n") : NULL; word; word = strtok(NULL, " \t\n"))
        argv[n++] = word;
    return argv;
}

static int read_commands(struct crew *c)
{
    char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, stdin) > 0) {
        struct job *j = &c->jobs[c->count];

        if (line[strspn(line, " \t\n")] == '\0')
            continue;
        if (c->count == COMMANDS_MAX) {
            errno = E2BIG;
            break;
        }
        *j = (struct job){.line = line, .argv = split(line), .due = -1};
        line = NULL;
        c->count++;
        if (!j->argv)
            break;
    }
    free(line);
    return feof(stdin) ? 0 : -1;
}

static void crew_free(struct crew *c)
{
    for (int i = 0; i < c->count; i++) {
        free(c->jobs[i].argv);
        free(c->jobs[i].line);
    }
    free(c);
}

/* The child half. Handlers would vanish at exec anyway; what is ignored and the mask would not.
 * Defaults first: what is pending must not meet a handler of the parent. */
static _Noreturn void become(char **argv)
{
    sigset_t none;
    int fd = open("/dev/null", O_RDONLY);

    for (int signo = 1; signo < SIGNALS; signo++)
        sig_install(signo, SIG_DFL, 0); /* fails for a few, which have nothing else */
    if (fd > STDIN_FILENO) {
        dup2(fd, STDIN_FILENO);
        close(fd);
    }
    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(argv[0], argv);
    _exit(errno == ENOENT ? 127 : 126);
}

/* SIGCHLD is blocked, and nobody reaps before we come back to the loop: START is always first. */
static int start_next(struct crew *c, unsigned timeout_ms)
{
    struct job *j = &c->jobs[c->started];
    pid_t pid = fork();

    if (pid < 0)
        return -1;
    if (pid == 0)
        become(j->argv);
    j->pid = pid;
    j->due = timeout_ms ? now_ms() + timeout_ms : -1;
    c->started++;
    c->running++;
    return say("START %d %ld\n", c->started, (long)pid);
}

static void job_ended(pid_t pid, int wstatus, void *arg)
{
    struct crew *c = arg;
    char label[SIG_LABEL_MAX];
    int id = 0;

    while (id < c->started && c->jobs[id].pid != pid)
        id++;
    if (id == c->started)
        return; /* not ours */
    c->jobs[id].pid = 0;
    c->running--;
    if (WIFSIGNALED(wstatus)) {
        sig_label(WTERMSIG(wstatus), label, sizeof(label));
        say("SIGNAL %d %s\n", id + 1, label);
        c->killed++;
    } else {
        say("EXIT %d %d\n", id + 1, WEXITSTATUS(wstatus));
        if (WEXITSTATUS(wstatus) == 0)
            c->ok++;
        else
            c->failed++;
    }
}

static void tell_running(const struct crew *c)
{
    printf("RUNNING");
    for (int i = 0; i < c->started; i++)
        if (c->jobs[i].pid)
            printf(" %d", i + 1);
    say("%s\n", c->running ? "" : " -");
}

/* A session is a group: what the command has started gets it, too. */
static void send_to_all(pid_t pid, int signo)
{
    if (kill(-pid, signo) < 0)
        kill(pid, signo); /* it has not come so far */
}

static void terminate(struct job *j, unsigned grace_ms)
{
    send_to_all(j->pid, SIGTERM);
    j->phase = TERMINATED;
    j->due = now_ms() + grace_ms;
}

static void end_all(struct crew *c, unsigned grace_ms)
{
    for (int i = 0; i < c->started; i++)
        if (c->jobs[i].pid && c->jobs[i].phase == UNHARMED)
            terminate(&c->jobs[i], grace_ms);
}

/* Goes on with the jobs whose time has come; when the next one is due, -1: none. */
static int64_t look_at_clock(struct crew *c, unsigned grace_ms)
{
    int64_t now = now_ms(), next = -1;

    for (int i = 0; i < c->started; i++) {
        struct job *j = &c->jobs[i];

        if (!j->pid)
            continue;
        if (j->due >= 0 && j->due <= now) {
            if (j->phase == UNHARMED) {
                say("TIMEOUT %d\n", i + 1);
                terminate(j, grace_ms);
            } else {
                send_to_all(j->pid, SIGKILL);
                j->phase = KILLED;
                j->due = -1;
            }
        }
        if (j->due >= 0 && (next < 0 || j->due < next))
            next = j->due;
    }
    return next;
}

int supervise_run(unsigned jobs, unsigned timeout_ms, unsigned grace_ms)
{
    static const int sigs[] = {SIGCHLD, SIGTERM, SIGINT, SIGUSR1};
    struct crew *c = calloc(1, sizeof(*c));
    int stopped = 0, broken = 0, code, fd, set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};

    if (!c || set < 0 || read_commands(c) < 0 || (fd = watch(sigs, 4)) < 0
        || epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) < 0)
        return complain("supervise", "start");
    for (;;) {
        int64_t next, left;

        while (!stopped && !broken && c->running < (int)jobs && c->started < c->count)
            if (start_next(c, timeout_ms) < 0)
                broken = 1;
        if (c->running == 0)
            break;
        next = look_at_clock(c, grace_ms);
        left = next < 0 ? -1 : next - now_ms() < 0 ? 0 : next - now_ms() + 1;
        if (epoll_wait(set, &event, 1, (int)left) <= 0)
            continue;
        switch (next_signal(fd)) {
        case SIGCHLD:
            reap_all(job_ended, c);
            break;
        case SIGUSR1:
            tell_running(c);
            break;
        default:
            stopped = 1;
            end_all(c, grace_ms);
            break;
        }
    }
    say("DONE ok=%d failed=%d killed=%d\n", c->ok, c->failed, c->killed);
    code = stopped ? EXIT_STOPPED : broken || c->ok < c->count ? EXIT_FAILED : EXIT_OK;
    crew_free(c);
    close(set);
    close(fd);
    return code;
}
