/* SPDX-License-Identifier: MIT */
/* Theory of operation. First everything is collected: the descriptors of all processes, the test's
 * included, and the kernel's tables of sockets. Then each process is asked for the call it is blocked
 * in (/proc/PID/syscall); the call's arguments, read from the process's memory, say on what. The other
 * end of a pipe, FIFO or queue is whoever has the same inode open, that of a socket is told by the
 * tables, that of a semaphore in shared memory is whoever maps the same object.
 *
 * Nothing is opened that could disturb: a pipe opened to count its bytes would have one reader more. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "explain/calls.h"
#include "explain/explain.h"
#include "explain/sockets.h"
#include "explain/words.h"
#include "util/cleanup.h"
#include "util/vec.h"

enum {
    FDS_MAX = 256,      /* looked at per process */
    WAITED_MAX = 64,    /* descriptors of one poll */
    ON_MAX = 16,        /* told of one process */
    HOLDERS_MAX = 6,
    NAME_MAX_SHOWN = 80,
    MAPS_MAX = 256 * 1024
};

struct end { /* a descriptor of somebody */
    pid_t pid;
    int fd;
    char *link;  /* what /proc says it is, one printable line */
    mode_t type; /* S_IFMT part; 0: unknown */
    unsigned long long dev, ino;
    bool reads, writes;
};

struct look {
    const struct explain_scene *scene;
    const struct explain_access *access;
    struct sockets sockets;
    struct end *ends;
    size_t ends_n;
};

struct blocked { /* the call of one process */
    pid_t pid;
    long nr;
    unsigned long long arg[6];
    enum call_family family;
};

static void set(json_t *o, const char *key, json_t *value)
{
    (void)json_object_set_new(o, key, value);
}

static json_t *text_json(const char *s, size_t n)
{
    CLEANUP(free_ptr) char *clean = words_clean(s, n, NAME_MAX_SHOWN);

    return json_string(clean);
}

/* Who ------------------------------------------------------------------------------------------- */

static const struct explain_person *person(const struct look *l, pid_t pid)
{
    for (size_t i = 0; i < l->scene->count; i++)
        if (l->scene->people[i].pid == pid)
            return &l->scene->people[i];
    return NULL;
}

static json_t *who(const struct look *l, pid_t pid, pid_t asking)
{
    const struct explain_person *p = person(l, pid);
    json_t *o = json_object();

    if (l->scene->self && pid == l->scene->self) {
        set(o, "judge", json_true());
        return o;
    }
    if (p)
        set(o, "process", text_json(p->name, strlen(p->name)));
    if (p && p->child)
        set(o, "child", json_true());
    set(o, "pid", json_integer(pid));
    if (pid == asking)
        set(o, "self", json_true());
    return o;
}

struct holders { /* a list of who, each once, with descriptors */
    json_t *list;
    pid_t last;
    size_t more;
};

static void add_holder(const struct look *l, struct holders *h, pid_t pid, int fd, pid_t asking)
{
    json_t *o;

    if (!h->list)
        h->list = json_array();
    if (h->last != pid) { /* one process's descriptors come one after the other */
        h->last = pid;
        if (json_array_size(h->list) >= HOLDERS_MAX) {
            h->more++;
            return;
        }
        (void)json_array_append_new(h->list, who(l, pid, asking));
    } else if (h->more) {
        return;
    }
    o = json_array_get(h->list, json_array_size(h->list) - 1);
    if (fd >= 0 && pid != l->scene->self) { /* its numbers mean nothing to a student */
        if (!json_object_get(o, "fds"))
            set(o, "fds", json_array());
        (void)json_array_append_new(json_object_get(o, "fds"), json_integer(fd));
    }
}

static void set_holders(json_t *o, struct holders *h)
{
    if (h->list)
        set(o, "holders", h->list);
    if (h->more)
        set(o, "holders_more", json_integer((json_int_t)h->more));
}

/* Descriptors of everybody ------------------------------------------------------------------------ */

