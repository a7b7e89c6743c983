/* SPDX-License-Identifier: MIT */
/* box: the place where what students wrote is compiled and run. Knows nothing of labs.
 *
 *   box_open                      namespaces, folders, process 1 (init.c)        ~ 10 ms
 *   box_mkdir box_put box_symlink things go in, as descriptors or bytes
 *   box_start box_wait box_run    programs run, under the uid they are given
 *   box_get box_list              things come out
 *   box_close                     nothing of the box is alive any more when it returns
 *
 * Every call that can fail returns 0 or -1 with *err; -1 is always a fault of ours (or of the
 * machine), never of a submission: how a program ended is data, in struct proc_result.
 *
 * Paths are absolute paths inside the box without "..". No part of one may be a symbolic link when
 * the grader uses it: students may have made that link. (Programs in the box use links as usual.)
 * The box's own folders are /judge, /sub, /peers, /tests and /vg, everywhere in this interface. Where
 * a box has no mount namespace (mode users) programs see them elsewhere: in what a program is
 * started with, a path, an argument or a variable's value that begins with one of them is changed to
 * what it is called inside. What programs write about paths is not changed back.
 *
 * A box belongs to the process, and to the thread, that opened it: when that ends, the box ends.
 * A process that forks without exec while it has a box keeps the box alive through the copy of the
 * descriptors; use O_CLOEXEC'd exec, or open boxes after the fork. Nobody else may wait() for any
 * child (waitpid(-1)) while a box is open.
 *
 * To add a mode: a value in enum box_mode, its name in the table of box.c, its way of making the
 * two identities in enter.c and ids.c, and its column in docs/box.md. */
#ifndef BOX_BOX_H
#define BOX_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;
struct box; /* opaque */

/* Who is who in a box. Numbers up to BOX_UID_LAST exist; gid = uid everywhere. */
enum {
    BOX_JUDGE = 0,          /* the test runner: may look into everything, trusted */
    BOX_BUILDER = 1,        /* the compiler */
    BOX_MEMCHECK = 2,       /* valgrind's fork server */
    BOX_STUDENT_FIRST = 10, /* from here on: student code, one uid per test */
    BOX_UID_LAST = 250
};

#define BOX_FILTER_PATH "/judge/filter.bpf" /* array of struct sock_filter, for LAB_FILTER */
#define BOX_MEMORY_PATH "/judge/memory"     /* uids that were killed for memory, a line each; for LAB_MEMORY */

enum box_mode {
    BOX_AUTO,   /* the best that works here, but never shared */
    BOX_FULL,   /* all namespaces private, two identities */
    BOX_USERS,  /* two identities, no namespaces: in a container, which is all that is private */
    BOX_SHARED, /* namespaces, one identity: students can do all that the judge can. Not for marks */
    BOX_MODES
};

const char *box_mode_name(enum box_mode mode);             /* "auto", "full", "users", "shared" */
int box_mode_parse(const char *name, enum box_mode *mode); /* -1: no such mode */

/* Zero means "the safe default" in every field. */
struct box_spec {
    enum box_mode mode;
    /* Sizes of the folders that can be written to, in bytes. They are tmpfs: memory is taken as it
     * is used. Zero: 64 MiB, for tests_bytes 128 MiB. */
    size_t judge_bytes, sub_bytes, peers_bytes, tests_bytes, vg_bytes, tmp_bytes, shm_bytes;
    size_t memory_bytes; /* of all programs but the judge's, together; zero: 1 GiB */
    size_t group_bytes;  /* of the whole box, its folders and the judge included, where the kernel
                          * can limit that (cgroup.h); zero: memory_bytes and 1 GiB */
    size_t debug_bytes;  /* /usr/lib/debug, an empty one that covers the host's ... */
    bool show_debug;     /* ... unless this, or in mode users: then the host's is seen, read-only */
    bool show_usr_local; /* default: /usr/local is empty in the box */
    const char *const
        *hide;         /* more folders under /usr to cover, up to NULL; missing ones are skipped */
    bool allow_memfd;  /* memfd_create for students: only where a memory limit counts it */
    const char *bwrap; /* NULL: looked for in /usr/bin, /usr/local/bin, /bin */
};

int box_open(const struct box_spec *spec, struct box **box, struct err *err); /* spec may be NULL */

/* Ends the box. When it returns no process of the box is alive and its files, queues and segments
 * are gone. Bounded: some milliseconds, seconds when a submission made a million files. NULL is
 * fine. */
void box_close(struct box *box);

enum box_mode box_mode(const struct box *box); /* never BOX_AUTO */
/* The number that a uid of this interface has for programs in the box. In mode shared always 0. */
uid_t box_inner_uid(const struct box *box, uid_t uid);
/* Does the kernel limit its memory? Elsewhere process 1 looks at it ten times a second. */
bool box_has_memory_group(const struct box *box);
const char *
box_describe(const struct box *box); /* "full (host root, uids 1879048192-1879048447)" */

/* Files. 'mode' as for chmod, exactly (no umask); the owner is uid, the group has the same number.
 */
int box_mkdir(struct box *box, const char *path, mode_t mode, uid_t uid, struct err *err);
/* All of the regular file (or memfd) behind fd, from its start; the offset of fd is not used. What
 * was there under this name is replaced. */
