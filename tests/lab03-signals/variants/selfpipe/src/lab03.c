/* SPDX-License-Identifier: MIT */
/* lab03 - signals: the plainest solution that does all that the handout says.
 *
 * Handlers count and write a byte into a pipe, and the programs poll that. */
#include "lab03.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Deliveries of each signal. */
static volatile sig_atomic_t deliveries[SIGNALS];
static int wake[2] = {-1, -1};

static void count(int signo)
{
    int why = errno;

    deliveries[signo]++;
    if (wake[1] >= 0)
        (void)!write(wake[1], "!", 1); /* full: then it is awake anyway */
    errno = why;
}

static int one_more(int signo, long *seen)
{
    if (*seen >= deliveries[signo])
        return 0;
    ++*seen;
    return 1;
}

static int watch(const int *sigs, size_t n)
{
    if (wake[0] < 0 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (sig_install(sigs[i], count, 1) < 0)
            return -1;
    return 0;
}

/* Until some signal came, at most so long. */
static void await_signal(int timeout_ms)
{
    struct pollfd p = {.fd = wake[0], .events = POLLIN};
    char bytes[64];

    (void)poll(&p, 1, timeout_ms);
    while (read(wake[0], bytes, sizeof(bytes)) > 0)
        ;
}

static void watch_end(void)
{
    close(wake[0]);
    close(wake[1]);
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
        (void)ppoll(NULL, 0, NULL, &open);
    return 0;
}

static volatile sig_atomic_t alarmed;

static void on_alarm(int signo)
{
    (void)signo;
    alarmed = 1;
}

long work_until_alarm(unsigned seconds, void (*work)(void *), void *arg)
{
    struct sigaction ours = {.sa_handler = on_alarm}, before;
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
    long ints = 0, terms = 0;

    if (watch(sigs, 3) < 0 || say("READY %ld\n", (long)getpid()) < 0)
        return complain("survivor", "start");
    alarm(seconds);
    while (!deliveries[SIGALRM]) {
        await_signal(-1);
        while (one_more(SIGINT, &ints))
            say("INT %ld\n", ints);
        while (one_more(SIGTERM, &terms))
            say("TERM refused\n");
    }
    say("ALARM\n");
    kill(getpid(), SIGKILL);
    return EXIT_FAILED; /* not reached */
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
    static const int kept[] = {SIGINT, SIGQUIT}, sigs[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGTERM};
    long hups = 0, asked = 0, opened = 0;
    sigset_t masked;

    sigemptyset(&masked);
    sigaddset(&masked, SIGINT);
    sigaddset(&masked, SIGQUIT);
    if (sigprocmask(SIG_BLOCK, &masked, NULL) < 0 || watch(kept, 2) < 0 || watch(sigs, 4) < 0
        || say("READY %ld\n", (long)getpid()) < 0)
        return complain("masked", "start");
    while (!deliveries[SIGTERM]) {
        await_signal(-1);
        while (one_more(SIGHUP, &hups))
            say("HUP %ld\n", hups);
        while (one_more(SIGUSR1, &asked))
            tell_pending();
        while (one_more(SIGUSR2, &opened))
            open_for_a_moment(&masked);
    }
    watch_end();
    return EXIT_OK;
}

/* D. Data by signals --------------------------------------------------------------------------- */

int led_run(void)
{
    const int rt = SIGRTMIN; /* not a constant */
    const int sigs[] = {SIGUSR1, rt, SIGTERM, SIGINT};
    long usr = 0, rts = 0, presses = 0;

    if (watch(sigs, 4) < 0 || say("READY %ld\n", (long)getpid()) < 0)
        return complain("led", "start");
    while (!deliveries[SIGTERM] && !deliveries[SIGINT]) {
        await_signal(-1);
        while (one_more(SIGUSR1, &usr) || one_more(rt, &rts))
            say("LED %s\n", ++presses % 2 ? "on" : "off");
    }
    say("presses=%ld\n", presses);
    watch_end();
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
static _Noreturn void become(int id, char **argv)
{
    sigset_t none;
    int fd = open("/dev/null", O_RDONLY);

    for (int signo = 1; signo < SIGNALS; signo++)
        sig_install(signo, SIG_DFL, 0); /* fails for a few, which have nothing else */
    if (fd > STDIN_FILENO) {
        dup2(fd, STDIN_FILENO);
        close(fd);
    }
    dprintf(STDOUT_FILENO, "START %d %ld\n", id, (long)getpid());
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(argv[0], argv);
    _exit(errno == ENOENT ? 127 : 126);
}

/* All is blocked: a signal for the child must not meet our handler in it. It says START itself. */
static int start_next(struct crew *c, unsigned timeout_ms)
{
    struct job *j = &c->jobs[c->started];
    sigset_t all, before;
    pid_t pid;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        become(c->started + 1, j->argv);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0)
        return -1;
    j->pid = pid;
    j->due = timeout_ms ? now_ms() + timeout_ms : -1;
    c->started++;
    c->running++;
    return 0;
}

/* Starts what may be started, and returns when their START is out: when the write ends that they have
 * inherited are closed, at exec or at their end. In which order they say it is theirs. */
static int start_some(struct crew *c, int jobs, unsigned timeout_ms)
{
    int said[2], result = 0;
    char none;

    if (c->running >= jobs || c->started >= c->count)
        return 0;
    if (pipe2(said, O_CLOEXEC) < 0)
        return -1;
    while (result == 0 && c->running < jobs && c->started < c->count)
        result = start_next(c, timeout_ms);
    close(said[1]);
    while (read(said[0], &none, 1) < 0 && errno == EINTR)
        ;
    close(said[0]);
    return result;
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

static void terminate(struct job *j, unsigned grace_ms)
{
    kill(j->pid, SIGTERM);
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
                kill(j->pid, SIGKILL);
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
    int stopped = 0, broken = 0, code;
    long asked = 0;

    if (!c || read_commands(c) < 0 || watch(sigs, 4) < 0) {
        code = complain("supervise", "start");
        if (c)
            crew_free(c);
        return code;
    }
    for (;;) {
        int64_t next;

        reap_all(job_ended, c);
        if (!stopped && (deliveries[SIGTERM] || deliveries[SIGINT])) {
            stopped = 1;
            end_all(c, grace_ms);
        }
        if (!stopped && !broken && start_some(c, (int)jobs, timeout_ms) < 0)
            broken = 1;
        while (one_more(SIGUSR1, &asked))
            tell_running(c);
        if (c->running == 0)
            break;
        next = look_at_clock(c, grace_ms);
        if (next >= 0)
            next = next > now_ms() ? next - now_ms() + 1 : 0;
        await_signal((int)next);
    }
    say("DONE ok=%d failed=%d killed=%d\n", c->ok, c->failed, c->killed);
    code = stopped ? EXIT_STOPPED : broken || c->ok < c->count ? EXIT_FAILED : EXIT_OK;
    crew_free(c);
    watch_end();
    return code;
}
