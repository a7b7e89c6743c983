/* SPDX-License-Identifier: MIT */
/* inside: what the files of the harness share; lab tests never include it.
 *
 * Who runs where. The runner (Criterion) forks and execs itself once per test: a worker. All of the
 * harness but hooks.c runs in the worker, in one thread, in one place: pump() in wait.c is the only
 * poll loop, and every wait goes through wait_for(). A worker holds one test, the global 'lab'. It
 * is the parent of the programs and the subreaper of what they leave; under memcheck the parent is
 * the fork server (memcheck.c) and the worker holds a connection to it per program.
 *
 * Nothing is freed: a worker's memory ends with it. */
#ifndef LAB_INSIDE_H
#define LAB_INSIDE_H

#define LAB_HARNESS_INSIDE
#include "harness.h"

#include <dirent.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

enum {
    DEADLINE_MS = 5000,   /* of one wait, times LAB_TIME_FACTOR */
    MEMCHECK_FACTOR = 10, /* and times this under memcheck */
    STRETCH = 10,         /* a loaded machine may stretch a deadline, and a test, so many times */
    WATCHDOG = 12,        /* the worker kills itself after so many deadlines: our own fault */
    OUTPUT_MAX = 16 * 1024 * 1024 /* bytes kept of a connection, or of a file; more fails the test */
};

struct stream { /* what a program writes */
    int fd;     /* -1: at its end */
    char *data; /* always followed by a NUL */
    size_t size, room;
};

struct proc {
    struct proc *next;
    char name[64]; /* its program */
    bool student;  /* from LAB_PROGRAMS: its end is recorded, its leftovers are charged */
    pid_t pid;
    int pidfd;
    int server;          /* connection to the fork server that will tell its status, or -1 */
    bool ended;          /* and 'status' is known, and everything it wrote itself is in the streams */
    bool awaited;        /* the test asked how it ended */
    bool killed;         /* by the harness, with SIGKILL: it could not clean up */
    int status;          /* as of waitpid */
    uint64_t sent;       /* bit N: the test sent it signal N */
    bool frozen;         /* by freeze() */
    bool frozen_below;   /* its children, by freeze_offspring() */
    struct stream out, err;
    bool out_held;       /* out is not read for now */
    size_t output_max;   /* bytes kept of one stream; more fails the test */
    size_t taken;        /* of out: bytes given out as lines */
    int in;              /* write end of its standard input, -1: closed */
    char *input;         /* still to be written from input[in_done] */
    size_t in_size, in_done;
    bool in_close;       /* close when all is written */
};

struct test {
    const char *name;
    const char *file; /* where the test stands now */
    int line;
    const char *clue;
    char *programs, *helpers; /* absolute folders */
    char *folder;             /* absolute, the working folder */
    uid_t uid;                /* of its programs; 0: the harness's own */
    bool own_uid;             /* nobody else has it: everything of this user is the test's */
    bool memcheck;
    double factor;            /* of deadlines */
    uint64_t begin_ns;
    struct proc *procs;       /* in order of start */
    struct proc **tail;
    bool ending;              /* no failure may be raised any more */
};
extern struct test lab;

/* test.c */
void lab_vfail(enum kind kind, const char *condition, const char *clue, const char *signature,
               const char *format, va_list ap) __attribute__((noreturn, format(printf, 5, 0)));
