/* SPDX-License-Identifier: MIT */
/* explain: who waits for whom, said before anything is killed.
 *
 * For each process of the test: the call it is blocked in (/proc/PID/syscall), the descriptors it
 * waits on (the arguments, read from its memory; an epoll's own list), what they are, and who holds
 * the other ends: all descriptors of all processes, the harness's included, are collected first and
 * matched by inode; for sockets the kernel's tables tell which inode is whose peer. One line per
 * process for people ("sort (pid 13) waits in read on descriptor 0, a pipe that ..."), and one
 * signature without numbers, the same in every run. */
#include "inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <mqueue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    PROCS_MAX = 100,
    FDS_MAX = 256,      /* looked at per process */
    WAITED_MAX = 64,    /* descriptors of one poll */
    HOLDERS_SHOWN = 4,
    STATE_CLOSED = 7, STATE_LISTEN = 10 /* of the kernel's socket tables */
};

/* Text that grows --------------------------------------------------------------------------------- */

static const char *joined(const char *list, const char *separator, const char *item)
{
    return list && *list ? text("%s%s%s", list, separator, item) : item;
}

/* The same, but not twice. */
static const char *joined_once(const char *list, const char *separator, const char *item)
{
    size_t size = strlen(item);

    for (const char *at = list; at && (at = strstr(at, item)); at += size) {
        bool begins = at == list || strncmp(at - strlen(separator), separator,
                                            strlen(separator)) == 0;

        if (begins && (!at[size] || strncmp(at + size, separator, strlen(separator)) == 0))
            return list;
    }
    return joined(list, separator, item);
}

/* Sockets ----------------------------------------------------------------------------------------- */

struct socket_info {
    struct socket_info *next;
    unsigned long long ino, peer; /* inodes; peer 0: none, or nobody has accepted it yet */
    bool tcp, listening, datagram, connected;
    const char *name;             /* its address */
    unsigned local, remote;       /* TCP ports */
};
static struct socket_info *sockets;

static struct socket_info *socket_by(unsigned long long ino)
{
    for (struct socket_info *s = sockets; s; s = s->next)
        if (ino && s->ino == ino)
            return s;
    return NULL;
}

static struct socket_info *add_socket(unsigned long long ino)
{
    struct socket_info *s = grab(sizeof(*s));

    s->ino = ino;
    s->name = "";
    s->next = sockets;
    sockets = s;
    return s;
}

static void add_unix(const struct unix_diag_msg *m, size_t size)
{
    struct socket_info *s = add_socket(m->udiag_ino);
    size_t left = size - NLMSG_ALIGN(sizeof(*m));

    s->listening = m->udiag_state == STATE_LISTEN;
    s->datagram = m->udiag_type == SOCK_DGRAM;
    for (const struct rtattr *a = (const struct rtattr *)(m + 1); RTA_OK(a, left);
         a = RTA_NEXT(a, left)) {
        const char *data = RTA_DATA(a);
        size_t n = RTA_PAYLOAD(a);

        if (a->rta_type == UNIX_DIAG_NAME && n) {
            char name[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1] = {0};

            (void)memcpy(name, data, n < sizeof(name) ? n : sizeof(name) - 1);
            if (!name[0])
                name[0] = '@';
            s->name = text(" %s", quoted(name, strlen(name), 60));
        } else if (a->rta_type == UNIX_DIAG_PEER && n == sizeof(uint32_t)) {
            uint32_t peer;

            (void)memcpy(&peer, data, sizeof(peer));
            s->peer = peer;
            s->connected = true;
        }
    }
}

static void read_unix(void)
{
    struct {
        struct nlmsghdr head;
        struct unix_diag_req body;
    } ask = {
        .head = {.nlmsg_len = sizeof(ask), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = AF_UNIX, .udiag_states = ~0U,
                 .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER},
    };
    union {
        struct nlmsghdr align;
        char bytes[32 * 1024];
    } answer;
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    bool more = fd >= 0 && send(fd, &ask, sizeof(ask), 0) == (ssize_t)sizeof(ask);

    while (more) {
        ssize_t got = recv(fd, answer.bytes, sizeof(answer.bytes), 0);
        size_t n = got > 0 ? (size_t)got : 0;

        more = n > 0;
        for (const struct nlmsghdr *h = &answer.align; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
            if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY)
                add_unix(NLMSG_DATA(h), h->nlmsg_len - NLMSG_HDRLEN);
            else
                more = false; /* done, or an error */
        }
    }
    if (fd >= 0)
        (void)close(fd);
}

