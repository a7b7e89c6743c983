/* SPDX-License-Identifier: MIT */
/* ids: which users of the host the users of a box are. Each box gets 256 of its own, because the
 * kernel charges queue bytes, pipe pages and processes to users of the host: two boxes that shared
 * them would starve each other. */
#ifndef BOX_IDS_H
#define BOX_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

enum { IDS_PER_BOX = 256 };

/* privileged: ids 0-255 of the box are first_uid ... +255 of the host, and we are root to say so.
 * Otherwise id 0 of the box is ourselves, and 1-255 are first_uid ... +254, subordinate ids; single:
 * there are none but 0. */
struct ids {
    bool privileged, single;
    unsigned slot;
    uid_t own_uid, first_uid;
    gid_t own_gid, first_gid;
    int lock_fd; /* as long as it is open nobody else takes this slot */
};

/* A slot that is free; those of 'first' are tried before others. */
int ids_take(struct ids *ids, bool single, const unsigned *first, size_t n_first, struct err *err);
void ids_release(struct ids *ids); /* zero-initialised with lock_fd -1 is fine */

/* In the child, before it makes its user namespace: become the user that owns the box, so that
 * what the namespace uses is charged to it. Async-signal-safe; -1 with errno. */
int ids_become(const struct ids *ids);

/* In the parent, once the child has its namespace. */
int ids_map(const struct ids *ids, pid_t child, struct err *err);

#endif
