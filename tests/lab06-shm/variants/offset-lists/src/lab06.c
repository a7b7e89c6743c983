/* SPDX-License-Identifier: MIT */
/* lab06 - shared memory: the dictionary as two linked lists. */
#include "lab06.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* "PROG: WHAT: REASON"; the exit code that fits the reason. */
static int complain(const char *prog, const char *what)
{
    int code = errno == ENOENT      ? EXIT_NO_PEER
               : errno == EEXIST    ? EXIT_IN_USE
               : errno == ETIMEDOUT ? EXIT_TIMEOUT
                                    : EXIT_FAILED;

    fprintf(stderr, "%s: %s: %s\n", prog, what, strerror(errno));
    return code;
}

/* Standard output is complete, or the program has failed. */
static int flushed(const char *prog)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_OK : complain(prog, "standard output");
}

/* The magic is what says "ready": all that was written before it is seen by who sees it. */
static void magic_set(uint32_t *magic, uint32_t value)
{
    __atomic_store_n(magic, value, __ATOMIC_RELEASE);
}

static uint32_t magic_get(const uint32_t *magic)
{
    return __atomic_load_n(magic, __ATOMIC_ACQUIRE);
}

/* A. Regions ------------------------------------------------------------------------------------ */

/* The whole mapping, and no descriptor any more. */
static int map_and_close(int fd, size_t size, int writable, region_t *r)
{
    void *p = mmap(NULL, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);

    close(fd);
    if (p == MAP_FAILED)
        return -1;
    r->addr = p;
    r->size = size;
    return 0;
}

int region_create(const char *name, size_t size, region_t *r)
{
    int fd, why;

    if (size == 0) {
        errno = EINVAL;
        return -1;
    }
    fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return -1;
    if (ftruncate(fd, (off_t)size) < 0) {
        why = errno;
        close(fd);
        shm_unlink(name);
        errno = why;
        return -1;
    }
    if (map_and_close(fd, size, 1, r) < 0) {
        why = errno;
        shm_unlink(name);
        errno = why;
        return -1;
    }
    return 0;
}

int region_attach(const char *name, int writable, region_t *r)
{
    int fd = shm_open(name, writable ? O_RDWR : O_RDONLY, 0);
    struct stat st;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) < 0 || st.st_size == 0) {
        close(fd);
        errno = ENODATA;
        return -1;
    }
    return map_and_close(fd, (size_t)st.st_size, writable, r);
}

int region_detach(region_t *r)
{
    if (munmap(r->addr, r->size) < 0)
        return -1;
    r->addr = NULL;
    r->size = 0;
    return 0;
}

int region_destroy(const char *name)
{
    return shm_unlink(name);
}

int shmnote_put(const char *name, char *const texts[])
{
    size_t len = 0, n;
    region_t r;
    note_t *note;

    for (size_t i = 0; texts[i]; i++)
        len += strlen(texts[i]) + (i > 0);
    if (len > NOTE_MAX) {
        errno = EMSGSIZE;
        return complain("shmnote", name);
    }
    if (region_create(name, sizeof(note_t), &r) < 0)
        return complain("shmnote", name);
    note = r.addr;
    for (size_t i = 0; texts[i]; i++) {
        if (i > 0)
            note->text[note->len++] = ' ';
        n = strlen(texts[i]);
        memcpy(note->text + note->len, texts[i], n);
        note->len += (uint32_t)n;
    }
    magic_set(&note->magic, NOTE_MAGIC);
    region_detach(&r);
    return EXIT_OK;
}

int shmnote_get(const char *name)
{
    const note_t *note;
    region_t r;

    if (region_attach(name, 0, &r) < 0)
        return complain("shmnote", name);
    note = r.addr;
    if (r.size < sizeof(note_t) || magic_get(&note->magic) != NOTE_MAGIC || note->len > NOTE_MAX) {
        region_detach(&r);
        errno = EPROTO;
        return complain("shmnote", name);
    }
    fwrite(note->text, 1, note->len, stdout);
    putchar('\n');
    region_detach(&r);
    return flushed("shmnote");
}

