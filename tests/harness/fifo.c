/* SPDX-License-Identifier: MIT */
/* fifo: the test as one end of a FIFO, and what the kernel notes about files. The ends are
 * non-blocking, like the sockets, and sock.c sends and receives by them. */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* FIFOs ----------------------------------------------------------------------------------------- */

void make_fifo(const char *path)
{
    if (mkfifo(path, 0600) < 0 || (lab.uid && lchown(path, lab.uid, lab.uid) < 0))
        broken("cannot make the FIFO '%s': %s", path, strerror(errno));
    expected_file(path); /* by its name: writing changes the times by which it would be known */
}

/* -1: nobody reads there. What is not a FIFO fails the test. */
static int open_end(const char *path, int access)
{
    int fd = open(path, access | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    int why = errno;
    struct stat st;

    if (fd < 0 && why == ENXIO && file_kind(path) == S_IFIFO)
        return -1;
    if (fd < 0 && why == ENOENT)
        fail_signed(KIND_STATE, "no FIFO", "there is no FIFO '%s'", path);
    if (fd < 0 && (why == ENXIO || why == ELOOP))
        fail_signed(KIND_STATE, "not a FIFO", "'%s' is not a FIFO", path);
    if (fd < 0 || fstat(fd, &st) < 0)
        broken("cannot open the FIFO '%s': %s", path, strerror(why));
    if (!S_ISFIFO(st.st_mode)) {
        (void)close(fd);
        fail_signed(KIND_STATE, "not a FIFO", "'%s' is not a FIFO", path);
    }
    return fd;
}

struct sock *read_fifo(const char *path)
{
    return sock_of_fifo(open_end(path, O_RDONLY), path);
}

struct sock *serve_fifo(const char *path)
{
    struct sock *s = read_fifo(path);

    if (open_end(path, O_WRONLY) < 0)
        broken("cannot keep the FIFO '%s' open", path);
    return s;
}

struct opening {
    const char *path;
    int fd;
};

static bool open_ready(void *arg)
{
    struct opening *o = arg;

    if (o->fd < 0)
        o->fd = open_end(o->path, O_WRONLY);
    return o->fd >= 0;
}

struct sock *write_fifo(const char *path)
{
    struct opening o = {path, -1};

    wait_for(&(struct wait){.what = text("a reader of the FIFO '%s'", path), .ready = open_ready,
                            .arg = &o, .fd = -1, .look = true});
    return sock_of_fifo(o.fd, path);
}

struct sock *try_write_fifo(const char *path)
{
    int fd = open_end(path, O_WRONLY);

    return fd < 0 ? NULL : sock_of_fifo(fd, path);
}

bool has_reader(const char *path)
{
    int fd = open_end(path, O_WRONLY);

    if (fd < 0)
        return false;
    (void)close(fd);
    return true;
}

/* Programs -------------------------------------------------------------------------------------- */

/* Whoever is asleep in these calls: 'id' is a process, or a thread of one. */
static bool is_asleep_in(pid_t id, int calls)
{
    struct pinfo info;
    struct psyscall call;

    if (!procfs_info(id, &info) || info.state != 'S')
        return false;
    if (!procfs_syscall(id, &call))
        return true; /* not to be seen here: the state must do */
    return call.nr >= 0 && (call_family(call.nr) & calls);
}

static bool thread_is_asleep_in(pid_t pid, int calls)
{
    DIR *dir = opendir(text("/proc/%d/task", (int)pid));
    bool asleep = false;

    for (struct dirent *e; dir && !asleep && (e = readdir(dir));)
        asleep = atoi(e->d_name) > 0 && atoi(e->d_name) != pid
                 && is_asleep_in((pid_t)atoi(e->d_name), calls);
    if (dir)
        (void)closedir(dir);
    return asleep;
}

/* How a program waits is its own affair: it may leave that to a child or a thread, and wait for it. */
bool blocked_in(struct proc *p, int calls)
{
    struct pinfo *list;
    bool asleep;
    size_t n;

    if (has_ended(p))
        return false;
    if (is_asleep_in(p->pid, calls))
        return true;
    if (!is_asleep_in(p->pid, CALL_WAIT | CALL_SEM | CALL_PAUSE | CALL_INPUT))
        return false;
    if (thread_is_asleep_in(p->pid, calls))
        return true;
    n = session_of(p, &list);
    asleep = false;
    for (size_t i = 0; i < n && !asleep; i++)
        asleep = is_asleep_in(list[i].pid, calls);
    free(list);
    return asleep;
}

/* Files ----------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *names_here(void)
{
    DIR *dir = opendir(".");
    struct dirent *e;
    const char **names = NULL, *all = "";
    size_t n = 0;

    if (!dir)
        broken("cannot list the test's folder: %s", strerror(errno));
    while ((e = readdir(dir))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        names = grow(names, (n + 1) * sizeof(*names));
        names[n++] = copy_text(e->d_name);
    }
    (void)closedir(dir);
    if (n)
        qsort(names, n, sizeof(*names), by_text);
    for (size_t i = 0; i < n; i++)
        all = text("%s%s\n", all, names[i]);
    return all;
}

struct noted {
    enum event what;
    const char *name; /* "": the watched file itself */
};

struct watch {
    int fd;
    struct noted *events;
    size_t count;
};

static const struct {
    uint32_t mask;
    enum event what;
} kinds[] = {
    {IN_CREATE | IN_MOVED_TO, EVENT_MADE},
    {IN_OPEN, EVENT_OPENED},
    {IN_CLOSE_NOWRITE, EVENT_READER_CLOSED},
    {IN_CLOSE_WRITE, EVENT_WRITER_CLOSED},
    {IN_DELETE | IN_DELETE_SELF | IN_MOVED_FROM, EVENT_REMOVED},
};

struct watch *watch(const char *path)
{
    struct watch *w = grab(sizeof(*w));
    uint32_t mask = 0;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        mask |= kinds[i].mask;
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->fd < 0 || inotify_add_watch(w->fd, path, mask) < 0)
        broken("cannot watch '%s': %s", path, strerror(errno));
    return w;
}

static void note_event(struct watch *w, const struct inotify_event *e)
{
    if (e->mask & IN_Q_OVERFLOW)
        broken("too many events");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!(e->mask & kinds[i].mask))
            continue;
        w->events = grow(w->events, (w->count + 1) * sizeof(*w->events));
        w->events[w->count++] = (struct noted){kinds[i].what, e->len ? copy_text(e->name) : ""};
    }
}

static void read_events(struct watch *w)
{
    union {
        struct inotify_event align;
        char bytes[16 * 1024];
    } buf;
    ssize_t n;

    pump(-1, 0, 0);
    while ((n = read(w->fd, buf.bytes, sizeof(buf.bytes))) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *e = (const void *)(buf.bytes + at);

            note_event(w, e);
            at += (ssize_t)(sizeof(*e) + e->len);
        }
    }
}

static bool is_meant(const struct noted *e, enum event what, const char *name)
{
    return e->what == what && (!name || strcmp(e->name, name) == 0);
}

int first_event(struct watch *w, enum event what, const char *name)
{
    read_events(w);
    for (size_t i = 0; i < w->count; i++)
        if (is_meant(&w->events[i], what, name))
            return (int)i;
    return -1;
}

int count_events(struct watch *w, enum event what, const char *name)
{
    int count = 0;

    read_events(w);
    for (size_t i = 0; i < w->count; i++)
        count += is_meant(&w->events[i], what, name);
    return count;
}
