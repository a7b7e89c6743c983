/* SPDX-License-Identifier: MIT */
/* lab06, solution A: plain. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "lab06.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Help for all programs ------------------------------------------------------------------------- */

/* One line on stderr; the exit code that fits to errno. */
static int complain(const char *program, const char *what)
{
    int err = errno;

    (void)program;
    warn("%s", what);
    if (err == ENOENT)
        return EXIT_NO_PEER;
    if (err == EEXIST)
        return EXIT_IN_USE;
    if (err == ETIMEDOUT || err == EAGAIN)
        return EXIT_TIMEOUT;
    return EXIT_FAILED;
}

static int finish_output(const char *program)
{
    if (fflush(stdout) == EOF || ferror(stdout)) {
        (void)program;
        warn("standard output");
        return EXIT_FAILED;
    }
    return EXIT_OK;
}

/* The moment that is ms milliseconds away. */
static void deadline_in(int ms, struct timespec *t)
{
    clock_gettime(CLOCK_REALTIME, t);
    t->tv_sec += ms / 1000;
    t->tv_nsec += (long)(ms % 1000) * 1000000L;
    if (t->tv_nsec >= 1000000000L) {
        t->tv_nsec -= 1000000000L;
        t->tv_sec++;
    }
}

/* Waits for ever (ms < 0), not at all (0), or to the deadline. */
static int sem_down(sem_t *s, int ms, const struct timespec *deadline)
{
    int rc;

    do {
        if (ms < 0)
            rc = sem_wait(s);
        else if (ms == 0)
            rc = sem_trywait(s);
        else
            rc = sem_timedwait(s, deadline);
    } while (rc < 0 && errno == EINTR);
    return rc;
}

/* Nobody shall be killed or interrupted while he holds the mutex or the lock. */
static void hold_signals(sigset_t *old)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, old);
}

static void let_signals(const sigset_t *old)
{
    int err = errno;

    sigprocmask(SIG_SETMASK, old, NULL);
    errno = err;
}

/* A. Regions ------------------------------------------------------------------------------------ */

static int close_keeping_errno(int fd)
{
    int err = errno;

    close(fd);
    errno = err;
    return -1;
}

int region_create(const char *name, size_t size, region_t *r)
{
    void *p;
    int fd;

    if (size == 0 || size > (size_t)SSIZE_MAX) {
        errno = EINVAL;
        return -1;
    }
    fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return -1;
    p = MAP_FAILED;
    if (fchmod(fd, 0600) == 0 && ftruncate(fd, (off_t)size) == 0)
        p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close_keeping_errno(fd);
    if (p == MAP_FAILED) {
        int err = errno;

        shm_unlink(name);
        errno = err;
        return -1;
    }
    r->addr = p;
    r->size = size;
    return 0;
}

int region_attach(const char *name, int writable, region_t *r)
{
    struct stat st;
    void *p;
    int fd = shm_open(name, writable ? O_RDWR : O_RDONLY, 0);

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) < 0)
        return close_keeping_errno(fd);
    if (st.st_size == 0) {
        close(fd);
        errno = ENODATA;
        return -1;
    }
    p = mmap(NULL, (size_t)st.st_size, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
    close_keeping_errno(fd);
    if (p == MAP_FAILED)
        return -1;
    r->addr = p;
    r->size = (size_t)st.st_size;
    return 0;
}

int region_detach(region_t *r)
{
    if (munmap(r->addr, r->size) < 0)
        return -1;
    memset(r, 0, sizeof(*r));
    return 0;
}

int region_destroy(const char *name)
{
    return shm_unlink(name);
}

int shmnote_put(const char *name, char *const texts[])
{
    size_t total = 0, i, at = 0;
    region_t r;
    note_t *note;

    for (i = 0; texts[i] != NULL; i++)
        total += strlen(texts[i]) + (i > 0);
    if (total > NOTE_MAX) {
        errno = EMSGSIZE;
        return complain("shmnote", name);
    }
    if (region_create(name, sizeof(note_t), &r) < 0)
        return complain("shmnote", name);
    note = r.addr;
    for (i = 0; texts[i] != NULL; i++) {
        size_t n = strlen(texts[i]);

        if (i > 0)
            note->text[at++] = ' ';
        memcpy(note->text + at, texts[i], n);
        at += n;
    }
    note->len = (uint32_t)total;
    __atomic_store_n(&note->magic, NOTE_MAGIC, __ATOMIC_RELEASE);
    region_detach(&r);
    return EXIT_OK;
}

