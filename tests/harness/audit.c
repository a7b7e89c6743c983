/* SPDX-License-Identifier: MIT */
/* audit: what a test leaves behind: found, charged, removed.
 *
 * Processes first, names afterwards: a process that still runs may still remove its names, and one
 * that the harness killed never could. So the names count only if every program ended by itself;
 * that it died by a signal is no excuse.
 *
 * Every test has a user of its own, so what belongs to that user belongs to the test. Its objects
 * are removed as that user: the judge has no right to (sticky folders, System V objects). Without
 * such users (at a student's desk, under memcheck) only the folder and the processes are looked
 * at. */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RECORDS_MAX = 50, DEPTH_MAX = 32 };

/* What the harness made ------------------------------------------------------------------------- */

struct ours {
    struct ours *next;
    char *path;
    bool any;  /* by this name, whoever made it */
    ino_t ino; /* else this very one: a student may have replaced our stale socket by his own */
    struct timespec mtime;
};
static struct ours *ours;

static void note(const char *path, bool any)
{
    struct ours *o = grab(sizeof(*o));
    struct stat st;

    o->path = copy_text(path);
    o->any = any;
    if (lstat(path, &st) == 0) {
        o->ino = st.st_ino;
        o->mtime = st.st_mtim;
        o->any |= S_ISREG(st.st_mode);
    }
    o->next = ours;
    ours = o;
}

void audit_note_ours(const char *path)
{
    note(path, false);
}

void expected_file(const char *path)
{
    note(path, true);
}

static bool is_ours(const char *path, const struct stat *st)
{
    for (const struct ours *o = ours; o; o = o->next)
        if (strcmp(o->path, path) == 0
            && (o->any || (o->ino == st->st_ino && o->mtime.tv_sec == st->st_mtim.tv_sec
                           && o->mtime.tv_nsec == st->st_mtim.tv_nsec)))
            return true;
    return false;
}

/* Records --------------------------------------------------------------------------------------- */

/* The only program of the test, if there is just one to blame. */
static const char *only_program(void)
{
    const char *name = NULL;

    for (const struct proc *p = lab.procs; p; p = p->next) {
        if (!p->student)
            continue;
        if (name && strcmp(name, p->name) != 0)
            return NULL;
        name = p->name;
    }
    return name;
}

static void report(const char *kind, const char *name, const char *program)
{
    static int count;
    json_t *r;

    if (count++ >= RECORDS_MAX)
        return;
    if (!record_wanted()) {
        (void)fprintf(stderr, "%s: left over: %s %s%s%s%s\n", lab.name, kind,
                      quoted(name, strlen(name), 100), program ? " (" : "", program ? program : "",
                      program ? ")" : "");
        return;
    }
    r = json_pack("{s:s, s:s, s:s}", "record", "leftover", "test", lab.name, "kind", kind);
    (void)json_object_set_new(r, "name", json_text(name));
    if (program)
        (void)json_object_set_new(r, "program", json_text(program));
    record_send(r);
}

/* Processes ------------------------------------------------------------------------------------- */

static void report_processes(void)
{
    struct pinfo *list;
    size_t count = procfs_list(&list);

    for (size_t i = 0; i < count; i++) {
        const struct proc *p = proc_by_session(list[i].session);
        bool dead = list[i].state == 'Z' || list[i].state == 'X';

        if (p && !p->student)
            continue; /* a helper: the test's own business */
        if (dead && list[i].ppid != getpid())
            continue; /* its parent still lives and is reported itself */
        report(dead ? "zombie" : "process", list[i].comm, p ? p->name : only_program());
    }
    free(list);
}

/* All processes of the user at once, as the user: nothing can fork fast enough to escape. */
static void kill_as_user(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        if (syscall(SYS_setresuid, lab.uid, lab.uid, lab.uid) == 0)
            (void)kill(-1, SIGKILL);
        _exit(0);
    }
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
}

static bool is_program(pid_t pid)
{
    for (const struct proc *p = lab.procs; p; p = p->next)
        if (p->pid == pid && !p->ended)
            return true;
    return false;
}

void proc_kill_all(void)
{
    uint64_t begin = now_ns();

    for (struct proc *p = lab.procs; p; p = p->next)
        p->killed |= !p->ended;
    for (int round = 0; now_ns() - begin < 2 * deadline_ns(); round++) {
        struct pinfo *list;
        size_t count = procfs_list(&list), left = 0;

        if (round > 3 && lab.own_uid)
            kill_as_user();
        for (size_t i = 0; i < count; i++) {
            left += !(lab.memcheck && list[i].state == 'Z'); /* the server reaps those */
            if (list[i].state != 'Z')
                (void)kill(list[i].pid, SIGKILL);
            else if (list[i].ppid == getpid() && !is_program(list[i].pid))
                (void)waitpid(list[i].pid, NULL, WNOHANG);
        }
        free(list);
        for (struct proc *p = lab.procs; p; p = p->next)
            left += !p->ended;
        if (!left)
            return;
        pump(-1, 0, round ? 1000 : 0);
    }
    (void)fprintf(stderr, "harness: processes of test %s survive SIGKILL\n", lab.name);
}

/* Names ----------------------------------------------------------------------------------------- */

static const char *kind_of(mode_t mode)
{
    return S_ISSOCK(mode) ? "socket" : S_ISFIFO(mode) ? "fifo" : "file";
}

