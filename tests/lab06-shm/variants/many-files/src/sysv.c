/* SPDX-License-Identifier: MIT */
/* D. System V. */
#include "parts.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/shm.h>

#define SV_MAGIC UINT32_C(0x53565458)

struct sv_segment {
    uint32_t magic;
    uint32_t len;
    sem_t published, confirmed;
    char text[SV_TEXT_MAX];
};

int sv_create(key_t key, size_t size)
{
    return shmget(key, size, IPC_CREAT | IPC_EXCL | 0600);
}

void *sv_attach(int id, int readonly)
{
    void *p = shmat(id, NULL, readonly ? SHM_RDONLY : 0);

    return p == (void *)-1 ? NULL : p;
}

int sv_detach(const void *addr)
{
    return shmdt(addr);
}

int sv_remove(int id)
{
    return shmctl(id, IPC_RMID, NULL);
}

static sigjmp_buf way_out;

static void on_end_signal(int sig)
{
    (void)sig;
    siglongjmp(way_out, 1); /* it interrupts nothing but the wait: elsewhere the signals are blocked */
}

static int send_text(struct sv_segment *s, const char *text, int timeout_ms, const sigset_t *mask)
{
    struct sigaction act = {.sa_handler = on_end_signal};
    int r, why;

    act.sa_mask = *mask;
    s->len = (uint32_t)strlen(text);
    memcpy(s->text, text, s->len);
    sem_init(&s->published, 1, 1); /* there from the beginning */
    sem_init(&s->confirmed, 1, 0);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    magic_set(&s->magic, SV_MAGIC);
    if (sigsetjmp(way_out, 1)) { /* the mask of this moment, in which both are blocked, is back */
        errno = EINTR;
        return -1;
    }
    sigprocmask(SIG_UNBLOCK, mask, NULL);
    r = sem_take(&s->confirmed, timeout_ms);
    why = errno == EAGAIN ? ETIMEDOUT : errno;
    sigprocmask(SIG_BLOCK, mask, NULL);
    errno = why;
    return r;
}

int svsend_run(key_t key, const char *text, int timeout_ms)
{
    struct sv_segment *s;
    sigset_t mask;
    int id, r, why;

    if (strlen(text) > SV_TEXT_MAX) {
        errno = EMSGSIZE;
        return complain("svsend", "text");
    }
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    id = sv_create(key, sizeof(*s));
    if (id < 0)
        return complain("svsend", "segment");
    s = sv_attach(id, 0);
    r = s ? send_text(s, text, timeout_ms, &mask) : -1;
    why = errno;
    if (s)
        sv_detach(s);
    sv_remove(id);
    errno = why;
    return r < 0 ? complain("svsend", "no confirmation") : EXIT_OK;
}

int svrecv_run(key_t key)
{
    struct sv_segment *s;
    struct shmid_ds info;
    int id = shmget(key, 0, 0);

    if (id < 0)
        return complain("svrecv", "segment");
    if (shmctl(id, IPC_STAT, &info) < 0)
        return complain("svrecv", "segment");
    errno = ENOENT; /* too small: nothing of ours, or not yet */
    s = info.shm_segsz < sizeof(*s) ? NULL : sv_attach(id, 0);
    if (!s)
        return complain("svrecv", "segment");
    if (magic_get(&s->magic) != SV_MAGIC) {
        sv_detach(s);
        errno = ENOENT;
        return complain("svrecv", "segment is not ready");
    }
    sem_take(&s->published, -1);
    fwrite(s->text, 1, s->len < SV_TEXT_MAX ? s->len : SV_TEXT_MAX, stdout);
    putchar('\n');
    sem_post(&s->confirmed);
    sv_detach(s);
    return flushed("svrecv");
}
