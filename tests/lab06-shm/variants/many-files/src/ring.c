/* SPDX-License-Identifier: MIT */
/* B. The bounded buffer. */
#include "parts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Takes the semaphore, or -1: EAGAIN, ETIMEDOUT. The deadline is one moment, however many signals
 * interrupt the wait. */
int sem_take(sem_t *sem, int timeout_ms)
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