static void collect_fd(struct look *l, pid_t pid, int fd)
{
    char link[PATH_MAX], info[512], file[64];
    struct end e = {.pid = pid, .fd = fd};
    struct stat st;
    unsigned flags = O_RDWR;
    const char *at, *folder = l->scene->folder;
    size_t n = folder ? strlen(folder) : 0;

    (void)snprintf(file, sizeof(file), "fd/%d", fd);
    if (l->access->link(pid, file, link, sizeof(link)) < 0)
        return;
    at = n && strncmp(link, folder, n) == 0 && link[n] == '/' ? link + n + 1 : link;
    e.link = words_clean(at, strlen(at), PATH_MAX);
    if (l->access->stat(pid, file, &st)) {
        e.type = st.st_mode & S_IFMT;
        e.dev = st.st_dev;
        e.ino = st.st_ino;
    }
    (void)snprintf(file, sizeof(file), "fdinfo/%d", fd);
    if (l->access->read(pid, file, info, sizeof(info)) > 0 && (at = strstr(info, "flags:")))
        (void)sscanf(at + 6, "%o", &flags);
    e.reads = (flags & O_ACCMODE) != O_WRONLY;
    e.writes = (flags & O_ACCMODE) != O_RDONLY;
    *VEC_ADD(&l->ends, &l->ends_n) = e;
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void collect_fds(struct look *l, pid_t pid)
{
    int fds[FDS_MAX], n = l->access->fds(pid, fds, FDS_MAX);

    if (n > FDS_MAX)
        n = FDS_MAX;
    if (n > 0)
        qsort(fds, (size_t)n, sizeof(*fds), by_number);
    for (int i = 0; i < n; i++)
        collect_fd(l, pid, fds[i]);
}

static const struct end *end_of(const struct look *l, pid_t pid, int fd)
{
    for (size_t i = 0; i < l->ends_n; i++)
        if (l->ends[i].pid == pid && l->ends[i].fd == fd)
            return &l->ends[i];
    return NULL;
}

static unsigned long long info_number(const struct look *l, pid_t pid, int fd, const char *key, int base)
{
    char info[1024], file[64];
    const char *at;

    (void)snprintf(file, sizeof(file), "fdinfo/%d", fd);
    if (l->access->read(pid, file, info, sizeof(info)) <= 0 || !(at = strstr(info, key)))
        return 0;
    return strtoull(at + strlen(key), NULL, base);
}

/* Signals ----------------------------------------------------------------------------------------- */

static json_t *signals(unsigned long long set_of)
{
    json_t *list = json_array();

    for (int sig = 1; sig <= 64; sig++) {
        const char *name = sig < 32 ? sigabbrev_np(sig) : NULL;
        char text[32];

        if (!(set_of >> (sig - 1) & 1))
            continue;
        if (name)
            (void)snprintf(text, sizeof(text), "SIG%s", name);
        else if (sig >= SIGRTMIN)
            (void)snprintf(text, sizeof(text), "SIGRTMIN+%d", sig - SIGRTMIN);
        else
            continue; /* the C library's own */
        (void)json_array_append_new(list, json_string(text));
    }
    return list;
}

static unsigned long long set_in(const char *status, const char *key)
{
    const char *at = strstr(status, key);

    return at ? strtoull(at + strlen(key), NULL, 16) : 0;
}

static void tell_signals(const struct look *l, json_t *o, pid_t pid, bool pausing, bool stopped)
{
    char status[8192];
    unsigned long long pending;

    if (l->access->read(pid, "status", status, sizeof(status)) <= 0)
        return;
    pending = set_in(status, "\nSigPnd:") | set_in(status, "\nShdPnd:");
    if (!stopped)
        pending &= set_in(status, "\nSigBlk:");
    if (pending)
        set(o, "pending", signals(pending));
    if (pausing)
        set(o, "handles", signals(set_in(status, "\nSigCgt:") & ~(3ULL << 31)));
}

/* What a descriptor is ---------------------------------------------------------------------------- */

static void tell_pipe(const struct look *l, json_t *o, const struct end *e, bool reading)
{
    struct holders h = {0};
    bool named = strncmp(e->link, "pipe:", 5) != 0;

    for (size_t i = 0; i < l->ends_n; i++) {
        const struct end *x = &l->ends[i];

        if (x->type == S_IFIFO && x->dev == e->dev && x->ino == e->ino && (reading ? x->writes : x->reads)
            && !(x->pid == e->pid && x->fd == e->fd))
            add_holder(l, &h, x->pid, x->fd, e->pid);
    }
    set(o, "is", json_string(named ? "fifo" : "pipe"));
    if (named)
        set(o, "name", text_json(e->link, strlen(e->link)));
    set(o, "end", json_string(reading ? "write" : "read"));
    set_holders(o, &h);
}

static void hold_inode(const struct look *l, struct holders *h, unsigned long long ino, pid_t asking)
{
    for (size_t i = 0; ino && i < l->ends_n; i++)
        if (l->ends[i].type == S_IFSOCK && l->ends[i].ino == ino)
            add_holder(l, h, l->ends[i].pid, l->ends[i].fd, asking);
}

static void tell_socket(const struct look *l, json_t *o, const struct end *e)
{
    const struct socket_info *s = sockets_find(&l->sockets, e->ino);
    struct holders h = {0};
    const char *role = "connected";

    set(o, "is", json_string("socket"));
    if (!s)
        return;
    set(o, "family", json_string(s->tcp ? "TCP" : "Unix"));
    if (*s->name)
        set(o, "name", json_string(s->name));
    if (s->listening) {
        role = "listening";
    } else if (s->datagram && !s->connected) {
        role = "datagram";
    } else if (s->listener) {
        role = "unaccepted";
        hold_inode(l, &h, s->listener, e->pid);
    } else if (!s->connected && !s->peer) {
        role = "unconnected";
    } else {
        hold_inode(l, &h, s->peer, e->pid);
    }
    set(o, "role", json_string(role));
    set_holders(o, &h);
}

static void tell_queue(const struct look *l, json_t *o, const struct end *e)
{
    mqd_t q = mq_open(e->link, O_RDONLY | O_NONBLOCK);
    struct holders h = {0};
    struct mq_attr attr;
    struct stat st;

    for (size_t i = 0; i < l->ends_n; i++)
        if (l->ends[i].dev == e->dev && l->ends[i].ino == e->ino && l->ends[i].pid != e->pid)
            add_holder(l, &h, l->ends[i].pid, l->ends[i].fd, e->pid);
    set(o, "is", json_string("queue"));
    set(o, "name", text_json(e->link, strlen(e->link)));
    /* Under this name there may be another queue by now, or none. */
    if (q >= 0 && fstat(q, &st) == 0 && st.st_ino == e->ino && mq_getattr(q, &attr) == 0) {
        set(o, "messages", json_integer(attr.mq_curmsgs));
        set(o, "room", json_integer(attr.mq_maxmsg));
    } else if (q < 0 && errno == ENOENT) {
        set(o, "unlinked", json_true());
    }
    if (q >= 0)
        (void)mq_close(q);
    set_holders(o, &h);
}

/* Who has a lock on this file, by the kernel's list. */
static void tell_lock(const struct look *l, json_t *o, const struct end *e)
{
    FILE *f = fopen("/proc/locks", "re");
    struct holders h = {0};
    char line[256];

    while (f && fgets(line, sizeof(line), f)) {
        unsigned major, minor;
        unsigned long long ino;
        int pid;

        if (sscanf(line, "%*d: %*s %*s %*s %d %x:%x:%llu", &pid, &major, &minor, &ino) == 4 && ino == e->ino
            && makedev(major, minor) == e->dev && pid > 0)
            add_holder(l, &h, pid, -1, e->pid);
    }
    if (f)
        (void)fclose(f);
    set_holders(o, &h);
}

static void tell_anonymous(const struct look *l, json_t *o, const struct end *e)
{
    static const char *const kinds[] = {"eventfd", "eventpoll", "signalfd", "timerfd", "pidfd", "inotify"};
    const char *link = e->link + strlen("anon_inode:");

    set(o, "is", json_string("other"));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strstr(link, kinds[i]))
            set(o, "is", json_string(kinds[i]));
    set(o, "name", text_json(link, strlen(link)));
    if (strstr(link, "eventfd"))
        set(o, "value", json_integer((json_int_t)info_number(l, e->pid, e->fd, "eventfd-count:", 16)));
    if (strstr(link, "signalfd"))
        set(o, "signals", signals(info_number(l, e->pid, e->fd, "sigmask:", 16)));
    if (strstr(link, "pidfd"))
        set(o, "of", who(l, (pid_t)info_number(l, e->pid, e->fd, "Pid:", 10), e->pid));
}