int shmnote_rm(const char *name)
{
    return region_destroy(name) < 0 ? complain("shmnote", name) : EXIT_OK;
}

/* B. Bounded buffer ------------------------------------------------------------------------------ */

/* Takes the semaphore, or -1: EAGAIN, ETIMEDOUT. The deadline is one moment, however many signals
 * interrupt the wait. */
static int sem_take(sem_t *sem, int timeout_ms)
{
    struct timespec until;
    int r;

    if (timeout_ms > 0) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += timeout_ms / 1000;
        until.tv_nsec += timeout_ms % 1000 * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000L;
        }
    }
    do {
        if (timeout_ms < 0)
            r = sem_wait(sem);
        else if (timeout_ms == 0)
            r = sem_trywait(sem);
        else
            r = sem_timedwait(sem, &until);
    } while (r < 0 && errno == EINTR);
    return r;
}

static unsigned char *ring_slot(const ring_t *r, uint32_t counter)
{
    uint64_t i = counter % r->h->capacity;

    return (unsigned char *)r->r.addr + r->h->slots_off + i * RING_STRIDE(r->h->slot_size);
}

int ring_create(const char *name, uint32_t capacity, uint32_t slot_size, ring_t *out)
{
    ring_hdr *h;

    if (capacity == 0 || slot_size == 0 || capacity > SEM_VALUE_MAX) {
        errno = EINVAL;
        return -1;
    }
    if (region_create(name, sizeof(ring_hdr) + capacity * RING_STRIDE(slot_size), &out->r) < 0)
        return -1;
    h = out->h = out->r.addr;
    h->capacity = capacity;
    h->slot_size = slot_size;
    h->slots_off = sizeof(ring_hdr);
    sem_init(&h->mutex, 1, 1);
    sem_init(&h->empty, 1, capacity);
    sem_init(&h->full, 1, 0);
    magic_set(&h->magic, RING_MAGIC);
    return 0;
}

/* Nothing is believed that another program could have written wrongly. */
static int ring_is_sound(const region_t *r)
{
    const ring_hdr *h = r->addr;

    return r->size >= sizeof(*h) && magic_get(&h->magic) == RING_MAGIC && h->capacity > 0
           && h->slot_size > 0 && h->slots_off >= sizeof(*h) && h->slots_off <= r->size
           && h->slots_off % sizeof(uint32_t) == 0
           && (r->size - h->slots_off) / RING_STRIDE(h->slot_size) >= h->capacity;
}

static int ring_open(const char *name, int writable, ring_t *out)
{
    if (region_attach(name, writable, &out->r) < 0)
        return -1;
    if (!ring_is_sound(&out->r)) {
        region_detach(&out->r);
        errno = EPROTO;
        return -1;
    }
    out->h = out->r.addr;
    return 0;
}

int ring_attach(const char *name, ring_t *out)
{
    return ring_open(name, 1, out);
}

int ring_put(ring_t *r, const void *item, uint32_t len, int timeout_ms)
{
    ring_hdr *h = r->h;
    unsigned char *slot;

    if (len > h->slot_size) {
        errno = EMSGSIZE;
        return -1;
    }
    if (sem_take(&h->empty, timeout_ms) < 0)
        return -1;
    sem_take(&h->mutex, -1);
    if (h->closed) {
        sem_post(&h->mutex);
        sem_post(&h->empty); /* pass the wake-up on */
        errno = EPIPE;
        return -1;
    }
    slot = ring_slot(r, h->tail);
    memcpy(slot, &len, sizeof(len));
    memcpy(slot + sizeof(len), item, len);
    h->tail++;
    sem_post(&h->mutex);
    sem_post(&h->full);
    return 0;
}

