/* SPDX-License-Identifier: MIT */
/* lab06 - shared memory: your library. What each function must do is told in include/lab06.h and in
 * the handout. Replace the stubs one after the other: parts A, B, C, D, E. */
#include "lab06.h"

#include <errno.h>

/* What every stub returns. Remove it with the last of them. */
static int not_implemented(void)
{
    errno = ENOSYS;
    return -1;
}

/* A. Regions ------------------------------------------------------------------------------------ */

int region_create(const char *name, size_t size, region_t *r)
{
    (void)name;
    (void)size;
    (void)r;
    return not_implemented();
}

int region_attach(const char *name, int writable, region_t *r)
{
    (void)name;
    (void)writable;
    (void)r;
    return not_implemented();
}

int region_detach(region_t *r)
{
    (void)r;
    return not_implemented();
}

int region_destroy(const char *name)
{
    (void)name;
    return not_implemented();
}

int shmnote_put(const char *name, char *const texts[])
{
    (void)name;
    (void)texts;
    return not_implemented();
}

int shmnote_get(const char *name)
{
    (void)name;
    return not_implemented();
}

int shmnote_rm(const char *name)
{
    (void)name;
    return not_implemented();
}

/* B. Bounded buffer ----------------------------------------------------------------------------- */

int ring_create(const char *name, uint32_t capacity, uint32_t slot_size, ring_t *out)
{
    (void)name;
    (void)capacity;
    (void)slot_size;
    (void)out;
    return not_implemented();
}

int ring_attach(const char *name, ring_t *out)
{
    (void)name;
    (void)out;
    return not_implemented();
}

int ring_put(ring_t *r, const void *item, uint32_t len, int timeout_ms)
{
    (void)r;
    (void)item;
    (void)len;
    (void)timeout_ms;
    return not_implemented();
}

int ring_get(ring_t *r, void *item, uint32_t cap, int timeout_ms)
{
    (void)r;
    (void)item;
    (void)cap;
    (void)timeout_ms;
    return not_implemented();
}

int ring_close(ring_t *r)
{
    (void)r;
    return not_implemented();
}

int ringctl_create(const char *name, uint32_t capacity, uint32_t slot_size)
{
    (void)name;
    (void)capacity;
    (void)slot_size;
    return not_implemented();
}

int ringctl_stat(const char *name)
{
    (void)name;
    return not_implemented();
}

int ringctl_close(const char *name)
{
    (void)name;
    return not_implemented();
}

int ringctl_rm(const char *name)
{
    (void)name;
    return not_implemented();
}

int producer_run(const char *name, const char *id, long count)
{
    (void)name;
    (void)id;
    (void)count;
    return not_implemented();
}

int consumer_run(const char *name)
{
    (void)name;
    return not_implemented();
}

/* C. Dictionary --------------------------------------------------------------------------------- */

int kv_init(void *base, size_t size)
{
    (void)base;
    (void)size;
    return not_implemented();
}

int kv_put(void *base, const char *key, const char *value)
{
    (void)base;
    (void)key;
    (void)value;
    return not_implemented();
}

ssize_t kv_get(const void *base, const char *key, char *out, size_t cap)
{
    (void)base;
    (void)key;
    (void)out;
    (void)cap;
    return not_implemented();
}

int kv_del(void *base, const char *key)
{
    (void)base;
    (void)key;
    return not_implemented();
}

int kv_each(const void *base, void (*cb)(const char *k, const char *v, void *arg), void *arg)
{
    (void)base;
    (void)cb;
    (void)arg;
    return not_implemented();
}

int shmkv_create(const char *name, size_t size)
{
    (void)name;
    (void)size;
    return not_implemented();
}

int shmkv_put(const char *name, const char *key, const char *value)
{
    (void)name;
    (void)key;
    (void)value;
    return not_implemented();
}

int shmkv_get(const char *name, const char *key)
{
    (void)name;
    (void)key;
    return not_implemented();
}

int shmkv_del(const char *name, const char *key)
{
    (void)name;
    (void)key;
    return not_implemented();
}

int shmkv_list(const char *name)
{
    (void)name;
    return not_implemented();
}

int shmkv_rm(const char *name)
{
    (void)name;
    return not_implemented();
}

/* D. System V ----------------------------------------------------------------------------------- */

int sv_create(key_t key, size_t size)
{
    (void)key;
    (void)size;
    return not_implemented();
}

void *sv_attach(int id, int readonly)
{
    (void)id;
    (void)readonly;
    errno = ENOSYS;
    return NULL;
}

int sv_detach(const void *addr)
{
    (void)addr;
    return not_implemented();
}

int sv_remove(int id)
{
    (void)id;
    return not_implemented();
}

int svsend_run(key_t key, const char *text, int timeout_ms)
{
    (void)key;
    (void)text;
    (void)timeout_ms;
    return not_implemented();
}

int svrecv_run(key_t key)
{
    (void)key;
    return not_implemented();
}

/* E. Mapped file -------------------------------------------------------------------------------- */

int button_run(const char *file, long presses)
{
    (void)file;
    (void)presses;
    return not_implemented();
}

int led_run(const char *file)
{
    (void)file;
    return not_implemented();
}
