/* SPDX-License-Identifier: MIT */
/* harness: what lab tests are written with.
 *
 *     LAB_TEST(public, two_clients)
 *     {
 *         struct proc *d = start("chatd", "-u", "room", NULL);
 *         await_line(d, "READY");
 *
 *         struct sock *ann = connect_to("room");
 *         send_line(ann, "NICK ann");
 *         expect_line(ann, "OK");
 *
 *         stop(d);
 *         expect_eof(ann);
 *         check(!exists("room"), "socket-file-left", "the socket file is still there");
 *     }
 *
 * Every call that waits, waits for an event, never for time, and has a deadline (5 s times
 * LAB_TIME_FACTOR, stretched when the machine is loaded). While it waits, the output of all
 * programs is read, so no program ever blocks because the test looks elsewhere.
 *
 * No call returns an error. What the student's program got wrong ends the test at once as failed;
 * what the harness could not do ends it as "error", which costs the student nothing. At a deadline
 * the harness first explains who waits for whom. Whatever a call returns belongs to the harness
 * and lives until the test ends.
 *
 * A test runs in a process and a folder of its own, which is its working folder and that of its
 * programs: plain relative names are unique to the test. Programs run as another user. A test ends
 * its own programs; what then remains - processes, zombies, files, sockets, queues, shared memory -
 * is reported as left over by the student, and removed. */
#ifndef LAB_HARNESS_H
#define LAB_HARNESS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <criterion/criterion.h>