int box_put(struct box *box, const char *path, int fd, mode_t mode, uid_t uid, struct err *err);
int box_put_mem(struct box *box, const char *path, const void *data, size_t n, mode_t mode,
                uid_t uid, struct err *err);
int box_symlink(struct box *box, const char *target, const char *path, struct err *err);
int box_chown(struct box *box, const char *path, uid_t uid, struct err *err);
int box_unlink(struct box *box, const char *path, struct err *err); /* not a folder */

/* A copy of the regular file 'path' as it is now, in a sealed memfd that the caller closes: nobody
 * can change it any more, and reading it cannot block. err->code: ENOENT, ELOOP (a symbolic link),
 * EINVAL (not a regular file), EFBIG (more than max_bytes). */
int box_get(struct box *box, const char *path, size_t max_bytes, int *fd, struct err *err);

/* Names in a folder, sorted, without "." and "..". */
struct box_names {
    char **names;
    size_t count;
    bool truncated; /* there were more than asked for */
};
int box_list(struct box *box, const char *dir, size_t max, struct box_names *names,
             struct err *err);
void box_names_release(struct box_names *names);

/* A SOCK_SEQPACKET socket that listens at 'path' in the box (mode 0600, owner 0). The grader
 * accepts connections on *fd, which does not block, and closes it. */
int box_listen(struct box *box, const char *path, int *fd, struct err *err);

/* Programs ---------------------------------------- */

/* Zero: the default in brackets. There is no "unlimited" but in as_bytes. */
struct proc_limits {
    unsigned wall_ms;               /* [10000] then everything of the program is killed */
    unsigned cpu_s;                 /* [wall in seconds + 1] of one process */
    unsigned nproc;                 /* [64; judge 1024] processes and threads of the uid */
    unsigned nofile;                /* [256; judge 1024] */
    unsigned long long fsize_bytes; /* [16 MiB; judge 256 MiB] of one file */
    unsigned long long stack_bytes; /* [8 MiB] */
    unsigned long long as_bytes;    /* [none] address space; not with sanitizers */
};

enum { PROC_FDS_MAX = 16 };

enum proc_flag {
    PROC_NO_FILTER = 1 /* no seccomp program although uid != 0 */
};

struct proc_spec {
    const char *const *argv; /* up to NULL; a vector, never a shell string */
    const char *path; /* what is run; NULL: argv[0]. Without '/': looked for in /usr/bin ... */
    const char *const *env; /* up to NULL; NULL: PATH, HOME=/tmp, LANG=C.UTF-8 */
    const char *cwd;        /* NULL: "/" */
    uid_t uid;              /* BOX_JUDGE is 0: say it where it is meant */
    const int *fds;         /* descriptors 0 ... nfds-1 of the program; -1: /dev/null */
    size_t nfds;            /* less than 3: the missing ones of 0-2 are /dev/null */
    struct proc_limits limits;
    unsigned flags; /* enum proc_flag */
};

enum proc_end {
    PROC_EXITED,     /* code: exit code. 137 is a number, not a signal */
    PROC_SIGNALED,   /* code: signal */
    PROC_WALL,       /* killed at its wall limit. code: 0 */
    PROC_EXEC_FAILED /* it never ran. code: errno, 'step' names what failed ("exec", "enter '...'")
                      */
};

struct proc_result {
    enum proc_end end;
    int code;
    unsigned wall_ms;
    unsigned cpu_ms; /* with the children it has waited for */
    unsigned long long maxrss_bytes;
    char step[64]; /* "" unless PROC_EXEC_FAILED */
};

/* "exit 1", "signal 11 (Segmentation fault)", ...: for messages. */
void proc_describe(const struct proc_result *res, char *text, size_t size);

/* Starts a program in a session of its own; *id names it from now on. It does not block: whether
 * exec worked stands in the result. The caller keeps the descriptors. */
int box_start(struct box *box, const struct proc_spec *spec, unsigned *id, struct err *err);

/* Waits for the end of program 'id' and forgets it. What it left running goes on until
 * box_kill_uid or box_close. */
int box_wait(struct box *box, unsigned id, struct proc_result *res, struct err *err);

/* box_start and box_wait. Output goes to files or memfds: nobody reads pipes meanwhile. */
int box_run(struct box *box, const struct proc_spec *spec, struct proc_result *res,
            struct err *err);

/* For a loop of the caller's: box_fd is readable as long as something has to be dispatched or an
 * end has to be fetched. After box_dispatch, which never blocks, fetch the ends with box_poll:
 * 1: ended, *res is filled, the id is forgotten; 0: still running (or no such id). */
int box_fd(const struct box *box);
int box_dispatch(struct box *box, struct err *err);
int box_poll(struct box *box, unsigned id, struct proc_result *res);

/* Kills the process group of program 'id', with a uid other than 0 everything of that uid. It ends
 * as PROC_SIGNALED; fetch it as usual. Gone already: 0. */
int box_kill(struct box *box, unsigned id, struct err *err);

/* Kills every process of this uid until none is left; *killed (may be NULL) is how many there were.
 * uid 0 is refused. */
int box_kill_uid(struct box *box, uid_t uid, unsigned *killed, struct err *err);

#endif
