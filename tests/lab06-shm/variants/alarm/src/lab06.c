/* SPDX-License-Identifier: MIT */
/* lab06 - shared memory: the svsend waits with an alarm, notes are written, not mapped. */
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
#include <sys/time.h>
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
    void *p;

    if (size == 0) {
        errno = EINVAL;
        return -1;
    }
    fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return -1;
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0); /* nobody touches it yet */
    if (p != MAP_FAILED && ftruncate(fd, (off_t)size) == 0) {
        close(fd);
        r->addr = p;
        r->size = size;
        return 0;
    }
    why = errno;
    if (p != MAP_FAILED)
        munmap(p, size);
    close(fd);
    shm_unlink(name);
    errno = why;
    return -1;
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
    static const uint32_t magic = NOTE_MAGIC;
    static note_t note; /* magic 0 */
    size_t len = 0, n;
    int fd, code;

    for (size_t i = 0; texts[i]; i++)
        len += strlen(texts[i]) + (i > 0);
    if (len > NOTE_MAX) {
        errno = EMSGSIZE;
        return complain("shmnote", name);
    }
    for (size_t i = 0; texts[i]; i++) {
        if (i > 0)
            note.text[note.len++] = ' ';
        n = strlen(texts[i]);
        memcpy(note.text + note.len, texts[i], n);
        note.len += (uint32_t)n;
    }
    fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return complain("shmnote", name);
    if (pwrite(fd, &note, sizeof(note), 0) == (ssize_t)sizeof(note)
        && pwrite(fd, &magic, sizeof(magic), 0) == (ssize_t)sizeof(magic)) {
        close(fd);
        return EXIT_OK;
    }
    code = complain("shmnote", name);
    close(fd);
    shm_unlink(name);
    return code;
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
    if (region_create(name, 1000 + capacity * RING_STRIDE(slot_size), &out->r) < 0)
        return -1;
    h = out->h = out->r.addr;
    h->capacity = capacity;
    h->slot_size = slot_size;
    h->slots_off = 1000;
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
    if (__atomic_load_n(&h->closed, __ATOMIC_SEQ_CST)) {
        errno = EPIPE;
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
    sem_post(&h->full);
    sem_post(&h->mutex);
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
    sem_post(&h->empty);
    sem_post(&h->mutex);
    return (int)len;
}

