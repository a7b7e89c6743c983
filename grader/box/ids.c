/* SPDX-License-Identifier: MIT */
/* ids: slots of 256 ids. A slot is held by an abstract socket name, which the kernel gives back
 * when its holder dies, however that happens. Slots are taken in turn, not lowest first: the
 * account of one that was used a moment ago may still be settling. */
#define _GNU_SOURCE 1
#include "box/ids.h"

#include "util/cleanup.h"
#include "util/err.h"
#include "util/i18n.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOT_FIRST UINT32_C(0x70000000) /* no distribution gives these ids to anybody */
enum { SLOTS_MAX = 4096 };

struct range {
    uint32_t first, count;
};

/* As root in a container only some ids exist. Takes ROOT_FIRST where it is, else the upper half of
 * the last stretch. */
static int read_own_map(const char *path, struct range *found, struct err *err)
{
    CLEANUP(fclose_file) FILE *f = fopen(path, "re");
    unsigned long inside, outside, count;
    uint32_t want = SLOTS_MAX * IDS_PER_BOX;

    *found = (struct range){0};
    if (!f)
        return err_errno(err, errno, N_("cannot open '%s'"), path);
    while (fscanf(f, "%lu %lu %lu", &inside, &outside, &count) == 3) {
        if (inside <= ROOT_FIRST && ROOT_FIRST - inside + want <= count) {
            *found = (struct range){ROOT_FIRST, want};
            return 0;
        }
        if (inside + count > (unsigned long)found->first + found->count)
            *found = (struct range){(uint32_t)(inside + count / 2), (uint32_t)(count - count / 2)};
    }
    if (found->count > want)
        found->count = want;
    if (found->count < IDS_PER_BOX)
        return err_set(err,
                       N_("only %u user ids exist in this container, a box needs %d: run the grader "
                          "as a user with subordinate ids, or start the container with more ids"),
                       found->count, IDS_PER_BOX);
    return 0;
}

/* Lines "NAME:FIRST:COUNT", where NAME may also be the number. The largest range wins. */
static int read_subids(const char *path, const char *name, uid_t uid, struct range *found,
                       struct err *err)
{
    CLEANUP(fclose_file) FILE *f = fopen(path, "re");
    char line[256], number[16];

    *found = (struct range){0};
    (void)snprintf(number, sizeof(number), "%u", (unsigned)uid);
    while (f && fgets(line, sizeof(line), f)) {
        char *colon = strchr(line, ':');
        unsigned long first, count;

        if (!colon || sscanf(colon, ":%lu:%lu", &first, &count) != 2)
            continue;
        *colon = '\0';
        if ((strcmp(line, name) == 0 || strcmp(line, number) == 0) && count > found->count &&
            first <= UINT32_MAX && count <= UINT32_MAX)
            *found = (struct range){(uint32_t)first, (uint32_t)count};
    }
    if (found->count < IDS_PER_BOX - 1)
        return err_set(err,
                       N_("user '%s' has no subordinate ids in '%s': ask an administrator for "
                          "'usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s'"),
                       name, path, name);
    return 0;
}

/* The uid in the name: slots of different users are different ids. -1 with errno. */
static int lock_slot(const struct ids *ids, unsigned slot)
{
    CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int n;

    if (fd < 0)
        return -1;
    n = snprintf(sa.sun_path + 1, sizeof(sa.sun_path) - 1, "grader-box-%u-%u",
                 (unsigned)ids->own_uid, slot);
    if (bind(fd, (struct sockaddr *)&sa,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) < 0)
        return -1;
    return take_fd(&fd);
}

static int take_slot(struct ids *ids, unsigned slots, const unsigned *first, size_t n_first,
                     struct err *err)
{
    static unsigned next;
    static pid_t seeded_in;