int ring_get(ring_t *r, void *item, uint32_t cap, int timeout_ms)
{
    ring_hdr *h = r->h;
    unsigned char *slot;
    uint32_t len = 0;
    int why = 0;

    if (sem_take(&h->full, timeout_ms) < 0)
        return -1;
    sem_take(&h->mutex, -1);
    slot = ring_slot(r, h->head);
    if (h->head == h->tail) {
        why = EPIPE; /* nothing there although 'full' let us in: closed */
    } else {
        memcpy(&len, slot, sizeof(len));
        if (len > cap || len > h->slot_size)
            why = EMSGSIZE;
    }
    if (why) {
        sem_post(&h->mutex);
        sem_post(&h->full); /* pass the wake-up on, or leave the item to others */
        errno = why;
        return -1;
    }
    memcpy(item, slot + sizeof(len), len);
    h->head++;
    sem_post(&h->mutex);
    sem_post(&h->empty);
    return (int)len;
}

int ring_close(ring_t *r)
{
    sem_take(&r->h->mutex, -1);
    r->h->closed = 1;
    sem_post(&r->h->mutex);
    sem_post(&r->h->empty); /* one is woken each, who wakes the next */
    sem_post(&r->h->full);
    return 0;
}

int ringctl_create(const char *name, uint32_t capacity, uint32_t slot_size)
{
    ring_t r;

    if (ring_create(name, capacity, slot_size, &r) < 0)
        return complain("ringctl", name);
    region_detach(&r.r);
    return EXIT_OK;
}

int ringctl_stat(const char *name)
{
    ring_t r;

    if (ring_open(name, 0, &r) < 0)
        return complain("ringctl", name);
    printf("count=%u capacity=%u closed=%u\n", (unsigned)(r.h->tail - r.h->head),
           (unsigned)r.h->capacity, (unsigned)r.h->closed);
    region_detach(&r.r);
    return flushed("ringctl");
}

int ringctl_close(const char *name)
{
    ring_t r;

    if (ring_attach(name, &r) < 0)
        return complain("ringctl", name);
    ring_close(&r);
    region_detach(&r.r);
    return EXIT_OK;
}

int ringctl_rm(const char *name)
{
    return region_destroy(name) < 0 ? complain("ringctl", name) : EXIT_OK;
}

int producer_run(const char *name, const char *id, long count)
{
    size_t room = strlen(id) + 24;
    int code = EXIT_OK, len;
    ring_t r;
    char *item;

    if (ring_attach(name, &r) < 0)
        return complain("producer", name);
    item = malloc(room);
    if (!item)
        code = complain("producer", "malloc");
    for (long i = 0; i < count && code == EXIT_OK; i++) {
        len = snprintf(item, room, "%s:%ld", id, i);
        if (ring_put(&r, item, (uint32_t)len, -1) < 0)
            code = complain("producer", name);
    }
    free(item);
    region_detach(&r.r);
    return code;
}

int consumer_run(const char *name)
{
    int code = EXIT_OK, len = 0;
    ring_t r;
    char *item;

    if (ring_attach(name, &r) < 0)
        return complain("consumer", name);
    item = malloc(r.h->slot_size);
    if (!item)
        code = complain("consumer", "malloc");
    while (code == EXIT_OK) {
        len = ring_get(&r, item, r.h->slot_size, -1);
        if (len < 0)
            break;
        fwrite(item, 1, (size_t)len, stdout);
        putchar('\n');
        code = flushed("consumer");
    }
    if (len < 0 && errno != EPIPE)
        code = complain("consumer", name);
    free(item);
    region_detach(&r.r);
    return code;
}

/* C. Dictionary ---------------------------------------------------------------------------------- */

/* Two lists of blocks, linked by distances from the base (0: the end): the entries, newest first, and
 * the free blocks, in order of their addresses, so that neighbours can be joined again. */
struct kv_head {
    uint64_t size;
    uint64_t entries, free;
};

struct kv_block {
    uint64_t next;
    uint64_t room;   /* bytes of data */
    uint64_t key_size;
    char data[];     /* key, NUL, value, NUL */
};

enum { KV_SPLIT = 32 }; /* a rest smaller than this stays with its block */