/* The device of POSIX queues, found by asking: a queue's descriptor names a file at the top. */
static bool is_queue(const struct look *l, const struct end *e)
{
    char file[64], info[256];

    if (e->type != S_IFREG || e->link[0] != '/' || strchr(e->link + 1, '/'))
        return false;
    (void)snprintf(file, sizeof(file), "fd/%d", e->fd);
    /* Reading the file of a queue in the mqueue file system gives "QSIZE:...": so does its fd. */
    return l->access->read(e->pid, file, info, sizeof(info)) > 0 && strncmp(info, "QSIZE:", 6) == 0;
}

static json_t *tell_fd(const struct look *l, const struct blocked *b, int fd, bool reading)
{
    const struct end *e = end_of(l, b->pid, fd);
    json_t *o = json_object();

    set(o, "fd", json_integer(fd));
    if (!e) {
        set(o, "is", json_string("closed"));
    } else if (e->type == S_IFIFO) {
        tell_pipe(l, o, e, reading);
    } else if (e->type == S_IFSOCK) {
        tell_socket(l, o, e);
    } else if (strncmp(e->link, "anon_inode:", 11) == 0) {
        tell_anonymous(l, o, e);
    } else if (e->type == S_IFCHR) {
        set(o, "is", json_string("device"));
        set(o, "name", text_json(e->link, strlen(e->link)));
    } else if (b->family == FAMILY_QUEUE || is_queue(l, e)) {
        tell_queue(l, o, e);
    } else {
        set(o, "is", json_string("file"));
        set(o, "name", text_json(e->link, strlen(e->link)));
        if (b->family == FAMILY_LOCK)
            tell_lock(l, o, e);
    }
    return o;
}

