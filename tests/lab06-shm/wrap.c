/* SPDX-License-Identifier: MIT */
/* wrap: mmap() of the student's code, and what could get in the way of its guard.
 *
 * Two processes that add to one counter without a lock lose an addition only if one of them is
 * stopped between its read and its write, which a test must not leave to luck. With LAB_STOP_AT in
 * the environment a process stops itself (SIGSTOP) exactly once, at a write into the object NAME:
 *
 *     OFFSET:NAME         the first write to that offset; it is not yet done
 *     OFFSET=VALUE:NAME   a write after which the uint32_t at that offset has this value
 *     #N:NAME             the N-th write into the first page; it is not yet done
 *
 * The test then looks at what is there, or lets another process do the same, and sets this one
 * going again. An atomic addition reads anew after the stop; a lock keeps the other one waiting; a
 * plain addition writes what it had computed before.
 *
 * How: the page of the offset is mapped read-only behind the program's back. A write to it ends in
 * on_write(), which makes the page writable for this one instruction (the trap flag) and protects
 * it again in on_step(). Where the machine's trap flag is not known, nothing stops. As long as the
 * page is guarded the two signals are neither blocked nor handled by anybody else: the kernel ends
 * a program that meets a blocked SIGSEGV.
 *
 * With LAB_MAP_FAILS=NAME there is no memory for a mapping of the object NAME.
 *
 * Without these two it is the originals that are called. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

void *__real_mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *addr, size_t size, int prot, int flags, int fd, off_t offset);

static int is_named(int fd, const char *name)
{
    char link[64], path[512];
    size_t len = strlen(name);
    ssize_t n;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);
    return n >= (ssize_t)len && memcmp(path + n - len, name, len) == 0;
}

#ifdef __x86_64__

enum { TRAP_FLAG = 0x100 };

static struct {
    char *target;
    char *page;
    size_t page_size;
    const uint32_t *value; /* OFFSET=VALUE */
    unsigned long writes;  /* #N: as many more, this one included; 0: OFFSET */
} guard;

static void on_write(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    char *at = info->si_addr;
    int why = errno;

    if (!guard.page || at < guard.page || at >= guard.page + guard.page_size) {
        (void)sigaction(sig, &(struct sigaction){.sa_handler = SIG_DFL}, NULL); /* the program's own
                                                                  fault: it happens again at once */
        return;
    }
    (void)mprotect(guard.page, guard.page_size, PROT_READ | PROT_WRITE);
    if (guard.writes ? --guard.writes == 0
                     : !guard.value && at >= guard.target && at < guard.target + sizeof(uint32_t)) {
        guard.page = NULL;
        (void)kill(getpid(), SIGSTOP); /* the write is done when somebody lets us go on */
    } else {
        u->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
    }
    errno = why;
}

static void on_step(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    int why = errno;

    (void)sig;
    (void)info;
    u->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    if (guard.page && guard.value && memcmp(guard.target, guard.value, sizeof(uint32_t)) == 0) {
        guard.page = NULL;
        (void)kill(getpid(), SIGSTOP);
    }
    if (guard.page)
        (void)mprotect(guard.page, guard.page_size, PROT_READ);
    errno = why;
}

/* As LAB_STOP_AT says, if this object is the one. */
static void watch_writes(const char *stop, int fd, char *base, size_t size)
{
    static uint32_t value;
    char *end;
    unsigned long writes = *stop == '#' ? strtoul(stop + 1, &end, 10) : 0;
    unsigned long offset = *stop == '#' ? 0 : strtoul(stop, &end, 10);
    int has_value = *end == '=';
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct sigaction act = {.sa_flags = SA_SIGINFO};

    if (has_value)
        value = (uint32_t)strtoul(end + 1, &end, 10);
    if (*end != ':' || !is_named(fd, end + 1) || offset + sizeof(value) > size)
        return;
    (void)sigemptyset(&act.sa_mask);
    act.sa_sigaction = on_write;
    (void)sigaction(SIGSEGV, &act, NULL);
    act.sa_sigaction = on_step;
    (void)sigaction(SIGTRAP, &act, NULL);
    (void)sigaddset(&act.sa_mask, SIGSEGV);
    (void)sigaddset(&act.sa_mask, SIGTRAP);
    (void)sigprocmask(SIG_UNBLOCK, &act.sa_mask, NULL);
    guard.target = base + offset;
    guard.value = has_value ? &value : NULL;
    guard.writes = writes;
    guard.page_size = page;
    guard.page = base + offset / page * page;
    (void)mprotect(guard.page, page, PROT_READ);
}

static int is_ours(int sig)
{
    return guard.page && (sig == SIGSEGV || sig == SIGTRAP);
}

static const sigset_t *without_ours(const sigset_t *set, sigset_t *copy)
{
    if (!set || !guard.page)
        return set;
    *copy = *set;
    (void)sigdelset(copy, SIGSEGV);
    (void)sigdelset(copy, SIGTRAP);
    return copy;
}

#else

static int is_ours(int sig)
{
    (void)sig;
    return 0;
}

static const sigset_t *without_ours(const sigset_t *set, sigset_t *copy)
{
    (void)copy;
    return set;
}

#endif

int __real_sigaction(int sig, const struct sigaction *act, struct sigaction *old);
int __wrap_sigaction(int sig, const struct sigaction *act, struct sigaction *old);
int __wrap_sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
    sigset_t copy;
    struct sigaction seen;

    if (!act)
        return __real_sigaction(sig, act, old);
    seen = *act;
    seen.sa_mask = *without_ours(&act->sa_mask, &copy);
    return __real_sigaction(sig, is_ours(sig) ? NULL : &seen, old);
}

int __real_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t copy;

    return __real_sigprocmask(how, how == SIG_UNBLOCK ? set : without_ours(set, &copy), old);
}

int __real_pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t copy;

    return __real_pthread_sigmask(how, how == SIG_UNBLOCK ? set : without_ours(set, &copy), old);
}

void *__wrap_mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
    const char *fails = fd >= 0 ? getenv("LAB_MAP_FAILS") : NULL;
    void *p;

    if (fails && is_named(fd, fails)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    p = __real_mmap(addr, size, prot, flags, fd, offset);
#ifdef __x86_64__
    if (p != MAP_FAILED && fd >= 0 && (prot & PROT_WRITE) && (flags & MAP_SHARED) && offset == 0 &&
        !guard.target) {
        int why = errno;
        const char *stop = getenv("LAB_STOP_AT");

        if (stop)
            watch_writes(stop, fd, p, size);
        errno = why;
    }
#endif
    return p;
}

void *__wrap_mmap64(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
    return __wrap_mmap(addr, size, prot, flags, fd, offset);
}