static struct kv_block *kv_at(const void *base, uint64_t offset)
{
    return (struct kv_block *)((char *)(uintptr_t)base + offset);
}

static uint64_t kv_round(size_t n)
{
    return (n + 7) / 8 * 8;
}

/* The link that leads to the entry; NULL: there is none. */
static uint64_t *kv_link(const void *base, const char *key)
{
    uint64_t *link = &((struct kv_head *)(uintptr_t)base)->entries;

    while (*link && strcmp(kv_at(base, *link)->data, key) != 0)
        link = &kv_at(base, *link)->next;
    return *link ? link : NULL;
}

int kv_init(void *base, size_t size)
{
    struct kv_head *h = base;
    struct kv_block *all;

    size = size / 8 * 8;
    if (size < sizeof(*h) + sizeof(*all) + 8) {
        errno = EINVAL;
        return -1;
    }
    h->size = size;
    h->entries = 0;
    h->free = sizeof(*h);
    all = kv_at(base, h->free);
    all->next = 0;
    all->room = size - sizeof(*h) - sizeof(*all);
    return 0;
}

/* The link to a free block with so much room; NULL: there is none. */
static uint64_t *kv_fitting(void *base, uint64_t room)
{
    uint64_t *link = &((struct kv_head *)base)->free;

    while (*link && kv_at(base, *link)->room < room)
        link = &kv_at(base, *link)->next;
    return *link ? link : NULL;
}

/* Takes the block out of the free ones; what it has too much becomes a block of its own. */
static uint64_t kv_take(void *base, uint64_t *link, uint64_t room)
{
    uint64_t at = *link, rest = at + sizeof(struct kv_block) + room;
    struct kv_block *b = kv_at(base, at);

    if (b->room < room + sizeof(*b) + KV_SPLIT) {
        *link = b->next;
        return at;
    }
    kv_at(base, rest)->room = b->room - room - sizeof(*b);
    kv_at(base, rest)->next = b->next;
    b->room = room;
    *link = rest;
    return at;
}

static uint64_t kv_end(const void *base, uint64_t at)
{
    return at + sizeof(struct kv_block) + kv_at(base, at)->room;
}

static void kv_give(void *base, uint64_t at)
{
    struct kv_head *h = base;
    uint64_t *link = &h->free, before = 0;
    struct kv_block *b = kv_at(base, at);

    while (*link && *link < at) {
        before = *link;
        link = &kv_at(base, *link)->next;
    }
    b->next = *link;
    *link = at;
    if (b->next && kv_end(base, at) == b->next) {
        b->room += sizeof(*b) + kv_at(base, b->next)->room;
        b->next = kv_at(base, b->next)->next;
    }
    if (before && kv_end(base, before) == at) {
        kv_at(base, before)->room += sizeof(*b) + b->room;
        kv_at(base, before)->next = b->next;
    }
}

static void kv_unlink(void *base, uint64_t *link)
{
    uint64_t at = *link;

    *link = kv_at(base, at)->next;
    kv_give(base, at);
}

int kv_put(void *base, const char *key, const char *value)
{
    struct kv_head *h = base;
    size_t key_size = strlen(key) + 1, value_size = strlen(value) + 1;
    uint64_t room = kv_round(key_size + value_size), *old = kv_link(base, key), *fit, at;
    struct kv_block *b;

    if (old && kv_at(base, *old)->room >= room) {
        memcpy(kv_at(base, *old)->data + key_size, value, value_size);
        return 0;
    }
    fit = kv_fitting(base, room);
    if (!fit) {
        errno = ENOSPC;
        return -1;
    }
    at = kv_take(base, fit, room);
    if (old)
        kv_unlink(base, old);
    b = kv_at(base, at);
    b->key_size = key_size;
    memcpy(b->data, key, key_size);
    memcpy(b->data + key_size, value, value_size);
    b->next = h->entries;
    h->entries = at;
    return 0;
}