struct walk {
    bool report, remove;
    const char *prefix; /* of names in reports */
    bool owned;         /* only what belongs to the test's user */
    const char *(*kind)(const char **name, mode_t mode); /* NULL: kind_of() */
};

static void walk_folder(int dir_fd, const struct walk *w, const char *prefix, int depth)
{
    DIR *dir = fdopendir(dir_fd); /* takes dir_fd */
    struct dirent *e;

    if (!dir) {
        (void)close(dir_fd);
        return;
    }
    while ((e = readdir(dir))) {
        const char *path = text("%s%s", prefix, e->d_name);
        struct stat st;
        bool folder;

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0
            || fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        folder = S_ISDIR(st.st_mode);
        if (w->owned && st.st_uid != lab.uid)
            continue;
        if (folder && depth < DEPTH_MAX) {
            int sub = openat(dirfd(dir), e->d_name,
                             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

            if (sub >= 0)
                walk_folder(sub, w, text("%s/", path), depth + 1);
        }
        if (w->report && !folder && !is_ours(path, &st) && !(w->owned && shm_is_lent(path))) {
            const char *kind = w->kind ? w->kind(&path, st.st_mode) : kind_of(st.st_mode);

            report(kind, path, only_program());
        }
        if (w->remove)
            (void)unlinkat(dirfd(dir), e->d_name, folder ? AT_REMOVEDIR : 0);
    }
    (void)closedir(dir);
}

static void walk(const char *folder, const struct walk *w)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        walk_folder(fd, w, w->prefix, 0);
}

/* A named semaphore is a file sem.NAME among the shared memory objects. */
static const char *shm_kind(const char **name, mode_t mode)
{
    (void)mode;
    if (strncmp(*name, "/sem.", 5) != 0)
        return "shm";
    *name = text("/%s", *name + 5);
    return "semaphore";
}

static const char *mqueue_kind(const char **name, mode_t mode)
{
    (void)name;
    (void)mode;
    return "mqueue";
}

static void remove_sysv(const char *table, int id)
{
    if (strcmp(table, "shm") == 0)
        (void)shmctl(id, IPC_RMID, NULL);
    else if (strcmp(table, "sem") == 0)
        (void)semctl(id, 0, IPC_RMID);
    else
        (void)msgctl(id, IPC_RMID, NULL);
}

/* The columns differ between the three tables; the first line names them. */
static int column(const char *header, const char *name)
{
    char word[32];
    int n = 0, used;

    while (sscanf(header, "%31s%n", word, &used) == 1) {
        if (strcmp(word, name) == 0)
            return n;
        header += used;
        n++;
    }
    return -1;
}

static void walk_sysv(const char *table, bool do_report, bool do_remove)
{
    FILE *f = fopen(text("/proc/sysvipc/%s", table), "re");
    char line[512];
    int uid_at = -1, cuid_at = -1;

    if (f && fgets(line, sizeof(line), f)) {
        uid_at = column(line, "uid");
        cuid_at = column(line, "cuid");
    }
    while (f && fgets(line, sizeof(line), f)) {
        char *at = line;
        long value[8] = {0};
        bool hit = false;

        for (int i = 0; i <= uid_at || i <= cuid_at; i++) {
            long v = strtol(at, &at, i == 2 ? 8 : 10);

            if (i < 8)
                value[i] = v;
            hit |= (i == uid_at || i == cuid_at) && v == (long)lab.uid;
        }
        if (!hit)
            continue;
        if (do_report && !(strcmp(table, "shm") == 0 && sysv_is_lent(value[0]))) /* key 0 is IPC_PRIVATE */
            report(text("sysv-%s", table), value[0] ? text("key 0x%08x", (unsigned)value[0])
                                                    : "key IPC_PRIVATE",
                   only_program());
        if (do_remove)
            remove_sysv(table, (int)value[1]);
    }
    if (f)
        (void)fclose(f);
}

static void walk_shared(bool do_report, bool do_remove)
{
    struct walk w = {.report = do_report, .remove = do_remove, .owned = true};

    w.prefix = "/tmp/";
    walk("/tmp", &w);
    w.prefix = "/";
    w.kind = shm_kind;
    walk("/dev/shm", &w);
    w.kind = mqueue_kind;
    walk("/dev/mqueue", &w);
    walk_sysv("shm", do_report, do_remove);
    walk_sysv("sem", do_report, do_remove);
    walk_sysv("msg", do_report, do_remove);
}

static void remove_as_user(void)
{
    pid_t pid = fork();

    if (pid == 0) { /* a copy of us: it may use everything, but must not return */
        if (syscall(SYS_setresuid, lab.uid, lab.uid, lab.uid) == 0)
            walk_shared(false, true);
        _exit(0);
    }
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
}

static void report_queue(const char *name)
{
    report("mqueue", name, only_program());
}

void audit(bool charge)
{
    struct walk w = {.remove = true, .prefix = ""};

    charge = charge && !lab.memcheck;
    if (charge)
        report_processes();
    proc_kill_all();
    for (const struct proc *p = lab.procs; p; p = p->next)
        charge = charge && !p->killed;
    w.report = charge;
    walk(lab.folder, &w);
    if (lab.own_uid) {
        if (charge)
            walk_shared(true, false);
        remove_as_user();
    }
    shm_audit();
    /* By owner they were found above, if there is a list of them. */
    queue_audit(charge && !(lab.own_uid && queue_listed()) ? report_queue : NULL);
}
