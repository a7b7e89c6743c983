/* SPDX-License-Identifier: MIT */
/* parts.h: what the files of this solution share. */
#ifndef PARTS_H
#define PARTS_H

#include "lab06.h"

int complain(const char *prog, const char *what);
int flushed(const char *prog);
void magic_set(uint32_t *magic, uint32_t value);
uint32_t magic_get(const uint32_t *magic);
int map_and_close(int fd, size_t size, int writable, region_t *r);
int sem_take(sem_t *sem, int timeout_ms);

#endif