/* A failure with a signature of its own; the clue is the one in force. */
void fail_signed(enum kind kind, const char *signature, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));
/* The test's time begins now: it had to wait for others before it could. */
void test_clock_restart(void);
/* Our own fault: the test ends as "error". */
void broken(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
const char *kind_name(enum kind kind);

/* util.c: memory that never fails, time, text */
void *grab(size_t size);
void *grow(void *p, size_t size);
char *copy_text(const char *s);
uint64_t now_ns(void);
uint64_t deadline_ns(void); /* length of one */
/* Bytes as a person can read them in one line: "abc\n\x01", cut after 'max' bytes with "...". */
const char *quoted(const void *bytes, size_t size, size_t max);
const char *signal_name(int sig);
const char *ending_of(int status); /* "ended with exit 1", "was ended by SIGPIPE" */
/* "'x' instead of 'y'" around the first difference */
const char *difference(const void *got, size_t got_size, const void *want, size_t want_size);

/* wait.c */
struct wait {
    const char *what;          /* completes "while the test waited for ..." */
    bool (*ready)(void *arg);  /* looked at after every event; may fail the test itself */
    void *arg;
    int fd;                    /* also wake for this one, -1: none */
    short events;
    bool look;                 /* ready() looks at /proc: ask it again every few milliseconds */
    struct proc *of;           /* the program waited for, if it is one: its end is no surprise */
    enum kind kind;            /* of the failure at the deadline */
    const char *signature;     /* of that failure, where kind is not KIND_HANG */
    bool ours;                 /* nothing of the student's is waited for: a failure is "error" */
};
void wait_for(const struct wait *w);
/* Reads and writes what programs have and take, notes their ends; blocks up to 'wait_us' (-1: until
 * something happens) for that or for events on fd. */
void pump(int fd, short events, long wait_us);
/* Until every process of the test is asleep, stopped or dead, and stays so: what is true then does
 * not depend on the machine's speed. False if some is still busy after a deadline. */
bool settle(void);

/* limits.c */
struct limits {
    unsigned cpu_s;     /* of all programs of the test together */
    unsigned processes; /* likewise, with threads */
    unsigned descriptors, file_mib, output_mib; /* of one program; one file; one stream */
    unsigned queue_kib; /* of all queues together; 0: QUEUE_SHARE */
};
struct limits limits_of(const char *program); /* in this test; NULL: of any */
unsigned limits_most_processes(void); /* of any test and program */
void limits_watch(void); /* fails the test that is over its limits; looks a few times a second */

/* procfs.c */
struct pinfo {
    pid_t pid, ppid, session;
    char comm[32];
    char state;               /* R S D T t Z X */
    unsigned long long ticks; /* CPU used, in clock ticks */
    unsigned long long child_ticks; /* and by its children that it has waited for */
    unsigned long long start; /* with the pid: an identity */
    unsigned long long switches, voluntary; /* context switches */
    unsigned long long delay_ns; /* time spent ready but not running */
    uid_t uid;
};
struct psyscall {
    long nr; /* -1: running, or not to be seen */
    unsigned long long arg[6];
};
bool procfs_info(pid_t pid, struct pinfo *info); /* false: no such process */
bool procfs_syscall(pid_t pid, struct psyscall *call);
/* One file of /proc/PID, NUL at the end; -1: errno. Also where only its own user may read it. */
ssize_t procfs_read(pid_t pid, const char *file, char *buf, size_t size);
ssize_t procfs_link(pid_t pid, const char *file, char *buf, size_t size);
bool procfs_stat(pid_t pid, const char *file, struct stat *st); /* of what the link leads to */
bool procfs_memory(pid_t pid, unsigned long long address, void *buf, size_t size);
/* Every process of the test but the harness. The count; *list is the harness's. */
size_t procfs_list(struct pinfo **list);
int procfs_fds(pid_t pid, int fds[], int max); /* descriptors; how many, -1 */
int call_family(long nr);                      /* CALL_ bit, 0: none */
const char *call_name(long nr);                /* "read", "call 999" */
/* True if this blocked call ends by an event alone, not by a clock that rings within a second. */
bool call_is_patient(pid_t pid, const struct psyscall *call);

struct sock_filter;

/* family.c: all that the program forked and what those forked. The count; *list is the caller's to free. */
size_t session_of(const struct proc *p, struct pinfo **list);

/* proc.c */
const struct sock_filter *lab_filter(unsigned short *len); /* LAB_FILTER's program, or NULL */
void proc_note_end(struct proc *p, int status);
struct proc *proc_by_session(pid_t session); /* the program that a process descends from, or NULL */
void proc_kill_all(void); /* everything of the test, reaped */
void proc_records(void);  /* what was not recorded yet of programs that have ended */

/* sock.c */
struct sock *sock_of_fifo(int fd, const char *path); /* takes the non-blocking descriptor */

/* explain.c: a record per process (grader/explain), and a signature, of who waits for whom */
json_t *explain(char **signature);

/* audit.c */
void audit_note_ours(const char *path); /* the harness made it: not a leftover */
void audit(bool charge); /* at the end: find, record if charge, remove */

/* queue.c */
bool queue_listed(void);        /* /dev/mqueue is mounted */
bool queue_device(dev_t which); /* of a descriptor: is it a message queue's? */
/* Removes what queues of the test there still are; first report() of each that a program made. */
void queue_audit(void (*report)(const char *name));
void queue_finish(void); /* in the runner, at the end */

/* shm.c */
bool shm_is_lent(const char *name); /* as in /dev/shm, with a slash: the test still works with it */
bool sysv_is_lent(long key);
void shm_audit(void); /* removes what was lent */

/* record.c */
bool record_wanted(void);
void record_send(json_t *record); /* takes it */
json_t *json_text(const char *s); /* any bytes; what is not UTF-8 becomes '?' */

/* memcheck.c */
struct launch {              /* a program to be started, everything absolute and final */
    const char *path;
    const char *const *argv;
    const char *const *env;
    int fd[3];
    struct limits limits;
    unsigned nofile;
    unsigned long msgqueue;
    int gate;                /* it waits for a byte from here before its exec; -1: it does not */
};
/* The program as a child of the fork server; the connection that tells its end in p->server. */
void memcheck_start(const struct launch *l, struct proc *p);
/* Takes an answer of this kind (image.h) if there is one; -1: not the one, or the end. */
bool memcheck_answer(int fd, int what, int *value);
void memcheck_prepare(void);  /* in the runner, before any test */
void memcheck_finish(void);   /* in the runner, at the end */
pid_t memcheck_server(void);  /* 0: none */

/* under.c: LAB_UNDER, a tool to run the student's programs under */
bool under_attaches(void);           /* strace and gdb: before exec */
bool under_is_tool(pid_t pid);       /* no process of the test */
void under_prepare(struct launch *l, const char *program); /* valgrind: in front of the program */
void under_attach(pid_t pid, const char *program);
void under_failed(void);             /* the test has failed, its programs still live */
void under_finish(void);             /* they do not any more */

#endif
