/* SPDX-License-Identifier: MIT */
/* shm: shared memory and semaphores, seen from beside. The test opens the objects of the student's
 * programs (it may open everything), looks into them, and holds a semaphore to see who waits.
 *
 * Names and keys are lent: while a test uses one, what is there belongs to its plot, and is no
 * leftover even if the test fails in the middle. expect_..._gone() and shm_done() end that.
 * Whatever is still there at the end is removed. */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct lent {
    struct lent *next;
    const char *name; /* NULL: a key */
    key_t key;
    bool over;        /* nothing of it may be there any more */
};
static struct lent *lent;

static struct lent *lend(const char *name, key_t key)
{
    struct lent *l = grab(sizeof(*l));

    l->name = name;
    l->key = key;
    l->next = lent;
    lent = l;
    return l;
}

static struct lent *lent_name(const char *name)
{
    for (struct lent *l = lent; l; l = l->next)
        if (l->name && strcmp(l->name, name) == 0)
            return l;
    return NULL;
}

static struct lent *lent_key(key_t key)
{
    for (struct lent *l = lent; l; l = l->next)
        if (!l->name && l->key == key)
            return l;
    return NULL;
}

bool shm_is_lent(const char *name)
{
    const struct lent *l = lent_name(name);

    return l && !l->over;
}

bool sysv_is_lent(long key)
{
    const struct lent *l = lent_key((key_t)key);

    return l && !l->over;
}

/* As the programs' user: a System V segment is removed by its owner alone. */
void shm_audit(void)
{
    pid_t pid;

    if (!lent)
        return;
    pid = fork();
    if (pid == 0) {
        if (lab.uid && geteuid() == 0)
            (void)syscall(SYS_setresuid, lab.uid, lab.uid, lab.uid);
        for (const struct lent *l = lent; l; l = l->next) {
            if (l->name)
                (void)shm_unlink(l->name);
            else
                (void)shmctl(shmget(l->key, 0, 0), IPC_RMID, NULL);
        }
        _exit(0);
    }
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
}

/* POSIX ------------------------------------------------------------------------------------------- */

const char *shm_name(const char *name)
{
    return lend(unique(name), 0)->name;
}

