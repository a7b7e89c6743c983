/* SPDX-License-Identifier: MIT */
/* wrap: calls of the student's code that a test of lab03 looks at or gets ahead of. With none of
 * these in the environment every function here is the original:
 *
 *     LAB_GUARD=FILE   handlers run through a shim. A line is added to FILE for each call made
 *                      while a handler runs that is not async-signal-safe ("printf"), and "errno"
 *                      for a handler that leaves errno changed
 *     LAB_RIVAL=N:FILE signal N arrives immediately before the first call that may sleep: the very
 *                      gap between a test and a sleep. FILE is made then: whoever sleeps in a call
 *                      that is not known here has not met the rival
 *     LAB_STRANGER=N:FILE  signal N, by kill, arrives a millisecond after the beginning of each wait
 *                      that has a time limit. FILE is made when that many of them came that the time
 *                      was over long ago
 *     LAB_FOUND=1      SIGHUP and SIGPIPE are ignored and SIGUSR2 is blocked when the program starts
 *     LAB_FORK=child-first   whoever starts a child goes on only when the child is dead
 *     LAB_FORK=parent-first  a child of fork goes on only when its parent is asleep
 *
 * The shim must not be seen by right code: sigaction tells the handlers that were installed, and
 * all flags and masks are the program's own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* An original, its stand-in, and the stand-in's head. */
#define WRAP(type, name, params)                                                                   \
    type __real_##name params;                                                                     \
    type __wrap_##name params;                                                                     \
    type __wrap_##name params

/* The guard ------------------------------------------------------------------------------------ */

enum { SIGNALS = 65, STRANGE_ERRNO = 987, NOTES_MAX = 50 };

static struct sigaction installed[SIGNALS]; /* what the program asked for, if the shim is there */
static volatile sig_atomic_t in_handler;
static const char *guard;                   /* the file, or NULL */

static void note(const char *what)
{
    static volatile sig_atomic_t notes;
    char line[40];
    int why = errno, fd = -1;
    size_t n = 0;

    if (++notes <= NOTES_MAX)
        fd = open(guard, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd >= 0) {
        while (what[n] && n < sizeof(line) - 1) {
            line[n] = what[n];
            n++;
        }
        line[n++] = '\n';
        (void)!write(fd, line, n);
        (void)close(fd);
    }
    errno = why;
}

static inline void unsafe(const char *name)
{
    if (in_handler)
        note(name);
}

static int enter(void)
{
    int why = errno;

    in_handler++;
    errno = STRANGE_ERRNO;
    return why;
}

static void leave(int why)
{
    if (errno != STRANGE_ERRNO)
        note("errno");
    errno = why;
    if (in_handler > 0) /* a handler may have been left by siglongjmp */
        in_handler--;
}

static void shim(int signo)
{
    int why = enter();

    installed[signo].sa_handler(signo);
    leave(why);
}

static void shim_info(int signo, siginfo_t *info, void *context)
{
    int why = enter();

    installed[signo].sa_sigaction(signo, info, context);
    leave(why);
}

static int is_function(const struct sigaction *a)
{
    return a->sa_flags & SA_SIGINFO || (a->sa_handler != SIG_DFL && a->sa_handler != SIG_IGN);
}

WRAP(int, sigaction, (int signo, const struct sigaction *act, struct sigaction *old))
{
    struct sigaction now, before;
    int r;

    guard = getenv("LAB_GUARD");
    if (!guard || signo <= 0 || signo >= SIGNALS)
        return __real_sigaction(signo, act, old);
    before = installed[signo];
    if (act) {
        now = *act; /* first: act and old may be the same */
        if (is_function(&now)) {
            installed[signo] = now;
            if (now.sa_flags & SA_SIGINFO)
                now.sa_sigaction = shim_info;
            else
                now.sa_handler = shim;
        }
    }
    r = __real_sigaction(signo, act ? &now : NULL, old);
    if (r < 0)
        installed[signo] = before;
    else if (old && (old->sa_flags & SA_SIGINFO ? old->sa_sigaction == shim_info
                                                : old->sa_handler == shim))
        old->sa_sigaction = before.sa_sigaction; /* both are one union */
    return r;
}

_Noreturn void __real_siglongjmp(sigjmp_buf env, int value);
_Noreturn void __wrap_siglongjmp(sigjmp_buf env, int value);
_Noreturn void __wrap_siglongjmp(sigjmp_buf env, int value)
{
    in_handler = 0;
    __real_siglongjmp(env, value);
}

_Noreturn void __real_longjmp(jmp_buf env, int value);
_Noreturn void __wrap_longjmp(jmp_buf env, int value);
_Noreturn void __wrap_longjmp(jmp_buf env, int value)
{
    in_handler = 0;
    __real_longjmp(env, value);
}

/* Not async-signal-safe: the stdio and malloc families, exit. */

int __real_vprintf(const char *format, va_list ap);
int __real_vfprintf(FILE *f, const char *format, va_list ap);
int __real_vsprintf(char *s, const char *format, va_list ap);
int __real_vsnprintf(char *s, size_t n, const char *format, va_list ap);