int shmnote_get(const char *name)
{
    const note_t *note;
    region_t r;
    int code;

    if (region_attach(name, 0, &r) < 0)
        return complain("shmnote", name);
    note = r.addr;
    if (r.size < sizeof(note_t) || __atomic_load_n(&note->magic, __ATOMIC_ACQUIRE) != NOTE_MAGIC
        || note->len > NOTE_MAX) {
        region_detach(&r);
        errno = EPROTO;
        return complain("shmnote", name);
    }
    fwrite(note->text, 1, note->len, stdout);
    putchar('\n');
    code = finish_output("shmnote");
    region_detach(&r);
    return code;
}

int shmnote_rm(const char *name)
{
    if (region_destroy(name) < 0)
        return complain("shmnote", name);
    return EXIT_OK;
}

/* B. Bounded buffer ----------------------------------------------------------------------------- */

int ring_create(const char *name, uint32_t capacity, uint32_t slot_size, ring_t *out)
{
    const uint64_t off = (sizeof(ring_hdr) + 7) / 8 * 8;
    uint64_t stride = RING_STRIDE(slot_size);
    ring_hdr *h;

    if (capacity == 0 || slot_size == 0 || capacity > INT_MAX) {
        errno = EINVAL;
        return -1;
    }
    if (capacity > ((uint64_t)SSIZE_MAX - off) / stride) {
        errno = EFBIG;
        return -1;
    }
    if (region_create(name, off + capacity * stride, &out->r) < 0)
        return -1;
    h = out->r.addr;
    h->capacity = capacity;
    h->slot_size = slot_size;
    h->slots_off = off;
    if (sem_init(&h->mutex, 1, 1) < 0 || sem_init(&h->empty, 1, capacity) < 0
        || sem_init(&h->full, 1, 0) < 0) {
        int err = errno;

        region_detach(&out->r);
        region_destroy(name);
        errno = err;
        return -1;
    }
    out->h = h;
    __atomic_store_n(&h->magic, RING_MAGIC, __ATOMIC_RELEASE);
    return 0;
}

static int is_ring(const region_t *r)
{
    const ring_hdr *h = r->addr;

    if (r->size < sizeof(*h) || __atomic_load_n(&h->magic, __ATOMIC_ACQUIRE) != RING_MAGIC)
        return 0;
    if (h->capacity == 0 || h->slot_size == 0 || h->slots_off < sizeof(*h) || h->slots_off > r->size)
        return 0;
    return h->capacity <= (r->size - h->slots_off) / RING_STRIDE(h->slot_size);
}

int ring_attach(const char *name, ring_t *out)
{
    if (region_attach(name, 1, &out->r) < 0) {
        if (errno == ENODATA)
            errno = EPROTO;
        return -1;
    }
    if (!is_ring(&out->r)) {
        region_detach(&out->r);
        errno = EPROTO;
        return -1;
    }
    out->h = out->r.addr;
    return 0;
}

static unsigned char *slot(const ring_t *r, uint32_t n)
{
    return (unsigned char *)r->r.addr + r->h->slots_off
           + (n % r->h->capacity) * RING_STRIDE(r->h->slot_size);
}

static int is_closed(const ring_t *r)
{
    return __atomic_load_n(&r->h->closed, __ATOMIC_ACQUIRE) != 0;
}

static int nothing_left(const ring_t *r)
{
    return __atomic_load_n(&r->h->head, __ATOMIC_ACQUIRE)
           == __atomic_load_n(&r->h->tail, __ATOMIC_ACQUIRE);
}

static int put_slot(ring_t *r, const void *item, uint32_t len, int timeout_ms, const struct timespec *deadline);

int ring_put(ring_t *r, const void *item, uint32_t len, int timeout_ms)
{
    ring_hdr *h = r->h;
    struct timespec deadline = {0, 0};
    sigset_t old;
    int rc;

    if (len > h->slot_size) {
        errno = EMSGSIZE;
        return -1;
    }
    if (timeout_ms > 0)
        deadline_in(timeout_ms, &deadline);
    if (sem_down(&h->empty, timeout_ms, &deadline) < 0) {
        if (is_closed(r))
            errno = EPIPE;
        return -1;
    }
    hold_signals(&old);
    rc = put_slot(r, item, len, timeout_ms, &deadline);
    let_signals(&old);
    return rc;
}