ssize_t kv_get(const void *base, const char *key, char *out, size_t cap)
{
    const uint64_t *link = kv_link(base, key);
    const char *value;

    if (!link) {
        errno = ENOENT;
        return -1;
    }
    value = kv_at(base, *link)->data + kv_at(base, *link)->key_size;
    if (cap)
        snprintf(out, cap, "%s", value);
    return (ssize_t)strlen(value);
}

int kv_del(void *base, const char *key)
{
    uint64_t *link = kv_link(base, key);

    if (!link) {
        errno = ENOENT;
        return -1;
    }
    kv_unlink(base, link);
    return 0;
}

int kv_each(const void *base, void (*cb)(const char *k, const char *v, void *arg), void *arg)
{
    int count = 0;

    for (uint64_t at = ((const struct kv_head *)base)->entries; at; at = kv_at(base, at)->next) {
        const struct kv_block *b = kv_at(base, at);

        cb(b->data, b->data + b->key_size, arg);
        count++;
    }
    return count;
}

#define SHMKV_MAGIC UINT32_C(0x4b565356)

struct shmkv { /* the whole object of shmkv; the dictionary goes on to its end */
    uint32_t magic;
    uint32_t size; /* of the object */
    sem_t lock;
    struct kv_head kv;
};

static size_t shmkv_room(const region_t *r)
{
    return r->size - offsetof(struct shmkv, kv);
}

/* Attached and locked. */
static struct shmkv *shmkv_open(const char *name, region_t *r)
{
    struct shmkv *s;

    if (region_attach(name, 1, r) < 0)
        return NULL;
    s = r->addr;
    if (r->size < sizeof(*s) || magic_get(&s->magic) != SHMKV_MAGIC || s->size != r->size) {
        region_detach(r);
        errno = EPROTO;
        return NULL;
    }
    sem_take(&s->lock, -1);
    return s;
}

static void shmkv_done(struct shmkv *s, region_t *r)
{
    int why = errno;

    sem_post(&s->lock);
    region_detach(r);
    errno = why;
}

int shmkv_create(const char *name, size_t size)
{
    struct shmkv *s;
    region_t r;

    if (size < sizeof(*s) || size > UINT32_MAX) {
        errno = EINVAL;
        return complain("shmkv", name);
    }
    if (region_create(name, size, &r) < 0)
        return complain("shmkv", name);
    s = r.addr;
    s->size = (uint32_t)size;
    sem_init(&s->lock, 1, 1);
    if (kv_init(&s->kv, shmkv_room(&r)) < 0) {
        region_detach(&r);
        region_destroy(name);
        return complain("shmkv", name);
    }
    magic_set(&s->magic, SHMKV_MAGIC);
    region_detach(&r);
    return EXIT_OK;
}

int shmkv_put(const char *name, const char *key, const char *value)
{
    region_t r;
    struct shmkv *s = shmkv_open(name, &r);
    int done;

    if (!s)
        return complain("shmkv", name);
    done = kv_put(&s->kv, key, value);
    shmkv_done(s, &r);
    return done < 0 ? complain("shmkv", key) : EXIT_OK;
}

int shmkv_get(const char *name, const char *key)
{
    region_t r;
    struct shmkv *s = shmkv_open(name, &r);
    char *value;
    ssize_t len;

    if (!s)
        return complain("shmkv", name);
    value = malloc(UINT16_MAX);
    len = value ? kv_get(&s->kv, key, value, UINT16_MAX) : -1;
    shmkv_done(s, &r);
    if (len >= 0)
        puts(value);
    free(value);
    return len < 0 ? complain("shmkv", key) : flushed("shmkv");
}

int shmkv_del(const char *name, const char *key)
{
    region_t r;
    struct shmkv *s = shmkv_open(name, &r);
    int done;

    if (!s)
        return complain("shmkv", name);
    done = kv_del(&s->kv, key);
    shmkv_done(s, &r);
    return done < 0 ? complain("shmkv", key) : EXIT_OK;
}

static void print_entry(const char *k, const char *v, void *arg)
{
    (void)arg;
    printf("%s=%s\n", k, v);
}

