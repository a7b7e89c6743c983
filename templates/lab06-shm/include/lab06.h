/* SPDX-License-Identifier: MIT */
/* lab06 - shared memory: what your library offers, and what its objects look like. This header is
 * given: grading overwrites it with the course's own copy, so put declarations of your own into a
 * header of your own.
 *
 * Functions that fail return -1 (or NULL) and leave the reason in errno, unless they say otherwise.
 * The name of a shared memory object is used as it is given; it should begin with a slash. */
#ifndef LAB06_H
#define LAB06_H

#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Exit codes of every program. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_PEER = 3, EXIT_TIMEOUT = 4, EXIT_IN_USE = 5 };

/* A. Regions: POSIX shared memory objects, mapped whole ----------------------------------------- */

typedef struct {
    void *addr;
    size_t size;
} region_t;

/* A new object of 'size' bytes, all zero, mode 0600, mapped for reading and writing. It exists
 * already: EEXIST. Size 0: EINVAL. No descriptor stays open; after a failure no new name does. */
int region_create(const char *name, size_t size, region_t *r);

/* Maps an object that exists, whole; its size comes from the object. Read-only unless 'writable'.
 * It does not exist: ENOENT. It has no bytes: ENODATA. The object itself is never changed. */
int region_attach(const char *name, int writable, region_t *r);

/* Undoes the mapping, and fills *r with zeros. The object and its name stay. */
int region_detach(region_t *r);

/* Removes the name. Who has it mapped keeps it. It does not exist: ENOENT. */
int region_destroy(const char *name);

/* The object of shmnote. The text has 'len' bytes and no NUL at its end. */
#define NOTE_MAGIC UINT32_C(0x4e4f5445)
#define NOTE_MAX 4088

typedef struct {
    uint32_t magic; /* NOTE_MAGIC, written last */
    uint32_t len;   /* at most NOTE_MAX */
    char text[NOTE_MAX];
} note_t;

/* B. Bounded buffer ------------------------------------------------------------------------------ */

#define RING_MAGIC UINT32_C(0x52494e47)

/* At the beginning of the object; the tests look into it. Slot i of a free-running counter n is
 * i = n % capacity, at slots_off + i * RING_STRIDE(slot_size): a uint32_t with the length, then the
 * bytes. */
typedef struct {
    uint32_t magic, capacity, slot_size, closed;
    uint32_t head, tail;        /* free-running counters: items taken, items put */
    sem_t mutex, empty, full;   /* initial values 1, capacity, 0; process-shared */
    uint64_t slots_off;         /* of slot 0, from the beginning of the object */
} ring_hdr;

#define RING_STRIDE(slot_size) (((uint64_t)sizeof(uint32_t) + (slot_size) + 3) / 4 * 4)

typedef struct {
    region_t r; /* region_detach(&ring.r) when it is no longer needed */
    ring_hdr *h;
} ring_t;

/* A new ring for 'capacity' items of at most 'slot_size' bytes, both at least 1 (EINVAL). The magic
 * is written last. */
int ring_create(const char *name, uint32_t capacity, uint32_t slot_size, ring_t *out);

/* A ring that exists. Not a ring (magic, sizes): EPROTO, and it is not touched. */
int ring_attach(const char *name, ring_t *out);

/* timeout_ms: -1 waits for ever; 0 does not wait (EAGAIN); more: ETIMEDOUT after so many
 * milliseconds. A signal handler that returns changes nothing: the wait goes on to the same moment.
 *
 * ring_put: 0; -1: EPIPE (closed), EMSGSIZE (len larger than slot_size). ring_get: the length of the
 * item; -1: EPIPE (closed, and all items have been taken), EMSGSIZE (the item has more than 'cap'
 * bytes, and stays in the ring). */
int ring_put(ring_t *r, const void *item, uint32_t len, int timeout_ms);
int ring_get(ring_t *r, void *item, uint32_t cap, int timeout_ms);

/* No more puts; wakes everybody who sleeps in ring_put or ring_get. What is stored can still be
 * taken. Once more: no harm. */
int ring_close(ring_t *r);

/* C. Dictionary ---------------------------------------------------------------------------------- */
/* It lives in any memory of 'size' bytes: heap, shared memory, a file. base is aligned to 8 bytes.
 * Keys and values are C strings. No function locks anything: that is for the caller. The bytes can
 * be copied to another address, and the copy is the same dictionary. */

/* Too small to be anything: EINVAL. */
int kv_init(void *base, size_t size);

/* A new value for a key that is there, too. No room: ENOSPC, and nothing has changed. */
int kv_put(void *base, const char *key, const char *value);

/* The length of the value; at most cap - 1 bytes of it and a NUL go to out. -1: ENOENT. */
ssize_t kv_get(const void *base, const char *key, char *out, size_t cap);

int kv_del(void *base, const char *key); /* -1: ENOENT */

/* Calls cb for each entry, in any order; how many there are. */
int kv_each(const void *base, void (*cb)(const char *k, const char *v, void *arg), void *arg);

/* D. System V ------------------------------------------------------------------------------------ */

#define SV_TEXT_MAX 4000 /* bytes in the longest text of svsend */

int sv_create(key_t key, size_t size);    /* the id; IPC_EXCL, mode 0600 */
void *sv_attach(int id, int readonly);    /* NULL on error */
int sv_detach(const void *addr);
int sv_remove(int id);

/* E. Mapped file --------------------------------------------------------------------------------- */

#define BUTTON_MAGIC UINT32_C(0x42555454)

typedef struct { /* the whole file */
    uint32_t magic;
    uint32_t unused; /* 0 */
    uint64_t presses;
} button_file;

/* The programs ----------------------------------------------------------------------------------- */
/* What each main() calls once it has read its arguments. They return the exit code of the program;
 * -1 with ENOSYS means "not implemented". You may move this logic elsewhere: only what the programs
 * do is tested. */

int shmnote_put(const char *name, char *const texts[]); /* texts ends with NULL */
int shmnote_get(const char *name);
int shmnote_rm(const char *name);

int ringctl_create(const char *name, uint32_t capacity, uint32_t slot_size);
int ringctl_stat(const char *name);
int ringctl_close(const char *name);
int ringctl_rm(const char *name);
int producer_run(const char *name, const char *id, long count);
int consumer_run(const char *name);

int shmkv_create(const char *name, size_t size);
int shmkv_put(const char *name, const char *key, const char *value);
int shmkv_get(const char *name, const char *key);
int shmkv_del(const char *name, const char *key);
int shmkv_list(const char *name);
int shmkv_rm(const char *name);

int svsend_run(key_t key, const char *text, int timeout_ms);
int svrecv_run(key_t key);

int button_run(const char *file, long presses);
int led_run(const char *file);

#endif