int __real_snprintf(char *s, size_t n, const char *format, ...);

/* Those with "..." go on as their v... relatives. */
#define WRAP_FORMAT(name, params, last, real_call)                                                 \
    int __wrap_##name params;                                                                      \
    int __wrap_##name params                                                                       \
    {                                                                                              \
        va_list ap;                                                                                \
        int n;                                                                                     \
                                                                                                   \
        unsafe(#name);                                                                             \
        va_start(ap, last);                                                                        \
        n = real_call;                                                                             \
        va_end(ap);                                                                                \
        return n;                                                                                  \
    }
WRAP_FORMAT(printf, (const char *format, ...), format, __real_vprintf(format, ap))
WRAP_FORMAT(fprintf, (FILE *f, const char *format, ...), format, __real_vfprintf(f, format, ap))
WRAP_FORMAT(dprintf, (int fd, const char *format, ...), format, vdprintf(fd, format, ap))
WRAP_FORMAT(sprintf, (char *s, const char *format, ...), format, __real_vsprintf(s, format, ap))
WRAP_FORMAT(snprintf, (char *s, size_t n_, const char *format, ...), format,
            __real_vsnprintf(s, n_, format, ap))

#define WRAP_UNSAFE(type, name, params, args)                                                      \
    WRAP(type, name, params)                                                                       \
    {                                                                                              \
        unsafe(#name);                                                                             \
        return __real_##name args;                                                                 \
    }
WRAP_UNSAFE(int, vprintf, (const char *format, va_list ap), (format, ap))
WRAP_UNSAFE(int, vfprintf, (FILE *f, const char *format, va_list ap), (f, format, ap))
WRAP_UNSAFE(int, vsprintf, (char *s, const char *format, va_list ap), (s, format, ap))
WRAP_UNSAFE(int, vsnprintf, (char *s, size_t n, const char *format, va_list ap), (s, n, format, ap))
WRAP_UNSAFE(int, puts, (const char *s), (s))
WRAP_UNSAFE(int, fputs, (const char *s, FILE *f), (s, f))
WRAP_UNSAFE(int, putchar, (int c), (c))
WRAP_UNSAFE(int, putc, (int c, FILE *f), (c, f))
WRAP_UNSAFE(int, fputc, (int c, FILE *f), (c, f))
WRAP_UNSAFE(size_t, fwrite, (const void *p, size_t size, size_t n, FILE *f), (p, size, n, f))
WRAP_UNSAFE(int, fflush, (FILE *f), (f))
WRAP_UNSAFE(FILE *, fopen, (const char *path, const char *mode), (path, mode))
WRAP_UNSAFE(int, fclose, (FILE *f), (f))
WRAP_UNSAFE(void *, malloc, (size_t n), (n))
WRAP_UNSAFE(void *, calloc, (size_t n, size_t size), (n, size))
WRAP_UNSAFE(void *, realloc, (void *p, size_t n), (p, n))
WRAP_UNSAFE(char *, strdup, (const char *s), (s))
WRAP_UNSAFE(char *, strsignal, (int signo), (signo))
WRAP_UNSAFE(char *, strerror, (int error), (error))

WRAP(void, free, (void *p))
{
    unsafe("free");
    __real_free(p);
}

WRAP(void, perror, (const char *s))
{
    unsafe("perror");
    __real_perror(s);
}

_Noreturn void __real_exit(int code);
_Noreturn void __wrap_exit(int code);
_Noreturn void __wrap_exit(int code)
{
    unsafe("exit");
    __real_exit(code);
}

/* The rival ------------------------------------------------------------------------------------ */

static void rival(void)
{
    static volatile sig_atomic_t was_here;
    const char *number = was_here ? NULL : getenv("LAB_RIVAL");
    int why = errno;

    if (number) {
        const char *file = strchr(number, ':');

        was_here = 1;
        (void)close(open(file ? file + 1 : "", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        (void)kill(getpid(), atoi(number));
    }
    errno = why;
}

int __real_ppoll(struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *mask);

static const struct timespec moment = {0, 1000000};

/* Whoever waits again for the whole time never comes to its end; a wait that has no time left meets
 * no stranger. */
static void stranger(int timed)
{
    enum { LONG_AGO = 500 };
    static int came;
    const char *number = timed && came < LONG_AGO ? getenv("LAB_STRANGER") : NULL;
    int why = errno;

    if (number) {
        const char *file = strchr(number, ':');

        (void)__real_ppoll(NULL, 0, &moment, NULL);
        (void)kill(getpid(), atoi(number));
        if (++came == LONG_AGO && file)
            (void)close(open(file + 1, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    }
    errno = why;
}

#define WRAP_TIMED(type, name, params, args, timed)                                                \
    WRAP(type, name, params)                                                                       \
    {                                                                                              \
        rival();                                                                                   \
        stranger(timed);                                                                           \
        return __real_##name args;                                                                 \
    }
#define WRAP_SLEEP(type, name, params, args) WRAP_TIMED(type, name, params, args, 0)
#define IS_TIME(t) ((t) && ((t)->tv_sec > 0 || (t)->tv_nsec > 0))
WRAP_SLEEP(int, pause, (void), ())
WRAP_SLEEP(int, sigsuspend, (const sigset_t *mask), (mask))
WRAP_SLEEP(int, sigwait, (const sigset_t *set, int *signo), (set, signo))
WRAP_SLEEP(int, sigwaitinfo, (const sigset_t *set, siginfo_t *info), (set, info))
WRAP_TIMED(int, sigtimedwait, (const sigset_t *set, siginfo_t *info, const struct timespec *t),
           (set, info, t), IS_TIME(t))
WRAP_SLEEP(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n))
WRAP_TIMED(int, poll, (struct pollfd *p, nfds_t n, int ms), (p, n, ms), ms > 0)
WRAP_TIMED(int, ppoll, (struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *mask),
           (p, n, t, mask), IS_TIME(t))
WRAP_SLEEP(int, select, (int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *t),
           (n, r, w, x, t))
WRAP_SLEEP(int, pselect, (int n, fd_set *r, fd_set *w, fd_set *x, const struct timespec *t,
                          const sigset_t *mask), (n, r, w, x, t, mask))
WRAP_SLEEP(int, epoll_wait, (int fd, struct epoll_event *e, int n, int ms), (fd, e, n, ms))
WRAP_SLEEP(int, epoll_pwait, (int fd, struct epoll_event *e, int n, int ms, const sigset_t *mask),
           (fd, e, n, ms, mask))
WRAP_SLEEP(int, nanosleep, (const struct timespec *t, struct timespec *left), (t, left))
WRAP_SLEEP(int, clock_nanosleep, (clockid_t clock, int flags, const struct timespec *t,
                                  struct timespec *left), (clock, flags, t, left))
WRAP_SLEEP(unsigned, sleep, (unsigned seconds), (seconds))
WRAP_SLEEP(int, usleep, (useconds_t us), (us))

/* What a program finds ------------------------------------------------------------------------- */

__attribute__((constructor)) static void find(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;

    if (!getenv("LAB_FOUND"))
        return;
    (void)__real_sigaction(SIGHUP, &ignore, NULL);
    (void)__real_sigaction(SIGPIPE, &ignore, NULL);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGUSR2);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Who runs first after fork -------------------------------------------------------------------- */

/* Is it asleep, or stopped? Then it may be waiting for its parent. */
static int asleep(pid_t pid)
{
    char path[40], buf[256], *at;
    ssize_t n;
    int fd;

    (void)__real_snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd >= 0 ? __real_read(fd, buf, sizeof(buf) - 1) : -1;
    if (fd >= 0)
        (void)close(fd);
    if (n <= 0)
        return 0;
    buf[n] = '\0';
    at = strrchr(buf, ')');
    return at && (strncmp(at, ") S", 3) == 0 || strncmp(at, ") T", 3) == 0);
}

static int runs_first(const char *who)
{
    const char *first = getenv("LAB_FORK");

    return first && strcmp(first, who) == 0;
}

static void outlive(pid_t pid)
{
    enum { LOOKS = 25 }; /* asleep for so many ms: it waits for us, so it is not a race at all */
    int why = errno, looks = 0;
    siginfo_t info;

    if (!runs_first("child-first"))
        return;
    do {
        info.si_pid = 0;
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno != EINTR)
            break; /* reaped already: by a handler */
        if (info.si_pid == 0) {
            (void)__real_ppoll(NULL, 0, &moment, NULL);
            looks = asleep(pid) ? looks + 1 : 0;
        }
    } while (info.si_pid == 0 && looks < LOOKS);
    errno = why;
}

/* A parent that never sleeps is not waited for longer than this. */
static void let_parent_go(void)
{
    enum { LOOKS = 300 };
    pid_t parent = getppid();
    int why = errno;

    if (!runs_first("parent-first"))
        return;
    for (int i = 0; i < LOOKS && getppid() == parent && !asleep(parent); i++)
        (void)__real_ppoll(NULL, 0, &moment, NULL);
    errno = why;
}

WRAP(pid_t, fork, (void))
{
    pid_t pid = __real_fork();

    if (pid == 0)
        let_parent_go();
    if (pid > 0)
        outlive(pid);
    return pid;
}

WRAP(int, posix_spawn, (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attr, char *const argv[], char *const envp[]))
{
    pid_t child = 0;
    int error = __real_posix_spawn(&child, path, actions, attr, argv, envp);

    if (error == 0 && pid)
        *pid = child;
    if (error == 0)
        outlive(child);
    return error;
}

WRAP(int, posix_spawnp, (pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                         const posix_spawnattr_t *attr, char *const argv[], char *const envp[]))
{
    pid_t child = 0;
    int error = __real_posix_spawnp(&child, file, actions, attr, argv, envp);

    if (error == 0 && pid)
        *pid = child;
    if (error == 0)
        outlive(child);
    return error;
}