int shmkv_list(const char *name)
{
    region_t r;
    struct shmkv *s = shmkv_open(name, &r);

    if (!s)
        return complain("shmkv", name);
    kv_each(&s->kv, print_entry, NULL);
    shmkv_done(s, &r);
    return flushed("shmkv");
}

int shmkv_rm(const char *name)
{
    return region_destroy(name) < 0 ? complain("shmkv", name) : EXIT_OK;
}

/* D. System V ------------------------------------------------------------------------------------ */

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

static struct sv_segment *sending;
static volatile sig_atomic_t was_signalled;

/* sem_post is allowed in a handler, and, other than a flag alone, cannot come too early. */
static void on_end_signal(int sig)
{
    (void)sig;
    was_signalled = 1;
    sem_post(&sending->confirmed);
}

/* Publishes and waits. The two signals are blocked here but while handlers stand and 'sending' is
 * there, so that no way out leaves the segment behind. */
static int send_text(struct sv_segment *s, const char *text, int timeout_ms, const sigset_t *mask)
{
    struct sigaction act = {.sa_handler = on_end_signal};
    int r, why;

    s->len = (uint32_t)strlen(text);
    sem_init(&s->published, 1, 0);
    sem_init(&s->confirmed, 1, 0);
    sending = s;
    sigemptyset(&act.sa_mask);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    sigprocmask(SIG_UNBLOCK, mask, NULL);
    magic_set(&s->magic, SV_MAGIC);
    memcpy(s->text, text, s->len);
    sem_post(&s->published);
    r = sem_take(&s->confirmed, timeout_ms);
    why = errno == EAGAIN ? ETIMEDOUT : errno;
    sigprocmask(SIG_BLOCK, mask, NULL);
    sending = NULL;
    errno = was_signalled ? EINTR : why;
    return was_signalled ? -1 : r;
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

/* E. Mapped file --------------------------------------------------------------------------------- */

/* Zeros are a button that nobody has pressed, so a new file needs no initialisation that others
 * could see half done: making it longer is enough, and harmless if somebody else did it just now. */
int button_run(const char *file, long presses)
{
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat st;
    button_file *b;
    region_t r;
    int sound;

    if (fd < 0)
        return complain("button", file);
    if (fstat(fd, &st) < 0
        || (st.st_size == 0 && (ftruncate(fd, sizeof(*b)) < 0 || fstat(fd, &st) < 0))) {
        close(fd);
        return complain("button", file);
    }
    if (st.st_size != sizeof(*b)) {
        close(fd);
        errno = EPROTO;
        return complain("button", file);
    }
    if (map_and_close(fd, sizeof(*b), 1, &r) < 0)
        return complain("button", file);
    b = r.addr;
    sound = magic_get(&b->magic) == BUTTON_MAGIC || magic_get(&b->magic) == 0;
    if (sound) {
        magic_set(&b->magic, BUTTON_MAGIC);
        for (long i = 0; i < presses; i++)
            __atomic_fetch_add(&b->presses, 1, __ATOMIC_SEQ_CST);
    }
    region_detach(&r);
    errno = EPROTO;
    return sound ? EXIT_OK : complain("button", file);
}

int led_run(const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    const button_file *b;
    struct stat st;
    uint64_t presses;
    region_t r;
    int sound;

    if (fd < 0)
        return complain("led", file);
    if (fstat(fd, &st) < 0 || st.st_size != sizeof(*b)) {
        close(fd);
        errno = EPROTO;
        return complain("led", file);
    }
    if (map_and_close(fd, sizeof(*b), 0, &r) < 0)
        return complain("led", file);
    b = r.addr;
    sound = magic_get(&b->magic) == BUTTON_MAGIC;
    presses = __atomic_load_n(&b->presses, __ATOMIC_SEQ_CST);
    region_detach(&r);
    if (!sound) {
        errno = EPROTO;
        return complain("led", file);
    }
    printf("LED %s presses=%llu\n", presses % 2 ? "on" : "off", (unsigned long long)presses);
    return flushed("led");
}