static void read_tcp(const char *table)
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
        s = add_socket(ino);
        s->tcp = true;
        s->local = local;
        s->remote = remote;
        s->listening = state == STATE_LISTEN;
        s->connected = !s->listening && state != STATE_CLOSED;
        s->name = text(" of port %u", local);
    }
    if (f)
        (void)fclose(f);
    for (struct socket_info *a = sockets; a; a = a->next)
        for (struct socket_info *b = sockets; b; b = b->next)
            if (a->tcp && b->tcp && !a->listening && a->local == b->remote && a->remote == b->local)
                a->peer = b->ino;
}

/* Descriptors of everybody ------------------------------------------------------------------------ */

struct end {
    pid_t pid;
    int fd;
    const char *link; /* what /proc says it is */
    mode_t type;      /* S_IFMT part; 0: unknown */
    unsigned long long dev, ino;
    bool reads, writes;
};
static struct end *ends;
static size_t ends_count;

/* Files of the test's folder by the names that the programs know. */
static const char *in_folder(const char *path)
{
    size_t n = strlen(lab.folder);

    return strncmp(path, lab.folder, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

static void collect_fd(pid_t pid, int fd)
{
    char link[PATH_MAX], info[512], file[64];
    struct end e = {.pid = pid, .fd = fd};
    struct stat st;
    unsigned flags = O_RDWR;
    const char *at;

    (void)snprintf(file, sizeof(file), "fd/%d", fd);
    if (procfs_link(pid, file, link, sizeof(link)) < 0)
        return;
    e.link = copy_text(in_folder(link));
    if (procfs_stat(pid, file, &st)) {
        e.type = st.st_mode & S_IFMT;
        e.dev = st.st_dev;
        e.ino = st.st_ino;
    }
    (void)snprintf(file, sizeof(file), "fdinfo/%d", fd);
    if (procfs_read(pid, file, info, sizeof(info)) > 0 && (at = strstr(info, "flags:")))
        (void)sscanf(at + 6, "%o", &flags);
    e.reads = (flags & O_ACCMODE) != O_WRONLY;
    e.writes = (flags & O_ACCMODE) != O_RDONLY;
    ends = grow(ends, (ends_count + 1) * sizeof(*ends));
    ends[ends_count++] = e;
}

static void collect_fds(pid_t pid)
{
    int fds[FDS_MAX], n = procfs_fds(pid, fds, FDS_MAX);

    for (int i = 0; i < n && i < FDS_MAX; i++)
        collect_fd(pid, fds[i]);
}

static const struct end *end_of(pid_t pid, int fd)
{
    for (size_t i = 0; i < ends_count; i++)
        if (ends[i].pid == pid && ends[i].fd == fd)
            return &ends[i];
    return NULL;
}

/* People ------------------------------------------------------------------------------------------ */

static const struct pinfo *people;
static size_t people_count;

static const struct pinfo *info_of(pid_t pid)
{
    for (size_t i = 0; i < people_count; i++)
        if (people[i].pid == pid)
            return &people[i];
    return NULL;
}

/* Without numbers. A child of a program that is still the same program is called so. */
static const char *name_of(pid_t pid)
{
    const struct pinfo *info = info_of(pid);
    const struct proc *p = info ? proc_by_session(info->session) : NULL;

    if (pid == getpid())
        return "the test itself";
    if (!info)
        return "somebody";
    if (p && p->pid == pid)
        return p->name;
    if (p && (strncmp(info->comm, p->name, sizeof(info->comm) - 1) == 0
              || strncmp(info->comm, "memcheck-", 9) == 0))
        return text("a child of %s", p->name);
    return copy_text(info->comm);
}

static const char *numbered(pid_t pid)
{
    return pid == getpid() ? name_of(pid) : text("%s (pid %d)", name_of(pid), (int)pid);
}

/* What a descriptor is, and who is at its other end ------------------------------------------------ */

struct said {
    const char *people; /* "a pipe whose write end is held by ..." */
    const char *sign;   /* "pipe from sort" */
};

struct holders {
    const char *people, *sign;
    pid_t last;
    int count;
};

static void add_holder(struct holders *h, const struct end *e, pid_t asking)
{
    bool again = h->last == e->pid; /* one process's descriptors come one after the other */

    h->last = e->pid;
    if (again && e->pid != getpid() && h->count <= HOLDERS_SHOWN)
        h->people = text("%s and %d", h->people, e->fd);
    else if (!again && h->count++ < HOLDERS_SHOWN)
        h->people = joined(h->people, ", ",
                           e->pid == getpid()
                               ? name_of(e->pid) /* its numbers mean nothing to a student */
                               : text("%s, descriptor %d",
                                      e->pid == asking ? "itself" : numbered(e->pid), e->fd));
    h->sign = joined_once(h->sign, "+", e->pid == asking ? "itself" : name_of(e->pid));
}

static struct said say_pipe(const struct end *e, bool reading)
{
    struct holders h = {0};
    const char *what, *other = reading ? "write" : "read";
    bool named;

    for (size_t i = 0; i < ends_count; i++) {
        const struct end *o = &ends[i];

        if (o->type == S_IFIFO && o->dev == e->dev && o->ino == e->ino
            && (reading ? o->writes : o->reads) && !(o->pid == e->pid && o->fd == e->fd))
            add_holder(&h, o, e->pid);
    }
    named = strncmp(e->link, "pipe:", 5) != 0;
    what = named ? text("the FIFO %s", quoted(e->link, strlen(e->link), 80)) : "a pipe";
    if (!h.count)
        return (struct said){text("%s whose %s end nobody holds", what, other),
                             named ? "FIFO without other end" : "pipe without other end"};
    return (struct said){
        text("%s whose %s end is held by %s", what, other, h.people),
        text("%s %s %s", named ? "FIFO" : "pipe", reading ? "from" : "to", h.sign)};
}

static struct said say_socket(const struct end *e)
{
    const struct socket_info *s = socket_by(e->ino);
    struct holders h = {0};
    const char *family;

    if (!s)
        return (struct said){"a socket", "socket"};
    family = s->tcp ? "TCP" : "Unix";
    if (s->listening)
        return (struct said){text("a listening %s socket%s", family, s->name),
                             text("listening %s socket", family)};
    for (size_t i = 0; s->peer && i < ends_count; i++)
        if (ends[i].type == S_IFSOCK && ends[i].ino == s->peer)
            add_holder(&h, &ends[i], e->pid);
    if (s->datagram && !s->connected)
        return (struct said){text("a Unix datagram socket%s", s->name), "datagram socket"};
    if (!s->connected && !s->peer)
        return (struct said){text("a %s socket that is not connected any more", family),
                             text("%s socket without other end", family)};
    if (!h.count)
        return (struct said){text("a %s socket whose other end nobody holds%s", family,
                                  s->peer ? "" : " (not accepted yet)"),
                             text("%s socket without other end", family)};
    return (struct said){text("a %s socket whose other end is held by %s", family, h.people),
                         text("%s socket to %s", family, h.sign)};
}

static struct said say_queue(const struct end *e)
{
    mqd_t q = mq_open(e->link, O_RDONLY | O_NONBLOCK);
    const char *name = quoted(e->link, strlen(e->link), 80), *fill = "";
    struct holders h = {0};
    struct mq_attr attr;
    struct stat st;

    for (size_t i = 0; i < ends_count; i++)
        if (ends[i].dev == e->dev && ends[i].ino == e->ino && ends[i].pid != e->pid)
            add_holder(&h, &ends[i], e->pid);
    /* Under this name there may be another queue by now, or none. */
    if (q >= 0 && fstat(q, &st) == 0 && st.st_ino == e->ino && mq_getattr(q, &attr) == 0)
        fill = text(" with %ld of %ld messages", attr.mq_curmsgs, attr.mq_maxmsg);
    else
        fill = " (its name is gone)";
    if (q >= 0)
        (void)mq_close(q);
    return (struct said){
        text("the message queue %s%s, which %s", name, fill,
             h.count ? text("is open in %s, too", h.people) : "nobody else has open"),
        h.count ? text("queue shared with %s", h.sign) : "queue"};
}

static struct said say_fd(pid_t pid, int fd, bool reading)
{
    const struct end *e = end_of(pid, fd);

    if (!e)
        return (struct said){"which is not open", "closed descriptor"};
    if (e->type == S_IFIFO)
        return say_pipe(e, reading);
    if (e->type == S_IFSOCK)
        return say_socket(e);
    if (strncmp(e->link, "anon_inode:", 11) == 0)
        return (struct said){text("%s", e->link + 11), e->link + 11};
    if (e->type == S_IFCHR)
        return (struct said){text("the device %s", e->link), "device"};
    if (e->type == S_IFREG && queue_device(e->dev))
        return say_queue(e);
    return (struct said){text("the file %s", quoted(e->link, strlen(e->link), 80)), "file"};
}

/* What a blocked call waits for --------------------------------------------------------------------- */

struct waited {
    int fd[WAITED_MAX];
    bool writing[WAITED_MAX];
    size_t count;
};

static void add_waited(struct waited *w, int fd, bool writing)
{
    if (fd >= 0 && w->count < WAITED_MAX) {
        w->fd[w->count] = fd;
        w->writing[w->count++] = writing;
    }
}

static void poll_list(pid_t pid, const struct psyscall *call, struct waited *w)
{
    struct pollfd set[WAITED_MAX];
    size_t n = call->arg[1] < WAITED_MAX ? (size_t)call->arg[1] : WAITED_MAX;

    if (n && procfs_memory(pid, call->arg[0], set, n * sizeof(set[0])))
        for (size_t i = 0; i < n; i++)
            add_waited(w, set[i].fd, !(set[i].events & POLLIN) && (set[i].events & POLLOUT));
}

static void select_list(pid_t pid, const struct psyscall *call, struct waited *w)
{
    for (int writing = 0; writing < 2; writing++) {
        unsigned char bits[1024 / 8] = {0};
        size_t n = ((size_t)call->arg[0] + 7) / 8;

        if (!call->arg[1 + writing] || n > sizeof(bits)
            || !procfs_memory(pid, call->arg[1 + writing], bits, n))
            continue;
        for (int fd = 0; fd < (int)call->arg[0]; fd++)
            if (bits[fd / 8] >> fd % 8 & 1)
                add_waited(w, fd, writing);
    }
}

static void epoll_list(pid_t pid, int epoll_fd, struct waited *w)
{
    char info[8192], file[64];
    const char *at = info;

    (void)snprintf(file, sizeof(file), "fdinfo/%d", epoll_fd);
    if (procfs_read(pid, file, info, sizeof(info)) <= 0)
        return;
    while ((at = strstr(at, "tfd:"))) {
        int fd;
        unsigned events;

        if (sscanf(at, "tfd: %d events: %x", &fd, &events) == 2)
            add_waited(w, fd, !(events & 1) && (events & 4));
        at += 4;
    }
}

static void waited_by(pid_t pid, const struct psyscall *call, struct waited *w)
{
    int family = call_family(call->nr);

    if (family & (CALL_READ | CALL_RECV | CALL_ACCEPT | CALL_LOCK | CALL_CONNECT))
        add_waited(w, (int)call->arg[0], false);
    else if (family & (CALL_WRITE | CALL_SEND))
        add_waited(w, (int)call->arg[0], true);
    else if (strstr(call_name(call->nr), "epoll"))
        epoll_list(pid, (int)call->arg[0], w);
    else if (strstr(call_name(call->nr), "select"))
        select_list(pid, call, w);
    else if (family & CALL_POLL)
        poll_list(pid, call, w);
    else if (call->nr == SYS_mq_timedsend || call->nr == SYS_mq_timedreceive)
        add_waited(w, (int)call->arg[0], call->nr == SYS_mq_timedsend);
}

static const char *opened_path(pid_t pid, const struct psyscall *call)
{
    unsigned long long address = call->arg[call->nr == SYS_openat ? 1 : 0];
    char path[64];
    size_t n = sizeof(path) - 1;

    /* The string may end just before memory that is not there. */
    while (n && !procfs_memory(pid, address, path, n))
        n /= 2;
    path[n] = '\0';
    return n ? quoted(path, strlen(path), 60) : "a file";
}

static const char *children_text(pid_t pid, const char **sign)
{
    const char *list = NULL;
    int count = 0;

    for (size_t i = 0; i < people_count; i++) {
        if (people[i].ppid != pid)
            continue;
        if (count++ < HOLDERS_SHOWN)
            list = joined(list, ", ", numbered(people[i].pid));
        *sign = joined_once(*sign, "+", name_of(people[i].pid));
    }
    return list;
}

/* The line of one process; *sign gets its part of the signature. */
static const char *explain_one(const struct pinfo *info, const char **sign)
{
    const char *who = numbered(info->pid), *name = name_of(info->pid), *call_text, *list = NULL,
               *signs = NULL;
    struct psyscall call;
    struct waited w = {0};

    if (info->state == 'Z') {
        *sign = text("%s: zombie", name);
        return text("%s has ended, and %s has not waited for it", who, numbered(info->ppid));
    }
    if (info->state == 'T' || info->state == 't') {
        *sign = text("%s: stopped", name);
        return text("%s is stopped by a signal", who);
    }
    if (info->state == 'R') {
        *sign = text("%s: running", name);
        return text("%s is running; it has used %.1f s of processor time", who,
                    (double)info->ticks / (double)sysconf(_SC_CLK_TCK));
    }
    if (!procfs_syscall(info->pid, &call) || call.nr < 0) {
        *sign = text("%s: asleep", name);
        return text("%s is asleep", who);
    }
    call_text = call_name(call.nr);
    if (call_family(call.nr) & CALL_WAIT) {
        const char *children = children_text(info->pid, &signs);

        *sign = text("%s: wait(%s)", name, signs ? signs : "");
        return text("%s waits for a child to end: %s", who, children ? children : "it has none");
    }
    if (call_family(call.nr) & CALL_OPEN) {
        *sign = text("%s: open", name);
        return text("%s waits in open of %s until somebody opens the other end", who,
                    opened_path(info->pid, &call));
    }
    waited_by(info->pid, &call, &w);
    for (size_t i = 0; i < w.count; i++) {
        struct said s = say_fd(info->pid, w.fd[i], !w.writing[i]);

        if (i < HOLDERS_SHOWN)
            list = joined(list, "; ", text("descriptor %d, %s", w.fd[i], s.people));
        else if (i == HOLDERS_SHOWN)
            list = joined(list, "; ", text("and %zu more", w.count - i));
        signs = joined_once(signs, ", ", s.sign);
    }
    *sign = text("%s: %s(%s)", name, call_text, signs ? signs : "");
    return list ? text("%s waits in %s on %s", who, call_text, list)
                : text("%s waits in %s", who, call_text);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *explain(char **signature)
{
    struct pinfo *list;
    size_t count = procfs_list(&list);
    const char **signs = grab((count + 1) * sizeof(*signs)), *all = NULL;
    json_t *lines = json_array();

    if (count > PROCS_MAX)
        count = PROCS_MAX;
    people = list;
    people_count = count;
    read_unix();
    read_tcp("/proc/net/tcp");
    read_tcp("/proc/net/tcp6");
    collect_fds(getpid());
    for (size_t i = 0; i < count; i++)
        collect_fds(list[i].pid);
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(lines, json_text(explain_one(&list[i], &signs[i])));
    qsort(signs, count, sizeof(*signs), compare_text);
    for (size_t i = 0; i < count; i++)
        all = joined_once(all, "; ", signs[i]);
    *signature = copy_text(all ? all : "no process is left");
    return lines;
}