static int put_slot(ring_t *r, const void *item, uint32_t len, int timeout_ms, const struct timespec *deadline)
{
    ring_hdr *h = r->h;
    unsigned char *s;

    if (sem_down(&h->mutex, timeout_ms, deadline) < 0) {
        int err = is_closed(r) ? EPIPE : errno;

        sem_post(&h->empty);
        errno = err;
        return -1;
    }
    if (h->closed) {
        sem_post(&h->mutex);
        sem_post(&h->empty); /* wakes the next */
        errno = EPIPE;
        return -1;
    }
    s = slot(r, h->tail);
    memcpy(s, &len, sizeof(len));
    if (len > 0)
        memcpy(s + sizeof(len), item, len);
    h->tail++;
    sem_post(&h->mutex);
    sem_post(&h->full);
    return 0;
}

int ring_get(ring_t *r, void *item, uint32_t cap, int timeout_ms)
{
    ring_hdr *h = r->h;
    struct timespec deadline = {0, 0};
    const unsigned char *s;
    uint32_t len;

    if (timeout_ms > 0)
        deadline_in(timeout_ms, &deadline);
    if (sem_down(&h->full, timeout_ms, &deadline) < 0) {
        if (is_closed(r) && nothing_left(r))
            errno = EPIPE;
        return -1;
    }
    if (sem_down(&h->mutex, timeout_ms, &deadline) < 0) {
        int err = is_closed(r) && nothing_left(r) ? EPIPE : errno;

        sem_post(&h->full);
        errno = err;
        return -1;
    }
    if (h->head == h->tail) {
        sem_post(&h->mutex);
        sem_post(&h->full); /* closed and empty: wakes the next */
        errno = EPIPE;
        return -1;
    }
    s = slot(r, h->head);
    memcpy(&len, s, sizeof(len));
    if (len > cap || len > h->slot_size) {
        int err = len > h->slot_size ? EPROTO : EMSGSIZE;

        sem_post(&h->mutex);
        sem_post(&h->full);
        errno = err;
        return -1;
    }
    if (len > 0)
        memcpy(item, s + sizeof(len), len);
    h->head++;
    sem_post(&h->mutex);
    sem_post(&h->empty);
    return (int)len;
}

int ring_close(ring_t *r)
{
    ring_hdr *h = r->h;
    int first;

    if (sem_down(&h->mutex, -1, NULL) < 0)
        return -1;
    first = !h->closed;
    __atomic_store_n(&h->closed, 1, __ATOMIC_RELEASE);
    sem_post(&h->mutex);
    if (first) {
        sem_post(&h->empty);
        sem_post(&h->full);
    }
    return 0;
}

int ringctl_create(const char *name, uint32_t capacity, uint32_t slot_size)
{
    ring_t ring;

    if (ring_create(name, capacity, slot_size, &ring) < 0)
        return complain("ringctl", name);
    region_detach(&ring.r);
    return EXIT_OK;
}

int ringctl_stat(const char *name)
{
    uint32_t count, capacity, closed;
    ring_t ring;

    if (ring_attach(name, &ring) < 0)
        return complain("ringctl", name);
    sem_down(&ring.h->mutex, -1, NULL);
    count = ring.h->tail - ring.h->head;
    capacity = ring.h->capacity;
    closed = ring.h->closed;
    sem_post(&ring.h->mutex);
    region_detach(&ring.r);
    printf("count=%" PRIu32 " capacity=%" PRIu32 " closed=%d\n", count, capacity, closed != 0);
    return finish_output("ringctl");
}

int ringctl_close(const char *name)
{
    ring_t ring;
    int code = EXIT_OK;

    if (ring_attach(name, &ring) < 0)
        return complain("ringctl", name);
    if (ring_close(&ring) < 0)
        code = complain("ringctl", name);
    region_detach(&ring.r);
    return code;
}

int ringctl_rm(const char *name)
{
    if (region_destroy(name) < 0)
        return complain("ringctl", name);
    return EXIT_OK;
}