/* What waits on memory: semaphores and locks -------------------------------------------------------- */

struct mapping {
    unsigned long long begin, end, ino;
    unsigned major, minor;
    bool shared;
    char name[200];
    bool library; /* data of the C library: its file, or what lies just behind it */
};

/* One line of /proc/PID/maps. */
static bool mapping_of(const char *text, struct mapping *m)
{
    char access[8], line[300];

    (void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
    m->name[0] = '\0';
    if (sscanf(line, "%llx-%llx %7s %*x %x:%x %llu %199[^\n]", &m->begin, &m->end, access, &m->major, &m->minor,
               &m->ino, m->name) < 6)
        return false;
    m->shared = access[3] == 's';
    return true;
}

static bool mapping_at(const struct look *l, pid_t pid, unsigned long long address, struct mapping *m)
{
    CLEANUP(free_ptr) char *maps = xcalloc(MAPS_MAX, 1);
    unsigned long long library_end = 0;
    bool found = false;

    if (l->access->read(pid, "maps", maps, MAPS_MAX) <= 0)
        return false;
    for (const char *line = maps; line && *line && !found; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (!mapping_of(line, m))
            continue;
        m->library = strstr(m->name, "/libc.so") || (!m->name[0] && m->begin == library_end);
        if (m->library)
            library_end = m->end;
        found = address >= m->begin && address < m->end;
    }
    return found;
}

static bool maps_it(const struct look *l, pid_t pid, const struct mapping *same)
{
    CLEANUP(free_ptr) char *maps = xcalloc(MAPS_MAX, 1);
    struct mapping m;
    bool found = false;

    if (l->access->read(pid, "maps", maps, MAPS_MAX) <= 0)
        return false;
    for (const char *line = maps; line && *line && !found; line = strchr(line, '\n')) {
        line += *line == '\n';
        found = mapping_of(line, &m) && m.shared && m.ino == same->ino && m.major == same->major
                && m.minor == same->minor;
    }
    return found;
}

/* The name under which a mapped file of /dev/shm is there now: that in the list of mappings may be
 * the one it had while the C library made it. The caller frees it; NULL: none. */
static char *name_in_shm(const struct mapping *m)
{
    DIR *d = opendir("/dev/shm");
    char *name = NULL;
    struct stat st;

    for (const struct dirent *e; d && !name && (e = readdir(d));)
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == m->ino && S_ISREG(st.st_mode))
            name = xstrdup(e->d_name);
    if (d)
        (void)closedir(d);
    return name;
}

