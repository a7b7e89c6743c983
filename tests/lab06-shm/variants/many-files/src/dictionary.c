/* SPDX-License-Identifier: MIT */
/* C. The dictionary. */
#include "parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
