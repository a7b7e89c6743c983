/* SPDX-License-Identifier: MIT */
/* filter: the seccomp program of student processes. A deny-list: labs use much of the kernel on
 * purpose, and what is forbidden here is what no lab needs and what reaches beyond the namespaces.
 */
#ifndef BOX_FILTER_H
#define BOX_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>

struct err;

struct filter {
    struct sock_filter *insns;
    unsigned short len; /* instructions */
};

/* allow_memfd: memfd_create and memfd_secret give memory that no per-process limit counts, so they
 * are ENOSYS unless something else limits the memory of the box. */
int filter_build(bool allow_memfd, struct filter *filter, struct err *err);
void filter_release(struct filter *filter); /* zero-initialised is fine */

#endif