/* Where a semaphore or lock lies: named, in a shared object, or in memory that nobody else has. */
static void tell_place(const struct look *l, json_t *o, pid_t pid, unsigned long long address)
{
    static const char shm[] = "/dev/shm/";
    struct holders h = {0};
    struct mapping m;
    const char *place = "private";

    if (!mapping_at(l, pid, address, &m))
        return;
    if (m.shared) {
        CLEANUP(free_ptr) char *now = strncmp(m.name, shm, sizeof(shm) - 1) == 0 ? name_in_shm(&m) : NULL;
        const char *base = now ? now : strncmp(m.name, shm, sizeof(shm) - 1) == 0 ? m.name + sizeof(shm) - 1 : m.name;
        CLEANUP(free_ptr) char *named = xformat("/%s", strncmp(base, "sem.", 4) == 0 ? base + 4 : base);

        if (base != m.name && strncmp(base, "sem.", 4) == 0)
            place = "named";
        else if (base != m.name)
            place = "object";
        else if (strncmp(m.name, "/SYSV", 5) == 0)
            place = "segment";
        else if (strncmp(m.name, "/dev/zero", 9) == 0)
            place = "memory";
        else
            place = "file";
        if (base != m.name)
            set(o, "name", text_json(named, strlen(named)));
        else if (strcmp(place, "file") == 0)
            set(o, "name", text_json(m.name, strlen(m.name)));
        for (size_t i = 0; i < l->scene->count; i++)
            if (l->scene->people[i].pid != pid && maps_it(l, l->scene->people[i].pid, &m))
                add_holder(l, &h, l->scene->people[i].pid, -1, pid);
        if (l->scene->self && maps_it(l, l->scene->self, &m))
            add_holder(l, &h, l->scene->self, -1, pid);
        set(o, "key", json_integer((json_int_t)(m.ino * 4096 + (address - m.begin) % 4096)));
    } else {
        set(o, "key", json_integer((json_int_t)address));
        if (m.library)
            place = "library";
    }
    set(o, "place", json_string(place));
    set_holders(o, &h);
}

/* The C library's structures, by what it asks the kernel for. A semaphore is {value, waiters,
 * private}; a mutex {lock, count, owner}. */
static json_t *tell_futex(const struct look *l, const struct blocked *b)
{
    json_t *o = json_object();
    uint32_t word[3];
    const int op = (int)b->arg[1] & FUTEX_CMD_MASK;
    const bool private = (int)b->arg[1] & FUTEX_PRIVATE_FLAG, there = l->access->memory(b->pid, b->arg[0], word, sizeof(word));
    const struct explain_person *owner;

    set(o, "is", json_string("futex"));
    if (there && op == FUTEX_WAIT_BITSET && (uint32_t)b->arg[2] == 0 && word[1] >= 1 && word[1] < 65536
        && word[2] == (private ? 0 : FUTEX_PRIVATE_FLAG)) {
        set(o, "is", json_string("semaphore"));
        set(o, "value", json_integer(word[0]));
        if (private)
            set(o, "unshared", json_true());
    } else if (there && op == FUTEX_WAIT && (uint32_t)b->arg[2] == 2) {
        set(o, "is", json_string("lock"));
        owner = person(l, (pid_t)word[2]);
        if (owner)
            set(o, "owner", who(l, owner->pid, b->pid));
    }
    tell_place(l, o, b->pid, b->arg[0]);
    return o;
}

/* System V ------------------------------------------------------------------------------------------ */

static long key_of(const char *table, int id)
{
    char path[64], line[512];
    long key = -1;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/sysvipc/%s", table);
    f = fopen(path, "re");
    while (f && key == -1 && fgets(line, sizeof(line), f)) {
        long k, i;

        if (sscanf(line, "%ld %ld", &k, &i) == 2 && i == id)
            key = k;
    }
    if (f)
        (void)fclose(f);
    return key;
}

/* The kernel asks for the effective user here: the judge becomes the objects' user for a moment. */
static bool as_owner(const struct look *l, pid_t pid, int id, bool (*job)(int id, void *arg), void *arg)
{
    struct stat st;
    bool done = job(id, arg);

    if (!done && errno == EACCES && geteuid() == 0 && l->access->stat(pid, ".", &st) && st.st_uid
        && seteuid(st.st_uid) == 0) {
        done = job(id, arg);
        if (seteuid(0) < 0)
            abort(); /* cannot happen: 0 is still the saved one */
    }
    return done;
}

struct sem_seen {
    unsigned short number;
    int value, waiting;
};

static bool look_at_sem(int id, void *arg)
{
    struct sem_seen *s = arg;

    s->value = semctl(id, s->number, GETVAL);
    s->waiting = semctl(id, s->number, GETNCNT);
    return s->value >= 0;
}