/* A test: the suite is 'public' or 'hidden', the name is the one in lab.yaml. */
#define LAB_TEST(suite, name)                                                                      \
    static void lab_##suite##_##name(void);                                                        \
    Test(suite, name, .fini = lab_test_end) { lab_test_run(#name, lab_##suite##_##name); }         \
    static void lab_##suite##_##name(void)

/* Checks ---------------------------------------------------------------------------------------
 * A clue is a key of the lab's hints.yaml: the hint that is shown if this very check fails. NULL
 * means the clue set by clue(), if any. Say what was seen, for the student to read: one line. */

/* check(condition, clue, format, ...): fails the test unless the condition holds. */
#define check(condition, ...)                                                                      \
    ((condition) ? (void)0 : (HERE, lab_fail(KIND_STATE, #condition, __VA_ARGS__)))

/* Equal or fail: check_int(open_fds(d), 4, "fd-leak", "open descriptors of chatd"). 'what' is a
 * constant text that names the thing. */
void check_int(long long got, long long want, const char *clue, const char *what);
void check_str(const char *got, const char *want, const char *clue, const char *what);
void check_bytes(const void *got, size_t got_size, const void *want, size_t want_size,
                 const char *clue, const char *what);

/* For a judgement that the above do not fit: fail(KIND_ORDER, clue, format, ...). */
#define fail(kind, ...) (HERE, lab_fail(kind, "", __VA_ARGS__))
enum kind {
    KIND_HANG,     /* a deadline was reached (the harness says so itself) */
    KIND_DIED,     /* a program was ended by a signal */
    KIND_EXIT,     /* wrong exit code, or ended too early */
    KIND_BYTES,    /* other bytes than expected */
    KIND_COUNT,    /* another number than expected */
    KIND_ORDER,    /* the right things in the wrong order */
    KIND_AWAKE,    /* busy although nothing happens */
    KIND_LEFTOVER, /* something that should be gone is there */
    KIND_LIMIT,    /* more processor time, processes or output than a test may use */
    KIND_STATE     /* anything else */
};

/* The clue for whatever fails from here on without a clue of its own: a wait that reaches its
 * deadline, a wrong line, a wrong exit code. NULL: none. */
void clue(const char *key);

/* Programs -------------------------------------------------------------------------------------
 * A program gets exactly the descriptors 0, 1 and 2, a session of its own, default signals, a short
 * environment. Its standard input is empty unless told otherwise. */
struct proc;

struct start {
    const char *stdin_text;  /* comes through a pipe, then end of file */
    size_t stdin_size;       /* of stdin_text; 0: it ends at its NUL */
    const char *stdin_file;  /* this file */
    bool stdin_pipe;         /* write_stdin() and close_stdin() feed it */
    const char *stdout_file; /* into this file, made by the harness; stdout_of() then says "" */
    bool stdout_held;        /* nobody reads it before release_stdout(): its pipe gets full */
    unsigned nofile;         /* limit of open descriptors; 0: the usual one */
    unsigned long msgqueue;  /* limit of bytes in message queues; 0: QUEUE_SHARE */
    const char *const *env;  /* more "NAME=value", ends with NULL */
    enum { FROM_LAB, FROM_HELPERS, FROM_PATH } from; /* where the program is looked for */
};

/* The student's program with these arguments, NULL at the end. "probe" is one of them. */
struct proc *start(const char *program, ...) __attribute__((sentinel));
struct proc *start_with(const struct start *how, const char *program, ...)
    __attribute__((sentinel));
struct proc *start_argv(const struct start *how, const char *const argv[]); /* how may be NULL */

/* The absolute path of one of the harness's helper programs (peers/), as an argument for a
 * student's program: "fdprobe", "sigprobe", "gate", "stubborn", "talk", "hog". */
const char *helper(const char *name);

pid_t pid_of(const struct proc *p);

/* What a program says. Lines come without their LF. Lines are taken from standard output in order:
 * each call goes on behind the line that the last one took. */
void await_line(struct proc *p, const char *line);                  /* skips others before it */
const char *await_line_from(struct proc *p, const char *beginning); /* the same; returns the line */
const char *next_line(struct proc *p);                              /* whatever it is */
void expect_next_line(struct proc *p, const char *line);
const char *stdout_of(struct proc *p); /* all so far */
const char *stderr_of(struct proc *p);
size_t stdout_size(struct proc *p); /* of stdout_of(), which may contain NULs */
void release_stdout(struct proc *p); /* .stdout_held: from now on it is read like any other */

void write_stdin(struct proc *p, const char *text); /* needs .stdin_pipe; does not wait */
void write_stdin_bytes(struct proc *p, const void *bytes, size_t size);
void await_stdin_read(struct proc *p); /* until the program has read all of it */
void close_stdin(struct proc *p);      /* end of file, behind what was written */

/* How it ends. Each takes the end as awaited; a program that is ended by a signal that nobody sent
 * fails the test as "died" in whatever wait it happens. */
void expect_exit(struct proc *p, int code);
void expect_killed_by(struct proc *p, int sig);
int await_exit(struct proc *p); /* the code as a shell tells it, 128+N after signal N */
bool has_ended(struct proc *p); /* now */
void stop(struct proc *p);      /* SIGTERM, expect exit 0 */

/* All that was written, after the program's end and the end of the stream: nothing more, nothing
 * less. */
void expect_output(struct proc *p, const char *text);
void expect_output_bytes(struct proc *p, const void *bytes, size_t size);
void expect_stderr(struct proc *p, const char *text);
void expect_stderr_prefix(struct proc *p, const char *prefix);
void expect_usage(struct proc *p);                 /* exit 2, "usage: " on stderr, empty stdout */
void expect_complaint(struct proc *p, int code);   /* exit code, "PROGRAM: " on stderr */

/* What it does. */
enum call { /* families of system calls */
    CALL_READ = 1 << 0,    /* read, readv, pread, splice */
    CALL_WRITE = 1 << 1,   /* write, writev, pwrite, splice */
    CALL_RECV = 1 << 2,    /* recv, recvfrom, recvmsg */
    CALL_SEND = 1 << 3,    /* send, sendto, sendmsg */
    CALL_OPEN = 1 << 4,    /* open of a FIFO */
    CALL_POLL = 1 << 5,    /* poll, select, epoll_wait and their relatives */
    CALL_ACCEPT = 1 << 6,
    CALL_CONNECT = 1 << 7,
    CALL_WAIT = 1 << 8,    /* wait, waitpid, waitid */
    CALL_PAUSE = 1 << 9,   /* pause, sigsuspend, sigwait, sigtimedwait */
    CALL_SLEEP = 1 << 10,  /* sleep, nanosleep */
    CALL_SEM = 1 << 11,    /* semaphores, POSIX (futex) and System V */
    CALL_QUEUE = 1 << 12,  /* mq_send, mq_receive, msgsnd, msgrcv */
    CALL_LOCK = 1 << 13,   /* fcntl, flock */
    CALL_INPUT = CALL_READ | CALL_RECV | CALL_POLL,  /* however one may wait for bytes */
    CALL_OUTPUT = CALL_WRITE | CALL_SEND | CALL_POLL
};
void await_blocked(struct proc *p, int calls); /* asleep in one of them: CALL_READ | CALL_POLL */
bool blocked_in(struct proc *p, int calls);  /* is it now; or it waits, and a child or thread of its own is */
void expect_idle(struct proc *p); /* it and its children sleep without a clock; else "awake" */
void freeze(struct proc *p);      /* SIGSTOP, until it is stopped */
void thaw(struct proc *p);
void send_signal(struct proc *p, int sig);
long rss_kib(struct proc *p);   /* resident memory */
long cpu_ms(struct proc *p);    /* processor time used so far, by itself alone */
int open_fds(struct proc *p);   /* open descriptors */
int children_of(struct proc *p); /* children, zombies included */
void await_children(struct proc *p, int count);
void await_running_children(struct proc *p, int count); /* zombies not included */
int running_children(struct proc *p);                   /* the same, now */
int left_by(struct proc *p); /* processes and zombies that it left behind when it ended */

/* Signals. What was sent by send_signal() is pending at once, until the program takes it: by a
 * handler, or by a call that waits for signals. */
bool signal_pending(struct proc *p, int sig);
bool signal_blocked(struct proc *p, int sig); /* only in a program that is asleep: await_blocked() */
bool signal_caught(struct proc *p, int sig);  /* it has a handler (under memcheck: valgrind has) */
void await_signal_taken(struct proc *p, int sig); /* not pending any more; its handler may still run */
void queue_signal(struct proc *p, int sig, int value); /* sigqueue; send_signal() is kill */

/* All that it forked and what those forked, zombies included, also after its own end. */
int offspring_of(struct proc *p);
void freeze_offspring(struct proc *p);
void thaw_offspring(struct proc *p);

/* Sockets: the test itself as the other side, with raw bytes -----------------------------------
 * An address is a path ("room"), an abstract name ("@room") or "tcp:PORT" on 127.0.0.1. */
struct sock;

/* A name that no test running at the same time uses: unique("@room"). For abstract names, queues
 * and the like; paths are unique anyway. */
const char *unique(const char *name);

struct sock *connect_to(const char *address);      /* refused: the test fails */
struct sock *try_connect(const char *address);     /* NULL: the backlog of the Unix name is full now */
int connect_error(const char *address);            /* 0: somebody accepts there; else an errno */
struct sock *listen_at(const char *address);       /* "tcp:0": the kernel chooses */
struct sock *accept_from(struct sock *listener);   /* waits for a client */
uint16_t tcp_port(const struct sock *s);           /* its own port */
const char *listening_address(uint16_t port);      /* "127.0.0.1", "0.0.0.0", "::"; NULL: nobody */
void leave_stale_socket(const char *path);         /* a socket file that nobody serves */

void send_line(struct sock *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void send_bytes(struct sock *s, const void *bytes, size_t size); /* waits until all is sent */
size_t send_some(struct sock *s, const void *bytes, size_t size); /* what fits without waiting */
void await_drained(struct sock *s); /* until the other side has taken all that was sent */

void expect_line(struct sock *s, const char *line);   /* the next line is this one */
const char *receive_line(struct sock *s);             /* the next line, whatever it is */
void expect_lines(struct sock *s, const char *const lines[]); /* these next, in any order; NULL */
void expect_bytes(struct sock *s, const void *bytes, size_t size); /* the next bytes */
void expect_eof(struct sock *s);     /* the other side closed, and sent nothing more */
void expect_closed(struct sock *s);  /* the same, or reset; whatever it still sent is skipped */
void expect_nothing(struct sock *s); /* nothing has arrived so far: settle it by an exchange first */
int pending_bytes(struct sock *s);   /* arrived and not read */
void half_close(struct sock *s);     /* no more bytes from here; still reads */
void close_sock(struct sock *s);
void close_abruptly(struct sock *s); /* the other side gets a reset: ECONNRESET, EPIPE */
int sock_fd(const struct sock *s);   /* for setsockopt and the like; stays the harness's */

/* Datagrams. */
struct sock *datagram_at(const char *address); /* NULL: without address; "@": the kernel chooses */
void send_datagram(struct sock *s, const char *to, const void *bytes, size_t size);
void expect_datagram(struct sock *s, const void *bytes, size_t size); /* the next one is this */
size_t receive_datagram(struct sock *s, void *bytes, size_t max, char from[static 128]);

/* FIFOs: the test as the other side -----------------------------------------------------------------
 * An end of a FIFO is a sock, too: send_line(), send_bytes(), await_drained(), expect_line(),
 * expect_eof(), expect_nothing(), close_sock() and the like work on it. */
void make_fifo(const char *path);          /* belongs to the student's user; not a leftover */
struct sock *read_fifo(const char *path);  /* a reader; expect_eof(): all writers have left */
struct sock *serve_fifo(const char *path); /* a reader that sees no end: it holds a write end */
struct sock *write_fifo(const char *path); /* a writer; waits until there is a reader */
struct sock *try_write_fifo(const char *path); /* a writer; NULL: nobody reads there now */
bool has_reader(const char *path);             /* the same, and closes it again */

/* Message queues (POSIX): the test as the other side ------------------------------------------------
 * The bytes of all queues of a user are counted against one allowance, which all tests share. So
 * the first queue_name() takes a seat: only so many tests are at it at a time that each has room for
 * QUEUE_SHARE bytes (two queues of the default size, or many small ones). Too little room on this
 * machine ends the test as "error"; only a program that wants more than its share fails by itself. */
enum { QUEUE_SHARE = 180000 };
struct queue_state {
    long maxmsg, msgsize, messages; /* as in struct mq_attr; how many are in it */
    mode_t mode;                    /* permission bits */
};

/* "/jobs" becomes a name that no test running at the same time uses. Queues of this name and of
 * NAME.anything belong to the test: what is left of them at its end is left over, and removed. */
const char *queue_name(const char *name);
void make_queue(const char *name, long maxmsg, long msgsize); /* for anybody; not a leftover */
void expected_queue(const char *name); /* a program leaves it on purpose: not a leftover */
bool queue_exists(const char *name);
struct queue_state queue_state(const char *name); /* no such queue: the test fails */
void queue_put(const char *name, const void *bytes, size_t size, unsigned prio); /* waits for room */
/* Waits for a message and takes it; behind it is a NUL. prio may be NULL. */
const void *queue_take(const char *name, size_t *size, unsigned *prio);
const char *queues_named(const char *name); /* NAME and NAME.anything that exist, each with an LF */
int queue_holders(const char *name);        /* processes of the programs that have it open */
/* Makes and removes so many queues as the programs' user, under this limit (0: the usual): "error" if
 * that cannot be done. */
void need_queues(int count, long maxmsg, long msgsize, unsigned long limit);

/* Shared memory and semaphores: the test looks into the programs' objects -------------------------
 * "/ring" becomes a name that no test running at the same time uses; a key likewise. What is there
 * under such a name or key is no leftover as long as the test works with it: expect_..._gone() ends
 * that, and fails the test if it is still there. At the end of the test all is removed. */
struct shm_state {
    size_t size;
    mode_t mode; /* permission bits */
};
const char *shm_name(const char *name);
bool shm_exists(const char *name);
struct shm_state shm_state(const char *name); /* no such object: the test fails */
void make_shm(const char *name, const void *bytes, size_t n, size_t size); /* the student's; rest zero */
void *map_shm(const char *name, size_t at_least); /* whole, to read and write; smaller: fails */
void remove_shm(const char *name);                /* by the test itself */
void expect_shm_gone(const char *name);
void shm_done(const char *name); /* from now on it is left over, but the test goes on */

void hold_sem(void *sem);    /* takes it: waits until it can (a sem_t in mapped memory) */
void release_sem(void *sem);
int sem_value(const void *sem);

struct sysv_state {
    int id, attached;
    size_t size;
    mode_t mode;
};
key_t sysv_key(void); /* from 1 upward */
bool sysv_exists(key_t key);
struct sysv_state sysv_state(key_t key); /* no such segment: the test fails */
void *make_sysv(key_t key, size_t size); /* the student's segment, all zero, and attached here */
void expect_sysv_gone(key_t key);

/* A program that may stop itself (a lab's wrap.c can make it), or may wait for one that stopped.
 * True: it has; false: it has ended instead. */
bool await_stop(struct proc *p);
bool await_blocked_or_end(struct proc *p, int calls);

/* What happens to a file, or to the files of a folder, from watch() on: the kernel notes it in the
 * order in which it happens, whoever does it and however fast. (Not reading and writing: newer
 * kernels do not note them on a FIFO.) */
enum event {
    EVENT_MADE, EVENT_OPENED, EVENT_READER_CLOSED, EVENT_WRITER_CLOSED, EVENT_REMOVED
};
struct watch *watch(const char *path);
/* The place of the first such event in that order, -1: not yet. name: in a watched folder, else NULL. */
int first_event(struct watch *w, enum event what, const char *name);
int count_events(struct watch *w, enum event what, const char *name); /* equal neighbours may be one */

/* Files of the test's folder ------------------------------------------------------------------- */
bool exists(const char *path);
const char *names_here(void); /* all names in it, sorted, each with an LF */
mode_t file_kind(const char *path); /* S_IFREG, S_IFSOCK, S_IFIFO, ...; 0: does not exist */
void make_file(const char *path, const void *bytes, size_t size); /* belongs to the student's user */
const char *file_text(const char *path, size_t *size);            /* size may be NULL */
void expected_file(const char *path); /* a program leaves this file on purpose: not a leftover */

/* The rest --------------------------------------------------------------------------------------- */
bool under_memcheck(void);                  /* everything is slower; never judge differently */
const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *bytes_of(int value, size_t size);     /* a block of memory full of one byte */

/* Any other wait: until ready(arg) is true; 'what' completes "while the test waited for ...". */
void await(bool (*ready)(void *arg), void *arg, const char *what);

/* Below here nothing is called by name in a test. ---------------------------------------------- */

void lab_test_run(const char *name, void (*body)(void));
void lab_test_end(void);
void lab_at(const char *file, int line);
void lab_fail(enum kind kind, const char *condition, const char *clue, const char *format, ...)
    __attribute__((noreturn, format(printf, 4, 5)));

/* Failures name the line of the test: every call that can fail notes where it stands. */
#define HERE lab_at(__FILE__, __LINE__)
#ifndef LAB_HARNESS_INSIDE
#define check_int(...) (HERE, check_int(__VA_ARGS__))
#define check_str(...) (HERE, check_str(__VA_ARGS__))
#define check_bytes(...) (HERE, check_bytes(__VA_ARGS__))
#define start(...) (HERE, start(__VA_ARGS__))
#define start_with(...) (HERE, start_with(__VA_ARGS__))
#define start_argv(...) (HERE, start_argv(__VA_ARGS__))
#define await_line(...) (HERE, await_line(__VA_ARGS__))
#define await_line_from(...) (HERE, await_line_from(__VA_ARGS__))
#define next_line(...) (HERE, next_line(__VA_ARGS__))
#define expect_next_line(...) (HERE, expect_next_line(__VA_ARGS__))
#define write_stdin(...) (HERE, write_stdin(__VA_ARGS__))
#define write_stdin_bytes(...) (HERE, write_stdin_bytes(__VA_ARGS__))
#define await_stdin_read(...) (HERE, await_stdin_read(__VA_ARGS__))
#define expect_exit(...) (HERE, expect_exit(__VA_ARGS__))
#define expect_killed_by(...) (HERE, expect_killed_by(__VA_ARGS__))
#define await_exit(...) (HERE, await_exit(__VA_ARGS__))
#define stop(...) (HERE, stop(__VA_ARGS__))
#define expect_output(...) (HERE, expect_output(__VA_ARGS__))
#define expect_output_bytes(...) (HERE, expect_output_bytes(__VA_ARGS__))
#define expect_stderr(...) (HERE, expect_stderr(__VA_ARGS__))
#define expect_stderr_prefix(...) (HERE, expect_stderr_prefix(__VA_ARGS__))
#define expect_usage(...) (HERE, expect_usage(__VA_ARGS__))
#define expect_complaint(...) (HERE, expect_complaint(__VA_ARGS__))
#define await_blocked(...) (HERE, await_blocked(__VA_ARGS__))
#define expect_idle(...) (HERE, expect_idle(__VA_ARGS__))
#define freeze(...) (HERE, freeze(__VA_ARGS__))
#define thaw(...) (HERE, thaw(__VA_ARGS__))
#define send_signal(...) (HERE, send_signal(__VA_ARGS__))
#define await_children(...) (HERE, await_children(__VA_ARGS__))
#define await_signal_taken(...) (HERE, await_signal_taken(__VA_ARGS__))
#define queue_signal(...) (HERE, queue_signal(__VA_ARGS__))
#define await_running_children(...) (HERE, await_running_children(__VA_ARGS__))
#define connect_to(...) (HERE, connect_to(__VA_ARGS__))
#define try_connect(...) (HERE, try_connect(__VA_ARGS__))
#define listen_at(...) (HERE, listen_at(__VA_ARGS__))
#define accept_from(...) (HERE, accept_from(__VA_ARGS__))
#define send_line(...) (HERE, send_line(__VA_ARGS__))
#define send_bytes(...) (HERE, send_bytes(__VA_ARGS__))
#define await_drained(...) (HERE, await_drained(__VA_ARGS__))
#define expect_line(...) (HERE, expect_line(__VA_ARGS__))
#define receive_line(...) (HERE, receive_line(__VA_ARGS__))
#define expect_lines(...) (HERE, expect_lines(__VA_ARGS__))
#define expect_bytes(...) (HERE, expect_bytes(__VA_ARGS__))
#define expect_eof(...) (HERE, expect_eof(__VA_ARGS__))
#define expect_closed(...) (HERE, expect_closed(__VA_ARGS__))
#define expect_nothing(...) (HERE, expect_nothing(__VA_ARGS__))
#define send_datagram(...) (HERE, send_datagram(__VA_ARGS__))
#define expect_datagram(...) (HERE, expect_datagram(__VA_ARGS__))
#define receive_datagram(...) (HERE, receive_datagram(__VA_ARGS__))
#define file_text(...) (HERE, file_text(__VA_ARGS__))
#define read_fifo(...) (HERE, read_fifo(__VA_ARGS__))
#define serve_fifo(...) (HERE, serve_fifo(__VA_ARGS__))
#define write_fifo(...) (HERE, write_fifo(__VA_ARGS__))
#define try_write_fifo(...) (HERE, try_write_fifo(__VA_ARGS__))
#define has_reader(...) (HERE, has_reader(__VA_ARGS__))
#define queue_state(...) (HERE, queue_state(__VA_ARGS__))
#define queue_put(...) (HERE, queue_put(__VA_ARGS__))
#define queue_take(...) (HERE, queue_take(__VA_ARGS__))
#define queue_holders(...) (HERE, queue_holders(__VA_ARGS__))
#define freeze_offspring(...) (HERE, freeze_offspring(__VA_ARGS__))
#define thaw_offspring(...) (HERE, thaw_offspring(__VA_ARGS__))
#define shm_exists(...) (HERE, shm_exists(__VA_ARGS__))
#define shm_state(...) (HERE, shm_state(__VA_ARGS__))
#define map_shm(...) (HERE, map_shm(__VA_ARGS__))
#define expect_shm_gone(...) (HERE, expect_shm_gone(__VA_ARGS__))
#define hold_sem(...) (HERE, hold_sem(__VA_ARGS__))
#define sysv_state(...) (HERE, sysv_state(__VA_ARGS__))
#define expect_sysv_gone(...) (HERE, expect_sysv_gone(__VA_ARGS__))
#define await_stop(...) (HERE, await_stop(__VA_ARGS__))
#define await_blocked_or_end(...) (HERE, await_blocked_or_end(__VA_ARGS__))
#define await(...) (HERE, await(__VA_ARGS__))
#endif

#endif
