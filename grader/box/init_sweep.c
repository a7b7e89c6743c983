/* SPDX-License-Identifier: MIT */
/* sweep: the end of a box without namespaces, where nothing goes by itself. What belongs to it is
 * known by its uids, which nobody else has; what the judge started, by its descent from init, which
 * is the subreaper of the box. Processes first, so that nothing new comes while the rest is removed. */
#define _GNU_SOURCE 1
#include "box/init.h"

#include "box/empty.h"
#include "box/wire.h"
#include "util/cleanup.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SWEEP_DEADLINE_MS = 20000, END_MS = 5000, USERS = WIRE_UID_REAPER + 1 };

static bool is_ours(uid_t uid)
{
    return uid > init.first_uid && uid - init.first_uid < USERS;
}

/* Processes ---------------------------------------- */

/* Ends a child of ours. A pidfd, because a process that hangs in the kernel must not hang us. */
static void end_child(pid_t pid)
{
    CLEANUP(close_fd) int fd = (int)syscall(SYS_pidfd_open, pid, 0U);
    struct pollfd p = {.fd = fd, .events = POLLIN};

    (void)kill(pid, SIGKILL);
    if (fd >= 0)
        (void)poll(&p, 1, END_MS);
    (void)waitpid(pid, NULL, WNOHANG);
}

/* One round. False: nobody was there any more. */
static bool end_processes(void)
{
    CLEANUP(closedir_dir) DIR *proc = opendir("/proc");
    bool users[USERS] = {false}, found = false;
    const struct dirent *e;
    int ignored;

    while (proc && (e = readdir(proc))) {
        struct init_status status;

        if (!isdigit((unsigned char)e->d_name[0]) || !spawn_read_status(e->d_name, &status))
            continue;
        if (status.parent == getpid())
            end_child((pid_t)atoi(e->d_name));
        else if (!is_ours(status.uid) || !status.alive)
            continue;
        if (is_ours(status.uid))
            users[status.uid - init.first_uid] = true;
        found = true;
    }
    for (uid_t i = 1; i < USERS; i++)
        if (users[i])
            (void)spawn_kill_uid(init.first_uid + i, &ignored);
    return found;
}

/* Files ---------------------------------------- */

/* What users of the box have in a folder that everybody may write to. */
static void sweep_public(const char *path)
{
    CLEANUP(closedir_dir) DIR *dir = opendir(path);
    const struct dirent *e;

    while (dir && (e = readdir(dir))) {
        CLEANUP(close_fd) int fd = -1;
        struct stat st;

        if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !is_ours(st.st_uid))
            continue;
        if (S_ISDIR(st.st_mode)) {
            fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (fd >= 0)
                empty_folder(fd);
        }
        (void)unlinkat(dirfd(dir), e->d_name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
    }
}

void sweep_folders(void)
{
    CLEANUP(close_fd) int fd =
        open(init.root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return;
    empty_folder(fd);
    (void)rmdir(init.root);
}

/* System V objects ---------------------------------------- */

/* The columns differ between the tables; the first line names them. */
static int column(const char *header, const char *name)
{
    char word[32];
    int n = 0, used;

    for (; sscanf(header, "%31s%n", word, &used) == 1; n++, header += used)
        if (strcmp(word, name) == 0)
            return n;
    return -1;
}

/* Calls each() for every object of users of the box: its id, and its owner and maker. */
static void each_object(const char *table, void (*each)(const char *table, int id, uid_t uid, void *arg),
                        void *arg)
{
    char path[32], line[512];
    CLEANUP(fclose_file) FILE *f = NULL;
    int owner, maker;

    (void)snprintf(path, sizeof(path), "/proc/sysvipc/%s", table);
    f = fopen(path, "re");
    if (!f || !fgets(line, sizeof(line), f))
        return;
    owner = column(line, "uid");
    maker = column(line, "cuid");
    while (fgets(line, sizeof(line), f)) {
        char *save = NULL;
        int id = -1, at = 0;
        uid_t found[2] = {0, 0};

        for (const char *w = strtok_r(line, " \n", &save); w; w = strtok_r(NULL, " \n", &save), at++) {
            if (at == 1)
                id = atoi(w);
            if (at == owner || at == maker)
                found[at == maker] = (uid_t)strtoul(w, NULL, 10);
        }
        for (size_t i = 0; i < 2; i++)
            if (is_ours(found[i]))
                each(table, id, found[i], arg);
    }
}

static const char *const tables[] = {"shm", "sem", "msg"};

static void note_owner(const char *table, int id, uid_t uid, void *arg)
{
    bool *users = arg;

    (void)table;
    (void)id;
    users[uid - init.first_uid] = true;
}

static void remove_object(const char *table, int id, uid_t uid, void *arg)
{
    (void)arg;
    if (uid != geteuid())
        return;
    if (strcmp(table, "shm") == 0)
        (void)shmctl(id, IPC_RMID, NULL);
    else if (strcmp(table, "sem") == 0)
        (void)semctl(id, 0, IPC_RMID);
    else
        (void)msgctl(id, IPC_RMID, NULL);
}

/* Only their owner and maker may remove them: container root may not (no CAP_SYS_ADMIN). */
static void sweep_objects(void)
{
    bool users[USERS] = {false};

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        each_object(tables[i], note_owner, users);
    for (uid_t u = 1; u < USERS; u++) {
        pid_t pid = users[u] ? fork() : -1;

        if (pid == 0) {
            const uid_t uid = init.first_uid + u;

            if (setresuid(uid, uid, uid) == 0)
                for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
                    each_object(tables[i], remove_object, NULL);
            _exit(0);
        }
        while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
}

void sweep_users(void)
{
    static const char *const folders[] = {"/dev/mqueue", "/dev/shm", "/tmp", "/var/tmp", "/run/lock"};
    const int64_t deadline = init_now_ms() + SWEEP_DEADLINE_MS;

    while (end_processes() && init_now_ms() < deadline)
        ;
    sweep_objects();
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        sweep_public(folders[i]);
}