static json_t *tell_sysv_sem(const struct look *l, const struct blocked *b)
{
    json_t *o = json_object();
    struct sembuf ops[16];
    size_t n = b->arg[2] < 16 ? (size_t)b->arg[2] : 16;
    long key = key_of("sem", (int)b->arg[0]);

    set(o, "is", json_string("sysv_semaphore"));
    set(o, "place", json_string("named"));
    if (key >= 0)
        set(o, "name", key ? json_sprintf("0x%lx", (unsigned long)key) : json_string("IPC_PRIVATE"));
    if (!l->access->memory(b->pid, b->arg[1], ops, n * sizeof(ops[0])))
        n = 0;
    for (size_t i = 0; i < n; i++) {
        struct sem_seen s = {.number = ops[i].sem_num};

        if (!as_owner(l, b->pid, (int)b->arg[0], look_at_sem, &s))
            continue;
        if ((ops[i].sem_op < 0 && s.value < -ops[i].sem_op) || (ops[i].sem_op == 0 && s.value > 0)) {
            set(o, "number", json_integer(s.number));
            set(o, "value", json_integer(s.value));
            set(o, "key", json_integer((json_int_t)b->arg[0] * 65536 + s.number));
            break;
        }
    }
    return o;
}

static bool look_at_messages(int id, void *arg)
{
    return msgctl(id, IPC_STAT, arg) == 0;
}

static json_t *tell_sysv_queue(const struct look *l, const struct blocked *b)
{
    json_t *o = json_object();
    struct msqid_ds info;
    long key = key_of("msg", (int)b->arg[0]);

    set(o, "is", json_string("sysv_queue"));
    if (key >= 0)
        set(o, "name", key ? json_sprintf("0x%lx", (unsigned long)key) : json_string("IPC_PRIVATE"));
    if (as_owner(l, b->pid, (int)b->arg[0], look_at_messages, &info)) {
        set(o, "messages", json_integer((json_int_t)info.msg_qnum));
        set(o, "bytes", json_integer((json_int_t)info.__msg_cbytes));
        set(o, "room", json_integer((json_int_t)info.msg_qbytes));
    }
    if (b->nr == SYS_msgrcv && (long)b->arg[3])
        set(o, "wants", json_integer((json_int_t)(long)b->arg[3]));
    return o;
}

/* Which descriptors a call waits for ------------------------------------------------------------------ */

struct waited {
    struct { int fd; bool writing; } v[WAITED_MAX];
    size_t n;
};

static void add_waited(struct waited *w, int fd, bool writing)
{
    if (fd >= 0 && w->n < WAITED_MAX) {
        w->v[w->n].fd = fd;
        w->v[w->n++].writing = writing;
    }
}

static void poll_list(const struct look *l, const struct blocked *b, struct waited *w)
{
    struct pollfd fds[WAITED_MAX];
    size_t n = b->arg[1] < WAITED_MAX ? (size_t)b->arg[1] : WAITED_MAX;

    if (n && l->access->memory(b->pid, b->arg[0], fds, n * sizeof(fds[0])))
        for (size_t i = 0; i < n; i++)
            add_waited(w, fds[i].fd, !(fds[i].events & POLLIN) && (fds[i].events & POLLOUT));
}

static void select_list(const struct look *l, const struct blocked *b, struct waited *w)
{
    for (int writing = 0; writing < 2; writing++) {
        unsigned char bits[1024 / 8] = {0};
        size_t n = ((size_t)b->arg[0] + 7) / 8;

        if (!b->arg[1 + writing] || n > sizeof(bits) || !l->access->memory(b->pid, b->arg[1 + writing], bits, n))
            continue;
        for (int fd = 0; fd < (int)b->arg[0]; fd++)
            if (bits[fd / 8] >> fd % 8 & 1)
                add_waited(w, fd, writing);
    }
}

static void epoll_list(const struct look *l, const struct blocked *b, struct waited *w)
{
    char info[8192], file[64];
    const char *at = info;

    (void)snprintf(file, sizeof(file), "fdinfo/%d", (int)b->arg[0]);
    if (l->access->read(b->pid, file, info, sizeof(info)) <= 0)
        return;
    while ((at = strstr(at, "tfd:"))) {
        int fd;
        unsigned events;

        if (sscanf(at, "tfd: %d events: %x", &fd, &events) == 2)
            add_waited(w, fd, !(events & POLLIN) && (events & POLLOUT));
        at += 4;
    }
    /* The kernel's order is that of addresses. */
    qsort(w->v, w->n, sizeof(w->v[0]), by_number);
}

