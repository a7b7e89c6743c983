/* SPDX-License-Identifier: MIT */
/* queue: POSIX message queues: the test as the other side, and room for everybody's.
 *
 * Room. The kernel counts the bytes of all queues of a user against one allowance (RLIMIT_MSGQUEUE,
 * 819200 bytes, nine queues of the default size), and in a user namespace those of all its users
 * against that of its creator: the tests of one box share it. So a test that uses queues takes a
 * seat first, as many as the allowance has room for at QUEUE_SHARE bytes each, and its programs get
 * no more than that. Whoever has a seat cannot be disturbed by another test; whether the room is
 * really there is tried out, as the user of the programs, before any program starts. If it is not,
 * somebody else on this machine has it: the test ends as "error".
 *
 * Names. Everything whose name begins with one that queue_name() gave belongs to the test. Where the
 * test has a user of its own the audit finds a program's queues by their owner; elsewhere by name. */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SEATS_MAX = 4,
    LARGEST_MAXMSG = 10, /* what the kernel allows by default */
    LARGEST_MSGSIZE = 8192,
    TRY_AGAIN_US = 2000
};

struct name {
    struct name *next;
    const char *name;
};
static struct name *names; /* from queue_name() */
static struct name *made;  /* by make_queue() */

static void remember(struct name **list, const char *s)
{
    struct name *n = grab(sizeof(*n));

    n->name = copy_text(s);
    n->next = *list;
    *list = n;
}

/* Room -------------------------------------------------------------------------------------------- */

/* In a child, as the programs' user: makes them all, removes them all. 0, or an errno. */
static int make_and_remove(int count, long maxmsg, long msgsize, unsigned long long limit)
{
    struct mq_attr attr = {.mq_maxmsg = maxmsg, .mq_msgsize = msgsize};
    struct rlimit r;
    int why = 0;

    if (lab.uid && syscall(SYS_setresuid, lab.uid, lab.uid, lab.uid) < 0)
        return errno;
    if (limit && getrlimit(RLIMIT_MSGQUEUE, &r) == 0 && r.rlim_cur > limit) {
        r.rlim_cur = limit;
        if (setrlimit(RLIMIT_MSGQUEUE, &r) < 0)
            return errno;
    }
    for (int i = 0; i < count && !why; i++) {
        char name[64];
        mqd_t q;

        (void)snprintf(name, sizeof(name), "/lab-room.%d.%d", (int)getpid(), i);
        q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
        if (q < 0)
            why = errno;
        else
            (void)mq_unlink(name); /* it stays, without its name, until this process ends */
    }
    return why;
}

