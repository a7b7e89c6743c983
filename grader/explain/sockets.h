/* SPDX-License-Identifier: MIT */
/* sockets: the kernel's tables of Unix and TCP sockets, read once: whose peer is whose. */
#ifndef GRADER_EXPLAIN_SOCKETS_H
#define GRADER_EXPLAIN_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

struct socket_info {
    unsigned long long ino, peer; /* inodes; peer 0: none, or nobody has accepted it yet */
    unsigned long long listener;  /* whose queue it waits in to be accepted; 0: none's */
    bool tcp, listening, datagram, connected;
    char *name;                   /* its address, one line; "" */
    unsigned local, remote;       /* TCP ports */
};

struct sockets {
    struct socket_info *v;
    size_t n;
};

void sockets_read(struct sockets *s);
void sockets_release(struct sockets *s);
const struct socket_info *sockets_find(const struct sockets *s, unsigned long long ino); /* NULL */
/* The listening socket at the address that somebody tries to connect to (a struct sockaddr). NULL. */
const struct socket_info *sockets_at(const struct sockets *s, const void *address, size_t size);
/* An address as socket_info has it, "" if it is of another family. The caller frees it. */
char *sockets_name(const void *address, size_t size);

#endif