static void waited_by(const struct look *l, const struct blocked *b, struct waited *w)
{
    const char *name = calls_name(b->nr);

    switch (b->family) {
    case FAMILY_READ:
    case FAMILY_RECV:
    case FAMILY_ACCEPT:
    case FAMILY_LOCK:
    case FAMILY_CONNECT:
        add_waited(w, (int)b->arg[0], false);
        break;
    case FAMILY_WRITE:
    case FAMILY_SEND:
        add_waited(w, (int)b->arg[0], true);
        break;
    case FAMILY_QUEUE:
        if (b->nr == SYS_mq_timedsend || b->nr == SYS_mq_timedreceive)
            add_waited(w, (int)b->arg[0], b->nr == SYS_mq_timedsend);
        break;
    case FAMILY_POLL:
        if (strstr(name, "epoll"))
            epoll_list(l, b, w);
        else if (strstr(name, "select"))
            select_list(l, b, w);
        else
            poll_list(l, b, w);
        break;
    default:
        break;
    }
}

static size_t string_at(const struct look *l, pid_t pid, unsigned long long address, char *s, size_t size)
{
    size_t n = size - 1;

    /* The string may end just before memory that is not there. */
    while (n && !l->access->memory(pid, address, s, n))
        n /= 2;
    s[n] = '\0';
    return strlen(s);
}

/* A process in open(): of which file, for what, and who else waits there. */
static void tell_open(const struct look *l, json_t *o, const struct blocked *b)
{
    const int at = b->nr == SYS_openat;
    const int flags = (int)b->arg[1 + at];
    char path[256], file[300];
    struct stat st;

    set(o, "opens", json_string((flags & O_ACCMODE) == O_WRONLY ? "write" : "read"));
    if (!string_at(l, b->pid, b->arg[at], path, sizeof(path)))
        return;
    set(o, "path", text_json(path, strlen(path)));
    (void)snprintf(file, sizeof(file), "cwd/%s", path);
    if (path[0] == '/')
        (void)snprintf(file, sizeof(file), "root%s", path);
    if (l->access->stat(b->pid, file, &st) && S_ISFIFO(st.st_mode))
        set(o, "fifo", json_true());
}

/* Where a connect() goes, and who listens there. */
static void tell_connect(const struct look *l, json_t *on, const struct blocked *b)
{
    struct sockaddr_un address;
    size_t n = b->arg[2] < sizeof(address) ? (size_t)b->arg[2] : sizeof(address);
    const struct socket_info *s;
    struct holders h = {0};

    if (!n || !l->access->memory(b->pid, b->arg[1], &address, n))
        return;
    CLEANUP(free_ptr) char *name = sockets_name(&address, n);
    set(on, "to", json_string(name));
    s = sockets_at(&l->sockets, &address, n);
    if (s)
        hold_inode(l, &h, s->ino, b->pid);
    (void)json_object_del(on, "holders");
    set_holders(on, &h);
}

static void tell_children(const struct look *l, json_t *o, const struct blocked *b)
{
    /* waitpid's own argument may name one of them; waitid's second does if the first is P_PID. */
    const pid_t one = b->nr == SYS_wait4 ? (pid_t)(int)b->arg[0]
                      : (int)b->arg[0] == 1 ? (pid_t)(int)b->arg[1] : -1;
    struct holders h = {0};

    for (size_t i = 0; i < l->scene->count; i++) {
        const struct explain_person *p = &l->scene->people[i];

        if (p->ppid == b->pid && !p->aside && (one <= 0 || one == p->pid))
            add_holder(l, &h, p->pid, -1, b->pid);
    }
    if (!h.list)
        h.list = json_array();
    set(o, "children", h.list);
    if (h.more)
        set(o, "children_more", json_integer((json_int_t)h.more));
}