    /* Workers forked from one grader start at different places, and so do the graders of several
     * containers, whose processes have the same numbers and whose users are the same for the kernel. */
    if (seeded_in != getpid()) {
        seeded_in = getpid();
        if (getrandom(&next, sizeof(next), 0) < 0)
            next = (unsigned)seeded_in * 7919U;
    }
    for (unsigned tries = 0; tries < slots + n_first; tries++) {
        ids->slot = (tries < n_first ? first[tries] : next++) % slots;
        ids->lock_fd = lock_slot(ids, ids->slot);
        if (ids->lock_fd >= 0)
            return 0;
        if (errno != EADDRINUSE)
            return err_errno(err, errno, N_("cannot take user ids for a box"));
    }
    return err_set(err, N_("all %u ranges of user ids are in use: run fewer boxes at once"), slots);
}

static int choose_as_root(struct range *uids, struct range *gids, struct err *err)
{
    if (read_own_map("/proc/self/uid_map", uids, err) < 0)
        return -1;
    return read_own_map("/proc/self/gid_map", gids, err);
}

static int choose_as_user(const struct ids *ids, struct range *uids, struct range *gids,
                          struct err *err)
{
    const struct passwd *pw = getpwuid(ids->own_uid);
    char name[64];

    if (!pw)
        return err_set(err,
                       N_("user %u has no account here, so no subordinate ids: run the grader as a "
                          "user with an account, or as root"),
                       (unsigned)ids->own_uid);
    (void)snprintf(name, sizeof(name), "%s", pw->pw_name);
    if (access("/usr/bin/newuidmap", X_OK) < 0 || access("/usr/bin/newgidmap", X_OK) < 0)
        return err_set(err,
                       N_("no newuidmap and newgidmap: install uidmap (apt-get install uidmap), or "
                          "run the grader as root"));
    if (read_subids("/etc/subuid", name, ids->own_uid, uids, err) < 0)
        return -1;
    return read_subids("/etc/subgid", name, ids->own_uid, gids, err);
}

int ids_take(struct ids *ids, bool single, const unsigned *first, size_t n_first, struct err *err)
{
    struct ids tmp = {.own_uid = geteuid(), .own_gid = getegid(), .lock_fd = -1};
    struct range uids, gids;
    uint32_t each, slots;

    tmp.single = single;
    tmp.privileged = tmp.own_uid == 0 && !single;
    if (single && tmp.own_uid == 0)
        return err_set(err, N_("mode shared is for an ordinary user; root can do better"));
    if (single) {
        tmp.first_uid = tmp.own_uid;
        tmp.first_gid = tmp.own_gid;
        if (take_slot(&tmp, SLOTS_MAX, NULL, 0, err) < 0)
            return -1;
        *ids = tmp;
        return 0;
    }
    if ((tmp.privileged ? choose_as_root(&uids, &gids, err)
                        : choose_as_user(&tmp, &uids, &gids, err)) < 0)
        return -1;
    each = tmp.privileged ? IDS_PER_BOX : IDS_PER_BOX - 1;
    slots = (uids.count < gids.count ? uids.count : gids.count) / each;
    if (slots > SLOTS_MAX)
        slots = SLOTS_MAX;
    if (take_slot(&tmp, slots, first, n_first, err) < 0)
        return -1;
    tmp.first_uid = uids.first + tmp.slot * each;
    tmp.first_gid = gids.first + tmp.slot * each;
    *ids = tmp;
    return 0;
}

void ids_release(struct ids *ids)
{
    close_fd(&ids->lock_fd);
}

int ids_become(const struct ids *ids)
{
    if (!ids->privileged)
        return 0;
    /* The raw calls: those of the C library want to tell other threads, which a child has not. */
    if (syscall(SYS_setgroups, 0L, NULL) < 0 ||
        syscall(SYS_setresgid, ids->first_gid, ids->first_gid, ids->first_gid) < 0 ||
        syscall(SYS_setresuid, ids->first_uid, ids->first_uid, ids->first_uid) < 0)
        return -1;
    return 0;
}