static int try_room(int count, long maxmsg, long msgsize, unsigned long long limit)
{
    pid_t pid = fork();
    int status;

    if (pid < 0)
        broken("cannot fork: %s", strerror(errno));
    if (pid == 0)
        _exit(make_and_remove(count, maxmsg, msgsize, limit) & 0xff);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            broken("cannot wait: %s", strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

void need_queues(int count, long maxmsg, long msgsize, unsigned long limit)
{
    uint64_t end = now_ns() + DEADLINE_MS * 1000000ULL; /* whatever the time factor: nobody works */
    struct rlimit r;
    int why;

    if (getrlimit(RLIMIT_MSGQUEUE, &r) == 0 && r.rlim_cur < (rlim_t)(count * maxmsg * msgsize))
        end = 0; /* in vain, however long we wait */
    while ((why = try_room(count, maxmsg, msgsize, limit)) != 0 && why == EMFILE && now_ns() < end)
        pump(-1, 0, TRY_AGAIN_US);
    if (why == EMFILE)
        broken("there is no room for %d message queues of %ld times %ld bytes: others of the same "
               "user use up the allowance (ulimit -q, ls /dev/mqueue)", count, maxmsg, msgsize);
    if (why)
        broken("cannot make a message queue: %s", strerror(why));
}

/* A seat is a locked file beside the tests' folders, where programs cannot write. */
static bool take_seat(const char *work, unsigned long seats)
{
    for (unsigned long i = 0; i < seats; i++) {
        int fd = open(text("%s/queue-seat.%lu", work, i), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        if (fd < 0)
            broken("cannot make a file in %s: %s", work, strerror(errno));
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true; /* and kept until this process ends */
        (void)close(fd);
    }
    return false;
}

static void sit_down(void)
{
    const char *work = getenv("LAB_WORK");
    unsigned long seats = SEATS_MAX;
    uint64_t begin = now_ns();
    struct rlimit r;

    if (getrlimit(RLIMIT_MSGQUEUE, &r) == 0 && r.rlim_cur / QUEUE_SHARE < seats)
        seats = r.rlim_cur >= QUEUE_SHARE ? r.rlim_cur / QUEUE_SHARE : 1;
    if (work && *work) {
        while (!take_seat(text("%s/..", lab.folder), seats)) {
            if (now_ns() - begin > deadline_ns() * STRETCH)
                broken("the tests before this one do not leave their room for message queues");
            pump(-1, 0, TRY_AGAIN_US);
        }
        test_clock_restart(); /* the time in the queue for queues is not the test's */
    }
    need_queues(QUEUE_SHARE / (LARGEST_MAXMSG * LARGEST_MSGSIZE), LARGEST_MAXMSG, LARGEST_MSGSIZE,
                work && *work ? QUEUE_SHARE : 0);
}

const char *queue_name(const char *name)
{
    const char *s = unique(name);

    if (!names)
        sit_down();
    remember(&names, s);
    return s;
}

/* The test as the other side ---------------------------------------------------------------------- */

void make_queue(const char *name, long maxmsg, long msgsize)
{
    struct mq_attr attr = {.mq_maxmsg = maxmsg, .mq_msgsize = msgsize};
    mode_t mask = umask(0);
    mqd_t q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0666, &attr);

    (void)umask(mask);
    if (q < 0)
        broken("cannot make the queue %s: %s", name, strerror(errno));
    (void)mq_close(q);
    remember(&made, name);
}

void expected_queue(const char *name)
{
    expected_file(name); /* so the audit by owner calls it */
    remember(&made, name);
}

bool queue_exists(const char *name)
{
    mqd_t q = mq_open(name, O_RDONLY | O_NONBLOCK);

    if (q >= 0)
        (void)mq_close(q);
    return q >= 0 || errno != ENOENT;
}

static mqd_t open_queue(const char *name, int how)
{
    mqd_t q = mq_open(name, how | O_NONBLOCK);

    if (q < 0 && errno != ENOENT)
        broken("cannot open the queue %s: %s", name, strerror(errno));
    if (q < 0)
        fail_signed(KIND_STATE, "no such queue", "there is no queue '%s'", name);
    return q;
}

struct queue_state queue_state(const char *name)
{
    mqd_t q = open_queue(name, O_RDONLY);
    struct mq_attr attr;
    struct stat st;

    if (mq_getattr(q, &attr) < 0 || fstat(q, &st) < 0)
        broken("cannot look at the queue %s: %s", name, strerror(errno));
    (void)mq_close(q);
    return (struct queue_state){attr.mq_maxmsg, attr.mq_msgsize, attr.mq_curmsgs, st.st_mode & 07777};
}

struct message {
    mqd_t q;
    const char *name;
    char *bytes;
    size_t size;
    unsigned prio;
    ssize_t got;
};

static bool put_ready(void *arg)
{
    struct message *m = arg;

    if (mq_send(m->q, m->bytes, m->size, m->prio) == 0)
        return true;
    if (errno == EMSGSIZE)
        fail_signed(KIND_STATE, "queue too small", "the queue '%s' has no room for a message of %zu bytes",
                    m->name, m->size);
    if (errno != EAGAIN && errno != EINTR)
        broken("cannot send to the queue %s: %s", m->name, strerror(errno));
    return false;
}

void queue_put(const char *name, const void *bytes, size_t size, unsigned prio)
{
    struct message m = {.q = open_queue(name, O_WRONLY), .name = name, .bytes = (char *)bytes,
                        .size = size, .prio = prio};

    wait_for(&(struct wait){.what = text("room in the queue '%s'", name), .ready = put_ready,
                            .arg = &m, .fd = m.q, .events = POLLOUT});
    (void)mq_close(m.q);
}

static bool take_ready(void *arg)
{
    struct message *m = arg;

    m->got = mq_receive(m->q, m->bytes, m->size, &m->prio);
    if (m->got < 0 && errno != EAGAIN && errno != EINTR)
        broken("cannot receive from the queue %s: %s", m->name, strerror(errno));
    return m->got >= 0;
}

const void *queue_take(const char *name, size_t *size, unsigned *prio)
{
    struct message m = {.q = open_queue(name, O_RDONLY), .name = name};
    struct mq_attr attr;

    if (mq_getattr(m.q, &attr) < 0)
        broken("cannot look at the queue %s: %s", name, strerror(errno));
    m.size = (size_t)attr.mq_msgsize;
    m.bytes = grab(m.size + 1); /* with a NUL behind it, for those who send text */
    wait_for(&(struct wait){.what = text("a message in the queue '%s'", name), .ready = take_ready,
                            .arg = &m, .fd = m.q, .events = POLLIN});
    (void)mq_close(m.q);
    m.bytes[m.got] = '\0';
    *size = (size_t)m.got;
    if (prio)
        *prio = m.prio;
    return m.bytes;
}

/* Who has what ------------------------------------------------------------------------------------- */

static bool begins(const char *s, const char *with)
{
    size_t n = strlen(with);

    return strncmp(s, with, n) == 0 && (s[n] == '\0' || s[n] == '.');
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Is there a list of all queues? An empty folder of that name is none. */
bool queue_listed(void)
{
    struct stat dev, queues;

    return stat("/dev", &dev) == 0 && stat("/dev/mqueue", &queues) == 0 && dev.st_dev != queues.st_dev;
}

/* The queues of this name and of NAME.anything that exist. Where there is no list of all (the file
 * system is not mounted), those are tried that a program of the test would name after itself. */
static size_t list_queues(const char *name, char ***list)
{
    DIR *dir = queue_listed() ? opendir("/dev/mqueue") : NULL;
    struct dirent *e;
    size_t n = 0, room = 2;

    for (const struct proc *p = lab.procs; p; p = p->next)
        room++;
    *list = grab(room * sizeof(**list));
    while (dir && (e = readdir(dir))) {
        char *full = (char *)text("/%s", e->d_name);

        if (!begins(full, name))
            continue;
        if (n == room) {
            room *= 2;
            *list = grow(*list, room * sizeof(**list));
        }
        (*list)[n++] = full;
    }
    if (dir) {
        (void)closedir(dir);
    } else {
        if (queue_exists(name))
            (*list)[n++] = copy_text(name);
        for (const struct proc *p = lab.procs; p; p = p->next) {
            char *full = (char *)text("%s.%d", name, (int)p->pid);

            if (queue_exists(full))
                (*list)[n++] = full;
        }
    }
    qsort(*list, n, sizeof(**list), compare_names);
    return n;
}

const char *queues_named(const char *name)
{
    char **list;
    size_t n = list_queues(name, &list);
    const char *all = "";

    for (size_t i = 0; i < n; i++)
        all = text("%s%s\n", all, list[i]);
    return all;
}

bool queue_device(dev_t which)
{
    static dev_t dev;
    struct stat st;

    if (!dev && queue_listed() && stat("/dev/mqueue", &st) == 0)
        dev = st.st_dev;
    for (const struct name *n = names; n && !dev; n = n->next) { /* not mounted: ask one of ours */
        mqd_t q = mq_open(n->name, O_RDONLY | O_NONBLOCK);

        if (q >= 0 && fstat(q, &st) == 0)
            dev = st.st_dev;
        if (q >= 0)
            (void)mq_close(q);
    }
    return dev && which == dev;
}

int queue_holders(const char *name)
{
    mqd_t q = open_queue(name, O_RDONLY);
    struct stat queue;
    struct pinfo *list;
    size_t count = procfs_list(&list);
    int holders = 0;

    if (fstat(q, &queue) < 0)
        broken("cannot look at the queue %s: %s", name, strerror(errno));
    for (size_t i = 0; i < count; i++) {
        int fds[256], n = procfs_fds(list[i].pid, fds, 256);
        bool holds = false;

        for (int k = 0; k < n && k < 256; k++) {
            struct stat st;

            holds |= procfs_stat(list[i].pid, text("fd/%d", fds[k]), &st)
                     && st.st_dev == queue.st_dev && st.st_ino == queue.st_ino;
        }
        holders += holds;
    }
    free(list);
    (void)mq_close(q);
    return holders;
}

/* In the runner, when no test runs any more. */
void queue_finish(void)
{
    const char *work = getenv("LAB_WORK");

    for (int i = 0; work && *work && i < SEATS_MAX; i++)
        (void)unlink(text("%s/queue-seat.%d", work, i));
}

/* The end ------------------------------------------------------------------------------------------ */

static bool is_made(const char *name)
{
    for (const struct name *n = made; n; n = n->next)
        if (strcmp(n->name, name) == 0)
            return true;
    return false;
}

static void unlink_as_user(const char *name)
{
    pid_t pid = fork();

    if (pid == 0) {
        if (syscall(SYS_setresuid, lab.uid, lab.uid, lab.uid) == 0)
            (void)mq_unlink(name);
        _exit(0);
    }
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
}

void queue_audit(void (*report)(const char *name))
{
    for (const struct name *n = names; n; n = n->next) {
        char **list;
        size_t count = list_queues(n->name, &list);

        for (size_t i = 0; i < count; i++) {
            if (report && !is_made(list[i]))
                report(list[i]);
            if (mq_unlink(list[i]) < 0 && lab.uid)
                unlink_as_user(list[i]);
        }
    }
    for (const struct name *n = made; n; n = n->next)
        (void)mq_unlink(n->name);
}