int producer_run(const char *name, const char *id, long count)
{
    int code = EXIT_OK;
    ring_t ring;
    char *item;
    long i;

    if (ring_attach(name, &ring) < 0)
        return complain("producer", name);
    item = malloc(strlen(id) + 32);
    if (item == NULL)
        code = complain("producer", "malloc");
    for (i = 0; code == EXIT_OK && i < count; i++) {
        int len = sprintf(item, "%s:%ld", id, i);

        if (ring_put(&ring, item, (uint32_t)len, -1) < 0)
            code = complain("producer", name);
    }
    free(item);
    region_detach(&ring.r);
    return code;
}

int consumer_run(const char *name)
{
    int code = EXIT_OK, len;
    uint32_t cap;
    ring_t ring;
    char *item;

    if (ring_attach(name, &ring) < 0)
        return complain("consumer", name);
    cap = ring.h->slot_size;
    item = malloc(cap);
    if (item == NULL) {
        code = complain("consumer", "malloc");
        region_detach(&ring.r);
        return code;
    }
    while (code == EXIT_OK && (len = ring_get(&ring, item, cap, -1)) >= 0) {
        fwrite(item, 1, (size_t)len, stdout);
        putchar('\n');
        code = finish_output("consumer");
    }
    if (code == EXIT_OK && errno != EPIPE)
        code = complain("consumer", name);
    free(item);
    region_detach(&ring.r);
    return code;
}

/* C. Dictionary: a packed table ----------------------------------------------------------------- */
/* After the head: for each entry the lengths of both strings, the key, NUL, the value, NUL. There are
 * never holes: what follows a deleted entry moves down. */

#define KV_MAGIC UINT64_C(0x31656c6261745641)

typedef struct {
    uint64_t magic, size, used; /* used: bytes, head included */
} kv_head;

typedef struct {
    uint64_t klen, vlen;
} kv_lens;

static uint64_t entry_size(uint64_t klen, uint64_t vlen)
{
    return sizeof(kv_lens) + klen + 1 + vlen + 1;
}

static kv_lens lens_at(const void *base, uint64_t off)
{
    kv_lens l;

    memcpy(&l, (const char *)base + off, sizeof(l));
    return l;
}

static uint64_t size_at(const void *base, uint64_t off)
{
    kv_lens l = lens_at(base, off);

    return entry_size(l.klen, l.vlen);
}

static const char *key_at(const void *base, uint64_t off)
{
    return (const char *)base + off + sizeof(kv_lens);
}

static const char *value_at(const void *base, uint64_t off)
{
    return key_at(base, off) + lens_at(base, off).klen + 1;
}

/* The offset of the entry; 0: there is none. */
static uint64_t find(const void *base, const char *key)
{
    const kv_head *h = base;
    uint64_t off;

    for (off = sizeof(*h); off < h->used; off += size_at(base, off))
        if (strcmp(key_at(base, off), key) == 0)
            return off;
    return 0;
}

/* Is this a dictionary that fits into 'room' bytes? */
static int kv_is_sane(const void *base, size_t room)
{
    const kv_head *h = base;
    uint64_t off;

    if (room < sizeof(*h) || h->magic != KV_MAGIC || h->size != room || h->used < sizeof(*h)
        || h->used > h->size)
        return 0;
    for (off = sizeof(*h); off < h->used; off += size_at(base, off)) {
        uint64_t left = h->used - off;
        kv_lens l;

        if (left < entry_size(0, 0))
            return 0;
        l = lens_at(base, off);
        if (l.klen > left || l.vlen > left || entry_size(l.klen, l.vlen) > left)
            return 0;
        if (key_at(base, off)[l.klen] != '\0' || value_at(base, off)[l.vlen] != '\0')
            return 0;
    }
    return 1;
}

int kv_init(void *base, size_t size)
{
    kv_head *h = base;

    if (size < sizeof(*h) + entry_size(0, 0)) {
        errno = EINVAL;
        return -1;
    }
    h->size = size;
    h->used = sizeof(*h);
    h->magic = KV_MAGIC;
    return 0;
}

/* Without this entry, in a buffer, and back. -1: no memory, and nothing has changed. */
static int kv_remove(void *base, uint64_t off)
{
    kv_head *h = base;
    uint64_t n = size_at(base, off), size = h->size;
    char *fresh = malloc(size);

    if (fresh == NULL)
        return -1;
    h->used -= n;
    memcpy(fresh, base, off);
    memcpy(fresh + off, (char *)base + off + n, h->used - off);
    memcpy(base, fresh, size);
    free(fresh);
    return 0;
}