static int open_shm(const char *name, int flags)
{
    return shm_open(name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
}

bool shm_exists(const char *name)
{
    int fd = open_shm(name, O_RDONLY);

    if (fd < 0 && errno != ENOENT)
        broken("cannot open the shared memory object %s: %s", name, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

struct shm_state shm_state(const char *name)
{
    int fd = open_shm(name, O_RDONLY);
    struct stat st;

    if (fd < 0 && errno == ENOENT)
        fail_signed(KIND_STATE, "no shared memory object", "there is no shared memory object %s",
                    name);
    if (fd < 0 || fstat(fd, &st) < 0)
        broken("cannot open the shared memory object %s: %s", name, strerror(errno));
    (void)close(fd);
    return (struct shm_state){.size = (size_t)st.st_size, .mode = st.st_mode & 07777};
}

void make_shm(const char *name, const void *bytes, size_t n, size_t size)
{
    int fd = open_shm(name, O_RDWR | O_CREAT | O_EXCL);

    if (fd < 0 || ftruncate(fd, (off_t)size) < 0 || (n && pwrite(fd, bytes, n, 0) != (ssize_t)n)
        || (lab.uid && fchown(fd, lab.uid, lab.uid) < 0))
        broken("cannot make the shared memory object %s: %s", name, strerror(errno));
    (void)close(fd);
}

void *map_shm(const char *name, size_t at_least)
{
    struct shm_state state = shm_state(name);
    int fd = open_shm(name, O_RDWR);
    void *p;

    if (state.size < at_least)
        fail_signed(KIND_STATE, "shared memory object too small",
                    "the shared memory object %s has %zu bytes, at least %zu are needed", name,
                    state.size, at_least);
    p = fd < 0 ? MAP_FAILED : mmap(NULL, state.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        broken("cannot map the shared memory object %s: %s", name, strerror(errno));
    (void)close(fd);
    return p;
}

void shm_done(const char *name)
{
    struct lent *l = lent_name(name);

    if (l)
        l->over = true;
}

void expect_shm_gone(const char *name)
{
    shm_done(name);
    if (shm_exists(name))
        fail_signed(KIND_LEFTOVER, "shared memory object left",
                    "the shared memory object %s is still there", name);
}

void remove_shm(const char *name)
{
    if (shm_unlink(name) < 0 && errno != ENOENT)
        broken("cannot remove the shared memory object %s: %s", name, strerror(errno));
}

/* Semaphores -------------------------------------------------------------------------------------- */

static bool sem_ready(void *sem)
{
    return sem_trywait(sem) == 0;
}

void hold_sem(void *sem)
{
    wait_for(&(struct wait){.what = "a semaphore that a program holds", .ready = sem_ready,
                            .arg = sem, .fd = -1, .look = true});
}

void release_sem(void *sem)
{
    if (sem_post(sem) < 0)
        broken("sem_post: %s", strerror(errno));
}

int sem_value(const void *sem)
{
    int value = -1;

    (void)sem_getvalue((sem_t *)(uintptr_t)sem, &value);
    return value;
}

/* System V ---------------------------------------------------------------------------------------- */

/* The row of the kernel's table of segments. False: there is none with this key. */
static bool sysv_find(key_t key, struct sysv_state *out)
{
    FILE *f = fopen("/proc/sysvipc/shm", "re");
    char line[512];
    bool found = false;

    if (!f)
        broken("cannot read the table of System V segments: %s", strerror(errno));
    (void)fgets(line, sizeof(line), f);
    while (!found && fgets(line, sizeof(line), f)) {
        struct sysv_state s;
        unsigned mode;
        int k;

        found = sscanf(line, "%d %d %o %zu %*d %*d %d", &k, &s.id, &mode, &s.size, &s.attached) == 5
                && k == (int)key && k != IPC_PRIVATE;
        s.mode = mode & 0777;
        if (found && out)
            *out = s;
    }
    (void)fclose(f);
    return found;
}

key_t sysv_key(void)
{
    static int count;
    key_t key;

    do /* the worker's pid, then a number of its own: below 2^31, and never IPC_PRIVATE */
        key = (key_t)(((unsigned)getpid() & 0x3fffff) << 8 | (unsigned)++count);
    while (sysv_find(key, NULL));
    (void)lend(NULL, key);
    return key;
}

bool sysv_exists(key_t key)
{
    return sysv_find(key, NULL);
}

struct sysv_state sysv_state(key_t key)
{
    struct sysv_state s;

    if (!sysv_find(key, &s))
        fail_signed(KIND_STATE, "no System V segment", "there is no System V segment with key %d",
                    (int)key);
    return s;
}

void *make_sysv(key_t key, size_t size)
{
    int id = shmget(key, size, IPC_CREAT | IPC_EXCL | 0600);
    struct shmid_ds info;
    void *p = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

    if (p == (void *)-1 || shmctl(id, IPC_STAT, &info) < 0)
        broken("cannot make a System V segment: %s", strerror(errno));
    if (lab.uid) {
        info.shm_perm.uid = lab.uid;
        info.shm_perm.gid = lab.uid;
        if (shmctl(id, IPC_SET, &info) < 0)
            broken("cannot give a System V segment to the programs: %s", strerror(errno));
    }
    return p;
}

void expect_sysv_gone(key_t key)
{
    struct lent *l = lent_key(key);

    if (l)
        l->over = true;
    if (sysv_exists(key))
        fail_signed(KIND_LEFTOVER, "System V segment left",
                    "the System V segment with key %d is still there", (int)key);
}

/* A program that stops itself --------------------------------------------------------------------- */

static bool stopped_or_ended(void *arg)
{
    const struct proc *p = arg;
    struct pinfo info;

    return p->ended || (procfs_info(p->pid, &info) && info.state == 'T');
}

bool await_stop(struct proc *p)
{
    wait_for(&(struct wait){.what = text("%s to stop or to end", p->name), .ready = stopped_or_ended,
                            .arg = p, .fd = -1, .look = true, .of = p});
    return !p->ended;
}

struct rest_wait {
    struct proc *p;
    int calls;
};

static bool blocked_or_ended(void *arg)
{
    const struct rest_wait *w = arg;

    return w->p->ended || blocked_in(w->p, w->calls);
}

bool await_blocked_or_end(struct proc *p, int calls)
{
    struct rest_wait w = {p, calls};

    wait_for(&(struct wait){.what = text("%s to end, or to block in a call that waits", p->name),
                            .ready = blocked_or_ended, .arg = &w, .fd = -1, .look = true, .of = p});
    return !p->ended;
}
