/* SPDX-License-Identifier: MIT */
#include "explain/sockets.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "explain/words.h"
#include "util/vec.h"

enum { STATE_CLOSED = 7, STATE_LISTEN = 10 /* of the kernel's socket tables */ };

const struct socket_info *sockets_find(const struct sockets *s, unsigned long long ino)
{
    for (size_t i = 0; ino && i < s->n; i++)
        if (s->v[i].ino == ino)
            return &s->v[i];
    return NULL;
}

static char *unix_name(const char *path, size_t n)
{
    char name[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1] = {0};

    if (n == 0)
        return xstrdup("");
    (void)memcpy(name, path, n < sizeof(name) ? n : sizeof(name) - 1);
    if (!name[0]) { /* abstract: all of its bytes count */
        name[0] = '@';
        return words_clean(name, n < sizeof(name) ? n : sizeof(name) - 1, 60);
    }
    return words_clean(name, strlen(name), 60);
}

char *sockets_name(const void *address, size_t size)
{
    struct sockaddr_un un = {0};
    struct sockaddr_in in = {0};
    const size_t begin = offsetof(struct sockaddr_un, sun_path);

    if (size < sizeof(sa_family_t))
        return xstrdup("");
    (void)memcpy(&un, address, size < sizeof(un) ? size : sizeof(un));
    if (un.sun_family == AF_UNIX && size > begin)
        return unix_name(un.sun_path, size < sizeof(un) ? size - begin : sizeof(un.sun_path));
    (void)memcpy(&in, address, size < sizeof(in) ? size : sizeof(in));
    if (in.sin_family == AF_INET || in.sin_family == AF_INET6)
        return xformat("%u", ntohs(in.sin_port));
    return xstrdup("");
}

const struct socket_info *sockets_at(const struct sockets *s, const void *address, size_t size)
{
    char *name = sockets_name(address, size);
    const struct socket_info *found = NULL;

    for (size_t i = 0; *name && !found && i < s->n; i++)
        if (s->v[i].listening && strcmp(s->v[i].name, name) == 0)
            found = &s->v[i];
    free(name);
    return found;
}

/* Those that have connected and wait to be accepted: their own entries may come before or after. */
struct waiting {
    unsigned long long ino, listener;
};
struct queues {
    struct waiting *v;
    size_t n;
};

static void add_unix(struct sockets *all, struct queues *queues, const struct unix_diag_msg *m, size_t size)
{
    struct socket_info *s = VEC_ADD(&all->v, &all->n);
    size_t left = size > NLMSG_ALIGN(sizeof(*m)) ? size - NLMSG_ALIGN(sizeof(*m)) : 0;

    s->ino = m->udiag_ino;
    s->listening = m->udiag_state == STATE_LISTEN;
    s->datagram = m->udiag_type == SOCK_DGRAM;
    for (const struct rtattr *a = (const struct rtattr *)(m + 1); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        const char *data = RTA_DATA(a);
        size_t n = RTA_PAYLOAD(a);
        uint32_t ino;

        if (a->rta_type == UNIX_DIAG_NAME && !s->name) {
            s->name = unix_name(data, n);
        } else if (a->rta_type == UNIX_DIAG_PEER && n == sizeof(ino)) {
            (void)memcpy(&ino, data, sizeof(ino));
            s->peer = ino;
            s->connected = true;
        } else if (a->rta_type == UNIX_DIAG_ICONS) {
            for (size_t i = 0; i + sizeof(ino) <= n; i += sizeof(ino)) {
                (void)memcpy(&ino, data + i, sizeof(ino));
                *VEC_ADD(&queues->v, &queues->n) = (struct waiting){ino, s->ino};
            }
        }
    }
    if (!s->name)
        s->name = xstrdup("");
}

static void read_unix(struct sockets *all)
{
    struct {
        struct nlmsghdr head;
        struct unix_diag_req body;
    } ask = {
        .head = {.nlmsg_len = sizeof(ask), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = AF_UNIX, .udiag_states = ~0U,
                 .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS},
    };
    union {
        struct nlmsghdr align;
        char bytes[32 * 1024];
    } answer;
    struct queues queues = {0};
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    bool more = fd >= 0 && send(fd, &ask, sizeof(ask), 0) == (ssize_t)sizeof(ask);

    while (more) {
        ssize_t got = recv(fd, answer.bytes, sizeof(answer.bytes), 0);
        size_t n = got > 0 ? (size_t)got : 0;

        more = n > 0;
        for (const struct nlmsghdr *h = &answer.align; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
            if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY)
                add_unix(all, &queues, NLMSG_DATA(h), h->nlmsg_len - NLMSG_HDRLEN);
            else
                more = false; /* done, or an error */
        }
    }
    if (fd >= 0)
        (void)close(fd);
    for (size_t q = 0; q < queues.n; q++)
        for (size_t i = 0; i < all->n; i++)
            if (queues.v[q].ino && all->v[i].ino == queues.v[q].ino)
                all->v[i].listener = queues.v[q].listener;
    free(queues.v);
}

static void read_tcp(struct sockets *all, const char *table)
{
    FILE *f = fopen(table, "re");
    char line[512];

    while (f && fgets(line, sizeof(line), f)) {
        unsigned local, remote, state;
        unsigned long long ino;
        struct socket_info *s;

        if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%x %x %*x:%*x %*x:%*x %*x %*d %*d %llu",
                   &local, &remote, &state, &ino) != 4
            || !ino)
            continue;
        s = VEC_ADD(&all->v, &all->n);
        s->ino = ino;
        s->tcp = true;
        s->local = local;
        s->remote = remote;
        s->listening = state == STATE_LISTEN;
        s->connected = !s->listening && state != STATE_CLOSED;
        s->name = xformat("%u", local);
    }
    if (f)
        (void)fclose(f);
}

static void match_tcp(struct sockets *all)
{
    for (size_t i = 0; i < all->n; i++) {
        struct socket_info *a = &all->v[i];

        if (!a->tcp || !a->connected)
            continue;
        for (size_t k = 0; k < all->n; k++) {
            const struct socket_info *b = &all->v[k];

            if (b->tcp && b->connected && a->local == b->remote && a->remote == b->local)
                a->peer = b->ino;
            else if (b->tcp && b->listening && b->local == a->remote)
                a->listener = b->ino;
        }
        if (a->peer)
            a->listener = 0;
    }
}

void sockets_read(struct sockets *s)
{
    read_unix(s);
    read_tcp(s, "/proc/net/tcp");
    read_tcp(s, "/proc/net/tcp6");
    match_tcp(s);
}

void sockets_release(struct sockets *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->v[i].name);
    free(s->v);
    *s = (struct sockets){0};
}