int kv_put(void *base, const char *key, const char *value)
{
    kv_head *h = base;
    uint64_t old = find(base, key), need, room = h->size - h->used;
    kv_lens l;
    char *p;

    l.klen = strlen(key);
    l.vlen = strlen(value);
    need = entry_size(l.klen, l.vlen);
    if (old)
        room += size_at(base, old);
    if (need > room) {
        errno = ENOSPC;
        return -1;
    }
    if (old && kv_remove(base, old) < 0)
        return -1;
    p = (char *)base + h->used;
    memcpy(p, &l, sizeof(l));
    p += sizeof(l);
    memcpy(p, key, l.klen + 1);
    memcpy(p + l.klen + 1, value, l.vlen + 1);
    h->used += need;
    return 0;
}

ssize_t kv_get(const void *base, const char *key, char *out, size_t cap)
{
    uint64_t off = find(base, key), vlen;

    if (!off) {
        errno = ENOENT;
        return -1;
    }
    vlen = lens_at(base, off).vlen;
    if (cap > 0) {
        size_t n = vlen < cap ? vlen : cap - 1;

        memcpy(out, value_at(base, off), n);
        out[n] = '\0';
    }
    return (ssize_t)vlen;
}

int kv_del(void *base, const char *key)
{
    uint64_t off = find(base, key);

    if (!off) {
        errno = ENOENT;
        return -1;
    }
    return kv_remove(base, off);
}

int kv_each(const void *base, void (*cb)(const char *k, const char *v, void *arg), void *arg)
{
    const kv_head *h = base;
    uint64_t off;
    int n = 0;

    for (off = sizeof(*h); off < h->used; off += size_at(base, off), n++)
        cb(key_at(base, off), value_at(base, off), arg);
    return n;
}

/* The object of shmkv: this, then the dictionary. */
#define SHMKV_MAGIC UINT64_C(0x766b6d68736c3641)

typedef struct {
    uint64_t magic, size;
    sem_t lock;
} shmkv_head;

static void *dictionary(const region_t *r)
{
    return (char *)r->addr + sizeof(shmkv_head);
}

static void shmkv_close(region_t *r)
{
    int err = errno;

    sem_post(&((shmkv_head *)r->addr)->lock);
    region_detach(r);
    errno = err;
}

/* Attaches and locks. */
static int shmkv_open(const char *name, region_t *r)
{
    shmkv_head *h;

    if (region_attach(name, 1, r) < 0)
        return -1;
    h = r->addr;
    if (r->size < sizeof(*h) + sizeof(kv_head)
        || __atomic_load_n(&h->magic, __ATOMIC_ACQUIRE) != SHMKV_MAGIC || h->size != r->size) {
        region_detach(r);
        errno = EPROTO;
        return -1;
    }
    sem_down(&h->lock, -1, NULL);
    if (!kv_is_sane(dictionary(r), r->size - sizeof(*h))) {
        errno = EPROTO;
        shmkv_close(r);
        return -1;
    }
    return 0;
}

int shmkv_create(const char *name, size_t size)
{
    shmkv_head *h;
    region_t r;

    if (size < sizeof(*h) + sizeof(kv_head)) {
        errno = EINVAL;
        return complain("shmkv", name);
    }
    if (region_create(name, size, &r) < 0)
        return complain("shmkv", name);
    h = r.addr;
    h->size = size;
    if (sem_init(&h->lock, 1, 1) < 0 || kv_init(dictionary(&r), size - sizeof(*h)) < 0) {
        int code = complain("shmkv", name);

        region_destroy(name);
        region_detach(&r);
        return code;
    }
    __atomic_store_n(&h->magic, SHMKV_MAGIC, __ATOMIC_RELEASE);
    region_detach(&r);
    return EXIT_OK;
}

int shmkv_put(const char *name, const char *key, const char *value)
{
    region_t r;
    int rc;

    if (shmkv_open(name, &r) < 0)
        return complain("shmkv", name);
    rc = kv_put(dictionary(&r), key, value);
    shmkv_close(&r);
    return rc < 0 ? complain("shmkv", name) : EXIT_OK;
}