static void tell_call(const struct look *l, json_t *o, const struct blocked *b)
{
    const char *name = calls_name(b->nr);
    struct waited w = {0};
    json_t *on = json_array();

    if (name)
        set(o, "call", json_string(name));
    else
        set(o, "call", json_sprintf("system call %ld", b->nr));
    waited_by(l, b, &w);
    for (size_t i = 0; i < w.n && i < ON_MAX; i++)
        (void)json_array_append_new(on, tell_fd(l, b, w.v[i].fd, !w.v[i].writing));
    if (w.n > ON_MAX)
        set(o, "on_more", json_integer((json_int_t)(w.n - ON_MAX)));
    if (b->nr == SYS_futex)
        (void)json_array_append_new(on, tell_futex(l, b));
    else if (b->family == FAMILY_SEM)
        (void)json_array_append_new(on, tell_sysv_sem(l, b));
    else if (b->nr == SYS_msgsnd || b->nr == SYS_msgrcv)
        (void)json_array_append_new(on, tell_sysv_queue(l, b));
    if (b->family == FAMILY_CONNECT && json_array_size(on))
        tell_connect(l, json_array_get(on, 0), b);
    if (b->family == FAMILY_WAIT)
        tell_children(l, o, b);
    if (b->family == FAMILY_OPEN)
        tell_open(l, o, b);
    if (json_array_size(on))
        set(o, "on", on);
    else
        json_decref(on);
}

/* One process ----------------------------------------------------------------------------------------- */

static json_t *tell(const struct look *l, const struct explain_person *p)
{
    json_t *o = who(l, p->pid, 0);
    struct blocked b = {.pid = p->pid, .nr = -1};
    char buf[256];
    const char *state = "asleep";

    switch (p->state) {
    case 'Z':
    case 'X':
        state = "zombie";
        set(o, "parent", who(l, p->ppid, 0));
        break;
    case 'T':
    case 't':
        state = p->frozen ? "frozen" : "stopped";
        break;
    case 'R':
        state = "running";
        set(o, "cpu_s", json_real((double)(long)(p->cpu_s * 10) / 10));
        break;
    default:
        if (l->access->read(p->pid, "syscall", buf, sizeof(buf)) > 0
            && sscanf(buf, "%ld %llx %llx %llx %llx %llx %llx", &b.nr, &b.arg[0], &b.arg[1], &b.arg[2], &b.arg[3],
                      &b.arg[4], &b.arg[5]) >= 1
            && b.nr >= 0) {
            state = "blocked";
            b.family = calls_family(b.nr);
            tell_call(l, o, &b);
        }
    }
    set(o, "state", json_string(state));
    if (p->state != 'Z' && p->state != 'X')
        tell_signals(l, o, p->pid, state[0] == 'b' && b.family == FAMILY_PAUSE, p->state == 'T' || p->state == 't');
    return o;
}

static int by_name(const void *a, const void *b)
{
    const struct explain_person *const *p = a, *const *q = b;
    int order = (*p)->child - (*q)->child;

    if (!order)
        order = strcmp((*p)->name, (*q)->name);
    return order ? order : (*p)->pid - (*q)->pid;
}

/* Different semaphores get numbers in the order of the records, so that a signature can tell one
 * from another without their names. */
static void number_semaphores(json_t *records)
{
    json_int_t keys[32];
    size_t n = 0, i, k;
    json_t *record, *on;

    json_array_foreach(records, i, record) {
        json_array_foreach(json_object_get(record, "on"), k, on) {
            const json_t *key = json_object_get(on, "key");
            size_t at = 0;

            if (!key)
                continue;
            while (at < n && keys[at] != json_integer_value(key))
                at++;
            if (at == n && n < sizeof(keys) / sizeof(*keys))
                keys[n++] = json_integer_value(key);
            (void)json_object_del(on, "key");
            set(on, "nth", json_integer((json_int_t)at + 1));
        }
    }
}

json_t *explain_look(const struct explain_scene *scene)
{
    struct look l = {.scene = scene, .access = scene->access};
    const struct explain_person **order = xcalloc(scene->count, sizeof(struct explain_person *));
    json_t *records = json_array();

    sockets_read(&l.sockets);
    if (scene->self)
        collect_fds(&l, scene->self);
    for (size_t i = 0; i < scene->count; i++) {
        order[i] = &scene->people[i];
        collect_fds(&l, scene->people[i].pid);
    }
    if (scene->count)
        qsort(order, scene->count, sizeof(*order), by_name);
    for (size_t i = 0; i < scene->count; i++)
        if (!order[i]->aside)
            (void)json_array_append_new(records, tell(&l, order[i]));
    number_semaphores(records);
    for (size_t i = 0; i < l.ends_n; i++)
        free(l.ends[i].link);
    free(l.ends);
    free(order);
    sockets_release(&l.sockets);
    return records;
}
