/* SPDX-License-Identifier: MIT */
#include "explain/calls.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer machines lack the older calls. */
static const struct call {
    long nr;
    enum call_family family;
    const char *name;
} calls[] = {
    {SYS_read, FAMILY_READ, "read"},
    {SYS_readv, FAMILY_READ, "readv"},
    {SYS_pread64, FAMILY_READ, "pread"},
    {SYS_preadv, FAMILY_READ, "preadv"},
    {SYS_preadv2, FAMILY_READ, "preadv"},
    {SYS_write, FAMILY_WRITE, "write"},
    {SYS_writev, FAMILY_WRITE, "writev"},
    {SYS_pwrite64, FAMILY_WRITE, "pwrite"},
    {SYS_pwritev, FAMILY_WRITE, "pwritev"},
    {SYS_pwritev2, FAMILY_WRITE, "pwritev"},
    {SYS_vmsplice, FAMILY_WRITE, "vmsplice"},
    {SYS_tee, FAMILY_WRITE, "tee"},
    {SYS_sendfile, FAMILY_WRITE, "sendfile"},
    {SYS_splice, FAMILY_WRITE, "splice"},
    {SYS_recvfrom, FAMILY_RECV, "recv"},
    {SYS_recvmsg, FAMILY_RECV, "recvmsg"},
    {SYS_recvmmsg, FAMILY_RECV, "recvmmsg"},
    {SYS_sendto, FAMILY_SEND, "send"},
    {SYS_sendmsg, FAMILY_SEND, "sendmsg"},
    {SYS_sendmmsg, FAMILY_SEND, "sendmmsg"},
    {SYS_openat, FAMILY_OPEN, "open"},
    {SYS_ppoll, FAMILY_POLL, "ppoll"},
    {SYS_pselect6, FAMILY_POLL, "pselect"},
    {SYS_epoll_pwait, FAMILY_POLL, "epoll_wait"},
#ifdef SYS_epoll_pwait2
    {SYS_epoll_pwait2, FAMILY_POLL, "epoll_wait"},
#endif
    {SYS_accept, FAMILY_ACCEPT, "accept"},
    {SYS_accept4, FAMILY_ACCEPT, "accept"},
    {SYS_connect, FAMILY_CONNECT, "connect"},
    {SYS_wait4, FAMILY_WAIT, "wait"},
    {SYS_waitid, FAMILY_WAIT, "waitid"},
    {SYS_rt_sigsuspend, FAMILY_PAUSE, "sigsuspend"},
    {SYS_rt_sigtimedwait, FAMILY_PAUSE, "sigwait"},
    {SYS_nanosleep, FAMILY_SLEEP, "nanosleep"},
    {SYS_clock_nanosleep, FAMILY_SLEEP, "sleep"},
    {SYS_futex, FAMILY_SEM, "a semaphore or lock"},
    {SYS_semop, FAMILY_SEM, "semop"},
    {SYS_semtimedop, FAMILY_SEM, "semop"},
    {SYS_mq_timedsend, FAMILY_QUEUE, "mq_send"},
    {SYS_mq_timedreceive, FAMILY_QUEUE, "mq_receive"},
    {SYS_msgsnd, FAMILY_QUEUE, "msgsnd"},
    {SYS_msgrcv, FAMILY_QUEUE, "msgrcv"},
#ifdef SYS_futex_waitv
    {SYS_futex_waitv, FAMILY_SEM, "a semaphore or lock"},
#endif
    {SYS_fcntl, FAMILY_LOCK, "fcntl"},
    {SYS_flock, FAMILY_LOCK, "flock"},
#ifdef SYS_open
    {SYS_open, FAMILY_OPEN, "open"},
    {SYS_poll, FAMILY_POLL, "poll"},
    {SYS_select, FAMILY_POLL, "select"},
    {SYS_epoll_wait, FAMILY_POLL, "epoll_wait"},
    {SYS_pause, FAMILY_PAUSE, "pause"},
#endif
};

static const struct call *find(long nr)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (calls[i].nr == nr)
            return &calls[i];
    return NULL;
}

enum call_family calls_family(long nr)
{
    const struct call *c = find(nr);

    return c ? c->family : FAMILY_NONE;
}

const char *calls_name(long nr)
{
    const struct call *c = find(nr);

    return c ? c->name : NULL;
}