int shmkv_get(const char *name, const char *key)
{
    char *value = NULL;
    ssize_t n;
    region_t r;

    if (shmkv_open(name, &r) < 0)
        return complain("shmkv", name);
    n = kv_get(dictionary(&r), key, NULL, 0);
    if (n >= 0) {
        value = malloc((size_t)n + 1);
        if (value == NULL)
            n = -1;
        else
            kv_get(dictionary(&r), key, value, (size_t)n + 1);
    }
    shmkv_close(&r);
    if (n < 0)
        return complain("shmkv", key);
    puts(value);
    free(value);
    return finish_output("shmkv");
}

int shmkv_del(const char *name, const char *key)
{
    region_t r;
    int rc;

    if (shmkv_open(name, &r) < 0)
        return complain("shmkv", name);
    rc = kv_del(dictionary(&r), key);
    shmkv_close(&r);
    return rc < 0 ? complain("shmkv", key) : EXIT_OK;
}

static void print_entry(const char *k, const char *v, void *arg)
{
    fprintf(arg, "%s=%s\n", k, v);
}

/* Prints from a copy: nobody holds the lock while standard output is slow. */
int shmkv_list(const char *name)
{
    size_t size;
    region_t r;
    void *copy;

    if (shmkv_open(name, &r) < 0)
        return complain("shmkv", name);
    size = r.size - sizeof(shmkv_head);
    copy = malloc(size);
    if (copy != NULL)
        memcpy(copy, dictionary(&r), ((kv_head *)dictionary(&r))->used);
    shmkv_close(&r);
    if (copy == NULL)
        return complain("shmkv", "malloc");
    kv_each(copy, print_entry, stdout);
    free(copy);
    return finish_output("shmkv");
}

int shmkv_rm(const char *name)
{
    if (region_destroy(name) < 0)
        return complain("shmkv", name);
    return EXIT_OK;
}

/* D. System V ----------------------------------------------------------------------------------- */

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

#define SV_MAGIC UINT32_C(0x41367376)

typedef struct {
    uint32_t magic, len;
    uint32_t taken; /* by a reader */
    sem_t published, confirmed;
    char text[SV_TEXT_MAX];
} sv_note;

static volatile sig_atomic_t stop;
static sv_note *volatile waiting_in;

static void on_stop(int sig)
{
    int err = errno;

    stop = sig;
    if (waiting_in != NULL)
        sem_post(&waiting_in->confirmed); /* so that the wait ends even if it has not begun yet */
    errno = err;
}