static int write_map(pid_t child, const char *which, unsigned long first, int count,
                     struct err *err)
{
    char path[64], text[64];
    CLEANUP(close_fd) int fd = -1;
    int n;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)child, which);
    n = snprintf(text, sizeof(text), "0 %lu %d\n", first, count);
    if (count == 0) /* groups cannot be dropped, or who is in fewer of them could gain by it */
        n = snprintf(text, sizeof(text), "deny");
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, (size_t)n) != n)
        return err_errno(err, errno, N_("cannot give a box its user ids (%s)"), which);
    return 0;
}

static int run_mapper(const char *tool, pid_t child, unsigned long own, unsigned long first,
                      struct err *err)
{
    char pid_text[24], own_text[24], first_text[24], count_text[24], log[256] = "";
    char *argv[] = {(char *)tool, pid_text, "0", own_text, "1", "1", first_text, count_text, NULL};
    char *envp[] = {NULL};
    CLEANUP(close_fd) int out = memfd_create("newidmap", MFD_CLOEXEC);
    posix_spawn_file_actions_t actions;
    int status = 0, failed;
    pid_t pid;

    (void)snprintf(pid_text, sizeof(pid_text), "%d", (int)child);
    (void)snprintf(own_text, sizeof(own_text), "%lu", own);
    (void)snprintf(first_text, sizeof(first_text), "%lu", first);
    (void)snprintf(count_text, sizeof(count_text), "%d", IDS_PER_BOX - 1);
    if (out < 0)
        return err_errno(err, errno, "cannot create a memfd");
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
    failed = posix_spawn(&pid, tool, &actions, NULL, argv, envp);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (failed)
        return err_errno(err, failed, N_("cannot run '%s'"), tool);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (status == 0)
        return 0;
    (void)!pread(out, log, sizeof(log) - 1, 0);
    log[strcspn(log, "\n")] = '\0';
    return err_set(err,
                   N_("%s failed: %s; it has to be set-uid root, and the grader must not run under "
                      "no_new_privs"),
                   tool, log);
}

/* A map may be written by who has CAP_SETUID outside and CAP_SYS_ADMIN inside. Its owner has all
 * capabilities inside: so root of a container, who has not CAP_SYS_ADMIN anywhere, writes it with the
 * owner's effective uid. */
static int become_owner(const struct ids *ids)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[2] = {0};

    if (syscall(SYS_setresgid, -1, ids->first_gid, -1) < 0 ||
        syscall(SYS_setresuid, -1, ids->first_uid, -1) < 0 || syscall(SYS_capget, &head, caps) < 0)
        return -1;
    caps[0].effective = caps[0].permitted;
    return (int)syscall(SYS_capset, &head, caps);
}

static int write_maps_as_owner(const struct ids *ids, pid_t child, struct err *err)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        struct err why = {0};
        if (become_owner(ids) < 0)
            _exit(errno);
        if (write_map(child, "uid_map", ids->first_uid, IDS_PER_BOX, &why) < 0 ||
            write_map(child, "gid_map", ids->first_gid, IDS_PER_BOX, &why) < 0)
            _exit(why.code);
        _exit(0);
    }
    if (pid < 0)
        return err_errno(err, errno, N_("cannot fork"));
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_errno(err, errno, N_("cannot wait for a process"));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return err_errno(err, WIFEXITED(status) ? WEXITSTATUS(status) : EINTR,
                     N_("cannot give a box its user ids; root of a container needs the capabilities "
                        "SETUID, SETGID, DAC_OVERRIDE and KILL"));
}

int ids_map(const struct ids *ids, pid_t child, struct err *err)
{
    if (ids->privileged)
        return write_maps_as_owner(ids, child, err);
    if (ids->single)
        return write_map(child, "setgroups", 0, 0, err) < 0 ||
                       write_map(child, "uid_map", ids->own_uid, 1, err) < 0
                   ? -1
                   : write_map(child, "gid_map", ids->own_gid, 1, err);
    return run_mapper("/usr/bin/newuidmap", child, ids->own_uid, ids->first_uid, err) < 0
               ? -1
               : run_mapper("/usr/bin/newgidmap", child, ids->own_gid, ids->first_gid, err);
}