int ring_close(ring_t *r)
{
    sem_take(&r->h->mutex, -1);
    r->h->closed = 1;
    sem_post(&r->h->empty); /* one is woken each, who wakes the next */
    sem_post(&r->h->full);
    sem_post(&r->h->mutex);
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

/* Behind the head lie the entries, one after the other without gaps: what is deleted is closed up.
 * The only link is 'used', a distance from the base; where an entry ends the next one begins. */
struct kv_head {
    uint32_t size; /* bytes of the whole dictionary */
    uint32_t used; /* bytes in use, from the base */
};

struct kv_entry { /* then the key with its NUL and the value with its NUL */
    uint16_t key_size, value_size; /* NULs included */
};

static size_t kv_entry_size(size_t key_size, size_t value_size)
{
    return (sizeof(struct kv_entry) + key_size + value_size + 3) / 4 * 4;
}

static struct kv_entry *kv_at(const void *base, uint32_t offset)
{
    return (struct kv_entry *)((char *)(uintptr_t)base + offset);
}

static uint32_t kv_after(const struct kv_entry *e, uint32_t offset)
{
    return offset + (uint32_t)kv_entry_size(e->key_size, e->value_size);
}

static char *kv_key(const struct kv_entry *e)
{
    return (char *)(uintptr_t)(e + 1);
}

static char *kv_value(const struct kv_entry *e)
{
    return kv_key(e) + e->key_size;
}

/* The offset of the entry; 0: there is none. */
static uint32_t kv_find(const void *base, const char *key)
{
    const struct kv_head *h = base;
    uint32_t at = sizeof(*h);

    while (at < h->used) {
        const struct kv_entry *e = kv_at(base, at);

        if (strcmp(kv_key(e), key) == 0)
            return at;
        at = kv_after(e, at);
    }
    return 0;
}

int kv_init(void *base, size_t size)
{
    struct kv_head *h = base;

    if (size < sizeof(*h) || size > UINT32_MAX) {
        errno = EINVAL;
        return -1;
    }
    h->size = (uint32_t)size;
    h->used = sizeof(*h);
    return 0;
}

static void kv_remove(void *base, uint32_t at)
{
    struct kv_head *h = base;
    uint32_t after = kv_after(kv_at(base, at), at);

    memmove((char *)base + at, (char *)base + after, h->used - after);
    h->used -= after - at;
}

int kv_put(void *base, const char *key, const char *value)
{
    struct kv_head *h = base;
    size_t key_size = strlen(key) + 1, value_size = strlen(value) + 1;
    size_t need = kv_entry_size(key_size, value_size), old = 0;
    uint32_t at = kv_find(base, key);
    struct kv_entry *e;

    if (at)
        old = kv_after(kv_at(base, at), at) - at;
    if (key_size > UINT16_MAX || value_size > UINT16_MAX || need > h->size - h->used + old) {
        errno = ENOSPC;
        return -1;
    }
    if (at)
        kv_remove(base, at);
    e = kv_at(base, h->used);
    e->key_size = (uint16_t)key_size;
    e->value_size = (uint16_t)value_size;
    memcpy(kv_key(e), key, key_size);
    memcpy(kv_value(e), value, value_size);
    h->used += (uint32_t)need;
    return 0;
}

ssize_t kv_get(const void *base, const char *key, char *out, size_t cap)
{
    uint32_t at = kv_find(base, key);
    const struct kv_entry *e;
    size_t len, n;

    if (!at) {
        errno = ENOENT;
        return -1;
    }
    e = kv_at(base, at);
    len = e->value_size - 1U;
    if (cap > 0) {
        n = len < cap ? len : cap - 1;
        memcpy(out, kv_value(e), n);
        out[n] = '\0';
    }
    return (ssize_t)len;
}

int kv_del(void *base, const char *key)
{
    uint32_t at = kv_find(base, key);

    if (!at) {
        errno = ENOENT;
        return -1;
    }
    kv_remove(base, at);
    return 0;
}

int kv_each(const void *base, void (*cb)(const char *k, const char *v, void *arg), void *arg)
{
    const struct kv_head *h = base;
    uint32_t at = sizeof(*h);
    int count = 0;

    while (at < h->used) {
        const struct kv_entry *e = kv_at(base, at);

        cb(kv_key(e), kv_value(e), arg);
        at = kv_after(e, at);
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
    kv_init(&s->kv, shmkv_room(&r));
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
static volatile sig_atomic_t was_signalled, is_late;

/* sem_post is allowed in a handler, and, other than a flag alone, cannot come too early. */
static void on_end_signal(int sig)
{
    if (sig == SIGALRM)
        is_late = 1;
    else
        was_signalled = 1;
    sem_post(&sending->confirmed);
}

/* Publishes and waits. The two signals are blocked here but while handlers stand and 'sending' is
 * there, so that no way out leaves the segment behind. */
static int send_text(struct sv_segment *s, const char *text, int timeout_ms, const sigset_t *mask)
{
    struct sigaction act = {.sa_handler = on_end_signal};
    struct itimerval after = {{0, 0}, {0, 0}};
    int r, why;

    s->len = (uint32_t)strlen(text);
    sem_init(&s->published, 1, 0);
    sem_init(&s->confirmed, 1, 0);
    sending = s;
    sigemptyset(&act.sa_mask);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGALRM, &act, NULL);
    sigprocmask(SIG_UNBLOCK, mask, NULL);
    magic_set(&s->magic, SV_MAGIC);
    memcpy(s->text, text, s->len);
    sem_post(&s->published);
    after.it_value.tv_sec = timeout_ms / 1000;
    after.it_value.tv_usec = timeout_ms > 0 ? timeout_ms % 1000 * 1000L : 1;
    setitimer(ITIMER_REAL, &after, NULL);
    sem_take(&s->confirmed, -1);
    sigprocmask(SIG_BLOCK, mask, NULL);
    r = is_late ? -1 : 0;
    why = ETIMEDOUT;
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
    sigaddset(&mask, SIGALRM);
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