static void catch_stops(void)
{
    static const int sigs[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    struct sigaction sa;
    size_t i;

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = on_stop;
    sigemptyset(&sa.sa_mask);
    for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
        sigaction(sigs[i], &sa, NULL);
}

static int publish_and_wait(sv_note *n, const char *text, size_t len, int timeout_ms)
{
    struct timespec deadline;
    int rc;

    deadline_in(timeout_ms, &deadline);
    if (sem_init(&n->published, 1, 0) < 0 || sem_init(&n->confirmed, 1, 0) < 0)
        return -1;
    memcpy(n->text, text, len);
    n->len = (uint32_t)len;
    __atomic_store_n(&n->magic, SV_MAGIC, __ATOMIC_RELEASE);
    sem_post(&n->published);
    waiting_in = n;
    rc = 0;
    if (!stop)
        rc = sem_down(&n->confirmed, timeout_ms, &deadline);
    waiting_in = NULL;
    if (stop) {
        errno = EINTR;
        return -1;
    }
    return rc;
}

int svsend_run(key_t key, const char *text, int timeout_ms)
{
    size_t len = strlen(text);
    int id, code = EXIT_OK;
    sv_note *n;

    if (len > SV_TEXT_MAX) {
        errno = EMSGSIZE;
        return complain("svsend", "text");
    }
    catch_stops();
    id = sv_create(key, sizeof(sv_note));
    if (id < 0)
        return complain("svsend", "shmget");
    n = sv_attach(id, 0);
    if (n == NULL) {
        code = complain("svsend", "shmat");
    } else {
        if (publish_and_wait(n, text, len, timeout_ms) < 0)
            code = complain("svsend", "waiting for the reader");
        sv_detach(n);
    }
    sv_remove(id);
    return code;
}

int svrecv_run(key_t key)
{
    static char text[SV_TEXT_MAX];
    int id = shmget(key, 0, 0), code = EXIT_OK;
    struct shmid_ds ds;
    uint32_t len = 0;
    sv_note *n;

    if (id < 0)
        return complain("svrecv", "shmget");
    n = sv_attach(id, 0);
    if (n == NULL) {
        if (errno == EIDRM || errno == EINVAL)
            errno = ENOENT;
        return complain("svrecv", "shmat");
    }
    if (shmctl(id, IPC_STAT, &ds) < 0 || ds.shm_segsz < sizeof(*n)
        || __atomic_load_n(&n->magic, __ATOMIC_ACQUIRE) != SV_MAGIC) {
        sv_detach(n);
        errno = ENOENT;
        return complain("svrecv", "segment");
    }
    sem_down(&n->published, -1, NULL);
    if (__atomic_exchange_n(&n->taken, 1, __ATOMIC_ACQ_REL)) {
        sem_post(&n->published);
        errno = ENOENT;
        code = complain("svrecv", "text");
    } else if (n->len > SV_TEXT_MAX) {
        errno = EPROTO;
        code = complain("svrecv", "segment");
    } else {
        len = n->len;
        memcpy(text, n->text, len);
        fwrite(text, 1, len, stdout);
        putchar('\n');
        code = finish_output("svrecv");
        if (code != EXIT_OK)
            __atomic_store_n(&n->taken, 0, __ATOMIC_RELEASE);
        else
            sem_post(&n->confirmed);
        sem_post(&n->published); /* further readers: see 'taken' */
    }
    sv_detach(n);
    return code;
}

/* E. Mapped file -------------------------------------------------------------------------------- */

/* Maps the file, or NULL with errno. 'fd' stays open. */
static button_file *map_button(int fd, int prot)
{
    struct stat st;
    void *p;

    if (fstat(fd, &st) < 0)
        return NULL;
    if (!S_ISREG(st.st_mode) || st.st_size != (off_t)sizeof(button_file)) {
        errno = EPROTO;
        return NULL;
    }
    p = mmap(NULL, sizeof(button_file), prot, MAP_SHARED, fd, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* Under the lock: an empty file becomes a button. 0, -1. */
static int make_button(int fd)
{
    static const button_file fresh = {BUTTON_MAGIC, 0, 0};
    struct stat st;
    ssize_t n;

    if (fstat(fd, &st) < 0)
        return -1;
    if (!S_ISREG(st.st_mode) || st.st_size != 0)
        return 0;
    n = pwrite(fd, &fresh, sizeof(fresh), 0);
    if (n == (ssize_t)sizeof(fresh))
        return 0;
    if (n >= 0) {
        if (ftruncate(fd, 0) == 0)
            errno = ENOSPC;
    }
    return -1;
}

int button_run(const char *file, long presses)
{
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600), rc, code = EXIT_OK;
    button_file *b = NULL;
    sigset_t old;

    if (fd < 0) {
        code = complain("button", file);
        return code == EXIT_NO_PEER ? EXIT_FAILED : code;
    }
    do
        rc = flock(fd, LOCK_EX);
    while (rc < 0 && errno == EINTR);
    hold_signals(&old);
    if (rc == 0 && make_button(fd) == 0)
        b = map_button(fd, PROT_READ | PROT_WRITE);
    if (b == NULL) {
        code = complain("button", file);
    } else if (b->magic != BUTTON_MAGIC) {
        errno = EPROTO;
        code = complain("button", file);
    } else {
        __atomic_fetch_add(&b->presses, (uint64_t)presses, __ATOMIC_RELAXED);
    }
    if (b != NULL)
        munmap(b, sizeof(*b));
    close(fd); /* the lock ends */
    let_signals(&old);
    return code;
}

int led_run(const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    button_file *b;
    uint64_t n;
    int ok;

    if (fd < 0)
        return complain("led", file);
    b = map_button(fd, PROT_READ);
    close_keeping_errno(fd);
    if (b == NULL)
        return complain("led", file);
    ok = b->magic == BUTTON_MAGIC;
    n = __atomic_load_n(&b->presses, __ATOMIC_RELAXED);
    munmap(b, sizeof(*b));
    if (!ok) {
        errno = EPROTO;
        return complain("led", file);
    }
    printf("LED %s presses=%" PRIu64 "\n", n % 2 ? "on" : "off", n);
    return finish_output("led");
}
