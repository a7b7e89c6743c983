/* SPDX-License-Identifier: MIT */
/* A. Regions and shmnote. */
#include "parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The whole mapping, and no descriptor any more. */
int map_and_close(int fd, size_t size, int writable, region_t *r)
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
