/* SPDX-License-Identifier: MIT */
/* The box from outside: the whole of box.h, and what hostile programs must not achieve.
 * "Gone" is seen on a pipe whose write end only processes of the box hold: end of file. */
#define _GNU_SOURCE 1
#include "box/box.h"
#include "box/selftest.h"
#include "util/cleanup.h"
#include "util/err.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STUDENT = BOX_STUDENT_FIRST, OTHER, DEADLINE_MS = 60000 };

#define HOSTILE "/peers/hostile"
#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct err err;

/* BOX_MODE is set by the script that runs this, once for each mode that the machine offers. */
static enum box_mode mode(void)
{
    const char *name = getenv("BOX_MODE");
    enum box_mode m = BOX_FULL;

    cr_assert(!name || box_mode_parse(name, &m) == 0);
    return m;
}

static const struct box_spec *in_mode(void)
{
    static struct box_spec spec;

    spec.mode = mode();
    return &spec;
}

#define OK(call) cr_assert((call) == 0, "%s: %s", #call, err.msg)
#define FAILS(call, errnum)                                                                        \
    do {                                                                                           \
        err = (struct err){0};                                                                     \
        cr_assert((call) == -1, "%s works", #call);                                                \
        cr_assert(err.code == (errnum), "%s: errno %d (%s)", #call, err.code, err.msg);            \
        cr_assert(err.msg[0] != '\0');                                                             \
    } while (0)

/* A box with the hostile program in it. HOSTILE_FILE is set by the script that runs this. Asserts
 * nothing, so that a forked child may use it. */
static int try_open_box_as(const struct box_spec *spec, struct box **box)
{
    const char *file = getenv("HOSTILE_FILE");
    CLEANUP(close_fd) int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0)
        return err_set(&err, "set HOSTILE_FILE to the built tests/grader/boxes/hostile.c");
    return box_open(spec, box, &err) < 0 || box_put(*box, HOSTILE, fd, 0755, BOX_JUDGE, &err) < 0
               ? -1
               : 0;
}

static int try_open_box(struct box **box)
{
    return try_open_box_as(in_mode(), box);
}

static struct box *open_box_as(const struct box_spec *spec)
{
    struct box *box = NULL;

    OK(try_open_box_as(spec, &box));
    return box;
}

static struct box *open_box(void)
{
    return open_box_as(in_mode());
}

struct watch {
    int alive, held; /* pipe: our end, and what the box gets as descriptor 3 */
};

static struct watch watch_make(void)
{
    int pair[2];

    cr_assert(pipe2(pair, O_CLOEXEC) == 0);
    return (struct watch){pair[0], pair[1]};
}

static bool is_gone_within(const struct watch *w, int ms)
{
    struct pollfd p = {.fd = w->alive, .events = POLLIN};

    return poll(&p, 1, ms) == 1 && p.revents & POLLHUP;
}

static struct proc_result run(struct box *box, const struct proc_spec *spec)
{
    struct proc_result res;

    OK(box_run(box, spec, &res, &err));
    return res;
}

static struct proc_result run_as(struct box *box, uid_t uid, const char *const *argv)
{
    return run(box, &(struct proc_spec){.argv = argv, .uid = uid});
}

/* Runs a shell command; its output, of at most a few hundred bytes, into 'text'. */
static struct proc_result shell_in(struct box *box, const char *folder, uid_t uid,
                                   const char *command, char *text, size_t size)
{
    CLEANUP(close_fd) int out = memfd_create("out", MFD_CLOEXEC);
    struct proc_result res = run(box, &(struct proc_spec){.argv = ARGV("sh", "-c", command),
                                                          .uid = uid,
                                                          .cwd = folder,
                                                          .fds = (int[]){-1, out, out},
                                                          .nfds = 3});
    ssize_t n = pread(out, text, size - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    return res;
}

static struct proc_result shell(struct box *box, uid_t uid, const char *command, char *text,
                                size_t size)
{
    return shell_in(box, "/tmp", uid, command, text, size);
}

static void prepare(struct box *box, uid_t uid, const char *command)
{
    char text[512];
    struct proc_result res = shell(box, uid, command, text, sizeof(text));

    cr_assert(res.end == PROC_EXITED && res.code == 0, "%s: %s", command, text);
}

#define ENDS(res, how, number)                                                                     \
    do {                                                                                           \
        struct proc_result ended = (res);                                                          \
        char described[128];                                                                       \
        proc_describe(&ended, described, sizeof(described));                                       \
        cr_assert(ended.end == (how) && ended.code == (number), "%s", described);                  \
    } while (0)

/* boxes: in every mode; the others: in one. */
TestSuite(boxes, .timeout = 300);
TestSuite(full, .timeout = 300);
TestSuite(users, .timeout = 300);
TestSuite(shared, .timeout = 300);

/* How programs end ---------------------------------------- */

Test(boxes, a_program_writes_where_it_is_told)
{
    struct box *box = open_box();
    char text[256];
    struct proc_result res =
        shell(box, STUDENT, "id -u; id -g; pwd; echo error >&2", text, sizeof(text));

    ENDS(res, PROC_EXITED, 0);
    char expected[64];
    const unsigned uid = (unsigned)box_inner_uid(box, STUDENT);

    (void)snprintf(expected, sizeof(expected), "%u\n%u\n/tmp\nerror\n", uid, uid);
    cr_assert_str_eq(text, expected);
    box_close(box);
}

Test(boxes, exit_137_is_not_sigkill)
{
    struct box *box = open_box();
    struct proc_result res = run_as(box, STUDENT, ARGV(HOSTILE, "exit", "137"));

    ENDS(res, PROC_EXITED, 137);
    res = run_as(box, STUDENT, ARGV(HOSTILE, "raise", "9"));
    ENDS(res, PROC_SIGNALED, SIGKILL);
    res = run_as(box, STUDENT, ARGV(HOSTILE, "raise", "11"));
    ENDS(res, PROC_SIGNALED, SIGSEGV);
    box_close(box);
}

Test(boxes, what_cannot_be_executed_is_told_from_exit_127)
{
    struct box *box = open_box();
    struct proc_result res = run_as(box, STUDENT, ARGV("/peers/nothing"));

    ENDS(res, PROC_EXEC_FAILED, ENOENT);
    cr_assert_str_eq(res.step, "exec");
    res = run_as(box, STUDENT, ARGV("no-such-program"));
    ENDS(res, PROC_EXEC_FAILED, ENOENT);
    res = run_as(box, STUDENT, ARGV("/etc/passwd"));
    ENDS(res, PROC_EXEC_FAILED, EACCES);
    res = run_as(box, STUDENT, ARGV(HOSTILE, "exit", "127"));
    ENDS(res, PROC_EXITED, 127);
    res = run(box, &(struct proc_spec){.argv = ARGV(HOSTILE), .uid = STUDENT, .cwd = "/judge"});
    ENDS(res, PROC_EXEC_FAILED, EACCES);
    cr_assert_str_eq(res.step, "enter the working folder");
    box_close(box);
}

Test(boxes, the_wall_limit_ends_everything_of_the_uid)
{
    struct box *box = open_box();
    struct watch w = watch_make();
    struct proc_result res = run(box, &(struct proc_spec){.argv = ARGV(HOSTILE, "stubborn"),
                                                          .uid = STUDENT,
                                                          .fds = (int[]){-1, -1, -1, w.held},
                                                          .nfds = 4,
                                                          .limits.wall_ms = 200});

    ENDS(res, PROC_WALL, 0);
    cr_assert(res.wall_ms >= 200);
    close_fd(&w.held);
    cr_assert(is_gone_within(&w, DEADLINE_MS));
    close_fd(&w.alive);
    box_close(box);
}

Test(boxes, cpu_time_and_file_size_are_limited)
{
    struct box *box = open_box();
    CLEANUP(close_fd) int fd = -1;
    struct stat st;
    struct proc_result res =
        run(box, &(struct proc_spec){.argv = ARGV(HOSTILE, "spin"),
                                     .uid = STUDENT,
                                     .limits = {.cpu_s = 1, .wall_ms = 120000}});

    ENDS(res, PROC_SIGNALED, SIGXCPU);
    cr_assert(res.cpu_ms > 0);
    res = run(box, &(struct proc_spec){.argv = ARGV("dd", "if=/dev/zero", "of=/tmp/big", "bs=4096"),
                                       .uid = STUDENT,
                                       .limits.fsize_bytes = 65536});
    ENDS(res, PROC_SIGNALED, SIGXFSZ);
    OK(box_get(box, "/tmp/big", 65536, &fd, &err));
    cr_assert(fstat(fd, &st) == 0 && st.st_size == 65536);
    box_close(box);
}

Test(boxes, the_environment_is_what_was_given)
{
    static const char *const env[] = {"A=1", "B=two words", NULL};
    struct box *box = open_box();
    CLEANUP(close_fd) int out = memfd_create("out", MFD_CLOEXEC);
    char text[256];
    ssize_t n;
    struct proc_result res = run(
        box,
        &(struct proc_spec){
            .argv = ARGV("env"), .env = env, .uid = STUDENT, .fds = (int[]){-1, out}, .nfds = 2});

    ENDS(res, PROC_EXITED, 0);
    n = pread(out, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    cr_assert_str_eq(text, "A=1\nB=two words\n");
    box_close(box);
}

Test(boxes, a_started_program_can_be_killed)
{
    struct box *box = open_box();
    struct proc_result res;
    unsigned id;

    OK(box_start(box, &(struct proc_spec){.argv = ARGV(HOSTILE, "stubborn"), .uid = STUDENT}, &id,
                 &err));
    OK(box_kill(box, id, &err));
    OK(box_wait(box, id, &res, &err));
    ENDS(res, PROC_SIGNALED, SIGKILL);
    OK(box_kill(box, id, &err));
    box_close(box);
}

/* Copies a byte through each of several programs, which all run, then lets them end: the loop of a
 * grader that has other things to watch. */
Test(boxes, ends_are_seen_by_polling)
{
    enum { N = 5 };
    struct box *box = open_box();
    int in[N], out[N], pair[2], left = N;
    unsigned ids[N];
    struct proc_result res;
    char c;

    for (int i = 0; i < N; i++) {
        CLEANUP(close_fd) int theirs_in = -1, theirs_out = -1;

        cr_assert(pipe2(pair, O_CLOEXEC) == 0);
        theirs_in = pair[0];
        in[i] = pair[1];
        cr_assert(pipe2(pair, O_CLOEXEC) == 0);
        out[i] = pair[0];
        theirs_out = pair[1];
        OK(box_start(box,
                     &(struct proc_spec){.argv = ARGV(HOSTILE, "copy"),
                                         .uid = STUDENT + (uid_t)i,
                                         .fds = (int[]){theirs_in, theirs_out},
                                         .nfds = 2},
                     &ids[i], &err));
    }
    for (int i = 0; i < N; i++) {
        cr_assert(write(in[i], "x", 1) == 1 && read(out[i], &c, 1) == 1 && c == 'x');
        cr_assert(box_poll(box, ids[i], &res) == 0);
    }
    /* An end that another call has received stays visible in box_fd. */
    close_fd(&in[0]);
    for (int done = 0; !done;) {
        struct pollfd p = {.fd = box_fd(box), .events = POLLIN};

        cr_assert(poll(&p, 1, DEADLINE_MS) == 1);
        (void)run_as(box, OTHER + N, ARGV(HOSTILE, "exit", "0"));
        p.revents = 0;
        cr_assert(poll(&p, 1, 0) == 1);
        done = box_poll(box, ids[0], &res);
        if (!done)
            OK(box_dispatch(box, &err));
    }
    ENDS(res, PROC_EXITED, 0);
    left--;
    for (int i = 1; i < N; i++)
        close_fd(&in[i]);
    while (left > 0) {
        struct pollfd p = {.fd = box_fd(box), .events = POLLIN};

        cr_assert(poll(&p, 1, DEADLINE_MS) == 1);
        OK(box_dispatch(box, &err));
        for (int i = 1; i < N; i++)
            if (box_poll(box, ids[i], &res)) {
                ENDS(res, PROC_EXITED, 0);
                left--;
            }
    }
    cr_assert(poll(&(struct pollfd){.fd = box_fd(box), .events = POLLIN}, 1, 0) == 0);
    for (int i = 0; i < N; i++)
        close_fd(&out[i]);
    box_close(box);
}

Test(boxes, hundreds_of_ends_wait_to_be_fetched)
{
    enum { N = 400 };
    struct box *box = open_box();
    static unsigned ids[N];
    struct proc_result res;

    for (int i = 0; i < N; i++)
        OK(box_start(box,
                     &(struct proc_spec){.argv = ARGV(HOSTILE, "exit", "7"),
                                         .uid = STUDENT + (uid_t)i % 200},
                     &ids[i], &err));
    for (int i = N - 1; i >= 0; i--) {
        OK(box_wait(box, ids[i], &res, &err));
        ENDS(res, PROC_EXITED, 7);
    }
    box_close(box);
}

/* What is left behind ---------------------------------------- */

Test(boxes, a_daemon_ends_with_the_box)
{
    struct box *box = open_box();
    struct watch w = watch_make();
    struct proc_result res = run(box, &(struct proc_spec){.argv = ARGV(HOSTILE, "daemon"),
                                                          .uid = STUDENT,
                                                          .fds = (int[]){-1, -1, -1, w.held},
                                                          .nfds = 4});

    ENDS(res, PROC_EXITED, 0);
    close_fd(&w.held);
    cr_assert(!is_gone_within(&w, 0));
    box_close(box);
    cr_assert(is_gone_within(&w, 0), "box_close came back too early");
    close_fd(&w.alive);
}

Test(boxes, a_fork_bomb_is_bounded_and_killed)
{
    struct box *box = open_box();
    struct watch w = watch_make();
    struct proc_result res;
    unsigned id, killed = 0;

    OK(box_start(box,
                 &(struct proc_spec){.argv = ARGV(HOSTILE, "bomb"),
                                     .uid = STUDENT,
                                     .fds = (int[]){-1, -1, -1, w.held},
                                     .nfds = 4,
                                     .limits = {.nproc = 32, .wall_ms = 120000}},
                 &id, &err));
    close_fd(&w.held);
    /* Another uid is not concerned. */
    ENDS(run_as(box, OTHER, ARGV(HOSTILE, "exit", "3")), PROC_EXITED, 3);
    do /* until it has become the student at all, there is nothing to kill */
        OK(box_kill_uid(box, STUDENT, &killed, &err));
    while (killed == 0);
    cr_assert(is_gone_within(&w, 0), "something survived box_kill_uid");
    OK(box_kill_uid(box, STUDENT, &killed, &err));
    cr_assert(killed == 0);
    OK(box_wait(box, id, &res, &err));
    ENDS(res, PROC_SIGNALED, SIGKILL);
    close_fd(&w.alive);
    box_close(box);
}

/* A program that says "ok" and then waits for the end of its stdin. */
struct waiting {
    unsigned id;
    int in, out;
};

static struct waiting start_waiting_with(struct box *box, uid_t uid, const char *const *argv)
{
    CLEANUP(close_fd) int theirs_in = -1, theirs_out = -1;
    struct waiting p;
    char text[64];
    ssize_t n;
    int pair[2];

    cr_assert(pipe2(pair, O_CLOEXEC) == 0);
    theirs_in = pair[0];
    p.in = pair[1];
    cr_assert(pipe2(pair, O_CLOEXEC) == 0);
    p.out = pair[0];
    theirs_out = pair[1];
    OK(box_start(box,
                 &(struct proc_spec){
                     .argv = argv, .uid = uid, .fds = (int[]){theirs_in, theirs_out}, .nfds = 2},
                 &p.id, &err));
    close_fd(&theirs_out);
    n = read(p.out, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    cr_assert_str_eq(text, "ok\n");
    return p;
}

static struct waiting start_waiting(struct box *box, uid_t uid)
{
    return start_waiting_with(box, uid, ARGV(HOSTILE, "wait"));
}

static struct proc_result end_waiting(struct box *box, struct waiting *p)
{
    struct proc_result res;

    close_fd(&p->in);
    OK(box_wait(box, p->id, &res, &err));
    close_fd(&p->out);
    return res;
}

/* The uids that were killed for memory, a line each; the caller frees it. */
static char *killed_for_memory(struct box *box)
{
    CLEANUP(close_fd) int fd = -1;
    char text[64];
    ssize_t n = box_get(box, BOX_MEMORY_PATH, sizeof(text) - 1, &fd, &err) == 0
                    ? read(fd, text, sizeof(text) - 1)
                    : 0;

    text[n > 0 ? n : 0] = '\0';
    return strdup(text);
}

static void eats_too_much(const struct box_spec *spec)
{
    CLEANUP(free_ptr) char *seen = NULL;
    char expected[16];
    struct box *box = open_box_as(spec);
    struct waiting other = start_waiting_with(box, OTHER, ARGV(HOSTILE, "wait", "16"));
    struct waiting eater = start_waiting_with(box, STUDENT, ARGV(HOSTILE, "wait", "32", "512"));
    const bool group = box_has_memory_group(box);

    /* Process 1 looks when a program starts: when this one has ended, it has seen what both use. */
    (void)run_as(box, OTHER + 1, ARGV(HOSTILE, "exit", "0"));
    if (group || !spec->group_bytes) {
        ENDS(end_waiting(box, &eater), PROC_SIGNALED, SIGKILL);
        while (!seen || !*seen) { /* the kernel's kill is seen after it */
            free(seen);
            (void)run_as(box, OTHER + 1, ARGV(HOSTILE, "exit", "0"));
            seen = killed_for_memory(box);
        }
        (void)snprintf(expected, sizeof(expected), "%u\n", (unsigned)box_inner_uid(box, STUDENT));
        cr_assert_str_eq(seen, expected);
    }
    ENDS(end_waiting(box, &other), PROC_EXITED, 0); /* it is not concerned */
    box_close(box);
}

Test(boxes, a_program_that_eats_memory_is_ended_and_named)
{
    struct box_spec spec = *in_mode();

    spec.memory_bytes = (size_t)256 << 20;
    eats_too_much(&spec);
}

Test(boxes, the_kernel_ends_it_where_there_is_a_group)
{
    struct box_spec spec = *in_mode();

    spec.group_bytes = (size_t)256 << 20;
    eats_too_much(&spec);
}

Test(boxes, kill_everybody_reaches_ones_own_uid_only)
{
    struct box *box = open_box();
    struct waiting judge = start_waiting(box, BOX_JUDGE);
    struct waiting other = start_waiting(box, OTHER);
    struct waiting own = start_waiting(box, STUDENT);
    struct proc_result res;

    ENDS(run_as(box, STUDENT, ARGV(HOSTILE, "kill-all")), PROC_EXITED, 0);
    OK(box_wait(box, own.id, &res, &err));
    ENDS(res, PROC_SIGNALED, SIGKILL);
    cr_assert(box_poll(box, judge.id, &res) == 0 && box_poll(box, other.id, &res) == 0);
    ENDS(end_waiting(box, &judge), PROC_EXITED, 0);
    ENDS(end_waiting(box, &other), PROC_EXITED, 0);
    box_close(box);
}

/* The grader is killed while a daemon, a bomb and a judge run. */
Test(boxes, the_box_ends_when_the_grader_is_killed)
{
    struct watch w = watch_make();
    CLEANUP(close_fd) int ready = -1;
    int pair[2];
    pid_t grader;
    char c;

    cr_assert(pipe2(pair, O_CLOEXEC) == 0);
    ready = pair[0];
    grader = fork();
    cr_assert(grader >= 0);
    if (grader == 0) {
        struct box *box = NULL;
        int fds[] = {-1, -1, -1, w.held};
        unsigned id;

        if (try_open_box(&box) < 0 ||
            box_start(box,
                      &(struct proc_spec){
                          .argv = ARGV(HOSTILE, "daemon"), .uid = STUDENT, .fds = fds, .nfds = 4},
                      &id, &err) < 0 ||
            box_start(box,
                      &(struct proc_spec){
                          .argv = ARGV(HOSTILE, "bomb"), .uid = OTHER, .fds = fds, .nfds = 4},
                      &id, &err) < 0 ||
            box_start(
                box,
                &(struct proc_spec){
                    .argv = ARGV(HOSTILE, "stubborn"), .uid = BOX_JUDGE, .fds = fds, .nfds = 4},
                &id, &err) < 0)
            _exit(1);
        (void)!write(pair[1], "r", 1);
        for (;;)
            (void)pause();
    }
    (void)close(pair[1]);
    close_fd(&w.held);
    cr_assert(read(ready, &c, 1) == 1);
    cr_assert(!is_gone_within(&w, 0));
    cr_assert(kill(grader, SIGKILL) == 0 && waitpid(grader, NULL, 0) == grader);
    cr_assert(is_gone_within(&w, DEADLINE_MS));
    close_fd(&w.alive);
}

/* Files ---------------------------------------- */

Test(boxes, files_go_in_and_come_out)
{
    struct box *box = open_box();
    const unsigned uid = (unsigned)box_inner_uid(box, STUDENT);
    CLEANUP(close_fd) int fd = -1;
    char text[256], expected[256];

    OK(box_mkdir(box, "/tests/10", 0700, STUDENT, &err));
    FAILS(box_mkdir(box, "/tests/10", 0700, STUDENT, &err), EEXIST);
    OK(box_put_mem(box, "/tests/10/in", "given", 5, 0640, STUDENT, &err));
    OK(box_symlink(box, "in", "/tests/10/link", &err));
    ENDS(shell_in(box, "/tests/10", STUDENT, "stat -c '%a %u %g %F' . in && cat link", text,
                  sizeof(text)),
         PROC_EXITED, 0);
    (void)snprintf(expected, sizeof(expected),
                   "700 %u %u directory\n640 %u %u regular file\ngiven", uid, uid, uid, uid);
    cr_assert_str_eq(text, expected);
    OK(box_chown(box, "/tests/10/in", OTHER, &err));
    OK(box_get(box, "/tests/10/in", 5, &fd, &err));
    cr_assert(read(fd, text, sizeof(text)) == 5 && memcmp(text, "given", 5) == 0);
    cr_assert(write(fd, "x", 1) < 0 && errno == EPERM, "what was fetched can be changed");
    OK(box_unlink(box, "/tests/10/in", &err));
    FAILS(box_unlink(box, "/tests/10/in", &err), ENOENT);
    FAILS(box_mkdir(box, "/tests/../judge/x", 0700, 0, &err), EINVAL);
    FAILS(box_mkdir(box, "relative", 0700, 0, &err), EINVAL);
    box_close(box);
}

Test(boxes, traps_are_not_fetched)
{
    struct box *box = open_box();
    int fd = -1;

    OK(box_put_mem(box, "/judge/secret", "secret", 6, 0600, BOX_JUDGE, &err));
    prepare(box, STUDENT,
            "ln -s /judge/secret link; mkfifo fifo; mkdir dir; ln -s /judge door; "
            "head -c 100 /dev/zero > big");
    FAILS(box_get(box, "/tmp/link", 100, &fd, &err), ELOOP);
    FAILS(box_get(box, "/tmp/door/secret", 100, &fd, &err), ELOOP);
    FAILS(box_get(box, "/tmp/fifo", 100, &fd, &err), EINVAL);
    FAILS(box_get(box, "/tmp/dir", 100, &fd, &err), EINVAL);
    FAILS(box_get(box, "/dev/zero", 100, &fd, &err), EINVAL);
    FAILS(box_get(box, "/tmp/big", 99, &fd, &err), EFBIG);
    FAILS(box_get(box, "/tmp/nothing", 99, &fd, &err), ENOENT);
    cr_assert(fd == -1);
    box_close(box);
}

Test(boxes, traps_are_not_written_through)
{
    struct box *box = open_box();
    CLEANUP(close_fd) int fd = -1;
    char text[64];

    OK(box_put_mem(box, "/judge/secret", "secret", 6, 0600, BOX_JUDGE, &err));
    prepare(box, STUDENT, "ln -s /judge/secret link; ln -s /judge door");
    OK(box_put_mem(box, "/tmp/link", "new", 3, 0644, STUDENT, &err));
    FAILS(box_put_mem(box, "/tmp/door/new", "new", 3, 0644, STUDENT, &err), ELOOP);
    FAILS(box_chown(box, "/tmp/door/secret", STUDENT, &err), ELOOP);
    FAILS(box_unlink(box, "/tmp/door/secret", &err), ELOOP);
    OK(box_get(box, "/judge/secret", 100, &fd, &err));
    cr_assert(read(fd, text, sizeof(text)) == 6);
    cr_assert(memcmp(text, "secret", 6) == 0);
    ENDS(shell(box, STUDENT, "cat link", text, sizeof(text)), PROC_EXITED, 0);
    cr_assert_str_eq(text, "new");
    box_close(box);
}

Test(full, a_full_folder_is_told)
{
    struct box_spec spec = {.sub_bytes = 65536};
    CLEANUP(free_ptr) char *big = calloc(1, 1 << 20);
    struct box *box;
    int fd = -1;

    OK(box_open(&spec, &box, &err));
    FAILS(box_put_mem(box, "/sub/big", big, 1 << 20, 0644, BOX_JUDGE, &err), ENOSPC);
    FAILS(box_get(box, "/sub/big", 1 << 20, &fd, &err), ENOENT);
    box_close(box);
}

Test(boxes, names_of_a_folder_are_sorted_and_bounded)
{
    struct box *box = open_box();
    struct box_names names;

    prepare(box, STUDENT, "mkdir d; cd d; touch c a .hidden b");
    OK(box_list(box, "/tmp/d", 10, &names, &err));
    cr_assert(names.count == 4 && !names.truncated);
    cr_assert_str_eq(names.names[0], ".hidden");
    cr_assert_str_eq(names.names[3], "c");
    box_names_release(&names);
    OK(box_list(box, "/tmp/d", 3, &names, &err));
    cr_assert(names.count == 3 && names.truncated);
    box_names_release(&names);
    FAILS(box_list(box, "/tmp/nothing", 3, &names, &err), ENOENT);
    box_close(box);
}

Test(boxes, the_judge_reaches_the_grader_over_its_channel)
{
    struct box *box = open_box();
    CLEANUP(close_fd) int listening = -1, connection = -1;

    OK(box_listen(box, "/judge/channel", &listening, &err));
    cr_assert(accept4(listening, NULL, NULL, SOCK_CLOEXEC) < 0 && errno == EAGAIN);
    ENDS(run_as(box, BOX_JUDGE, ARGV("/.init", "connect", "/judge/channel")), PROC_EXITED, 0);
    connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    cr_assert(connection >= 0);
    ENDS(run_as(box, STUDENT, ARGV("/.init", "connect", "/judge/channel")), PROC_EXITED, 1);
    box_close(box);
}

/* Boxes beside each other ---------------------------------------- */

/* Each keeps what it took until its box is closed. */
Test(full, boxes_do_not_see_each_others_names_and_keys)
{
    enum { N = 6 };
    struct box *boxes[N];

    for (int i = 0; i < N; i++) {
        boxes[i] = open_box();
        for (int j = 0; j < i; j++)
            cr_assert(strcmp(box_describe(boxes[i]), box_describe(boxes[j])) != 0, "the same ids");
    }
    for (int i = 0; i < N; i++)
        ENDS(run_as(boxes[i], STUDENT, ARGV(HOSTILE, "names")), PROC_EXITED, 0);
    ENDS(run_as(boxes[0], STUDENT, ARGV(HOSTILE, "names")), PROC_EXITED, 1);
    for (int i = 0; i < N; i++)
        box_close(boxes[i]);
}

/* Names are everybody's, but users are not, and names are free again when the box is closed. */
Test(users, names_are_free_when_a_box_is_closed)
{
    struct box *first = open_box(), *second = open_box();

    cr_assert(strcmp(box_describe(first), box_describe(second)) != 0, "the same ids");
    ENDS(run_as(first, STUDENT, ARGV(HOSTILE, "names")), PROC_EXITED, 0);
    ENDS(run_as(second, STUDENT, ARGV(HOSTILE, "names")), PROC_EXITED, 1);
    box_close(first);
    ENDS(run_as(second, STUDENT, ARGV(HOSTILE, "names")), PROC_EXITED, 0);
    box_close(second);
}

/* Not even init is left to clean up: the next box begins with what it finds. */
Test(users, what_a_killed_box_left_is_removed_by_the_next)
{
    struct box *box = open_box();
    struct watch w = watch_make();
    struct proc_result res;
    unsigned id;

    OK(box_start(box,
                 &(struct proc_spec){.argv = ARGV(HOSTILE, "stubborn"),
                                     .uid = STUDENT,
                                     .fds = (int[]){-1, -1, -1, w.held},
                                     .nfds = 4},
                 &id, &err));
    close_fd(&w.held);
    ENDS(run_as(box, OTHER, ARGV(HOSTILE, "names")), PROC_EXITED, 0);
    cr_assert(box_run(box,
                      &(struct proc_spec){.argv = ARGV("sh", "-c", "kill -9 $PPID"),
                                          .uid = BOX_JUDGE},
                      &res, &err) == -1);
    box_close(box);
    cr_assert(!is_gone_within(&w, 0));
    box = open_box();
    cr_assert(is_gone_within(&w, 0), "a process of the box before is alive");
    close_fd(&w.alive);
    ENDS(run_as(box, OTHER, ARGV(HOSTILE, "names")), PROC_EXITED, 0);
    box_close(box);
}

/* One identity: programs of the box are apart from the machine, not from each other. */
Test(shared, what_holds_without_a_second_user)
{
    static struct selftest_report report;
    struct box *box = open_box();
    char text[256];

    ENDS(run_as(box, STUDENT, ARGV(HOSTILE, "exit", "137")), PROC_EXITED, 137);
    ENDS(run_as(box, STUDENT, ARGV(HOSTILE, "raise", "9")), PROC_SIGNALED, SIGKILL);
    ENDS(shell(box, STUDENT, "id -u; grep -c 'Cap.*0000000000000000' /proc/self/status", text,
               sizeof(text)),
         PROC_EXITED, 0);
    cr_assert_str_eq(text, "0\n5\n");
    cr_assert(box_inner_uid(box, STUDENT) == 0);
    box_close(box);
    selftest_run(BOX_SHARED, &report);
    for (size_t i = 0; i < report.count; i++)
        cr_expect(report.checks[i].ok || report.checks[i].advice, "%s: %s", report.checks[i].name,
                  report.checks[i].seen);
    cr_expect(report.ok && report.mode == BOX_SHARED);
}

Test(shared, everything_ends_with_the_box)
{
    struct box *box = open_box();
    struct watch w = watch_make();
    unsigned killed = 0;

    for (int i = 0; i < 2; i++)
        ENDS(run(box, &(struct proc_spec){.argv = ARGV(HOSTILE, "daemon"),
                                          .uid = STUDENT,
                                          .fds = (int[]){-1, -1, -1, w.held},
                                          .nfds = 4}),
             PROC_EXITED, 0);
    close_fd(&w.held);
    OK(box_kill_uid(box, STUDENT, &killed, &err));
    cr_assert(killed > 0 && is_gone_within(&w, 0));
    close_fd(&w.alive);
    w = watch_make();
    ENDS(run(box, &(struct proc_spec){.argv = ARGV(HOSTILE, "daemon"),
                                      .uid = STUDENT,
                                      .fds = (int[]){-1, -1, -1, w.held},
                                      .nfds = 4}),
         PROC_EXITED, 0);
    close_fd(&w.held);
    box_close(box);
    cr_assert(is_gone_within(&w, 0), "box_close came back too early");
    close_fd(&w.alive);
}

/* Never by itself: somebody has to ask for it. */
Test(shared, auto_does_not_mean_it)
{
    struct box *box = NULL;

    if (box_open(NULL, &box, &err) == 0)
        cr_assert(box_mode(box) != BOX_SHARED);
    else
        cr_assert(strstr(err.msg, "subordinate ids"), "%s", err.msg);
    box_close(box);
}

/* What is ours ---------------------------------------- */

Test(full, faults_name_the_next_step)
{
    struct box *box = NULL;

    cr_assert(box_open(&(struct box_spec){.mode = BOX_FULL, .bwrap = "/nonexistent/bwrap"}, &box, &err) == -1);
    cr_assert(strstr(err.msg, "/nonexistent/bwrap") != NULL);
    /* A bwrap that fails: what it said is part of the message. */
    cr_assert(box_open(&(struct box_spec){.mode = BOX_FULL, .bwrap = "/bin/cat"}, &box, &err) == -1);
    cr_assert(strstr(err.msg, "did not start") != NULL && strstr(err.msg, "cat") != NULL, "%s",
              err.msg);
    cr_assert(box == NULL);
    box_close(NULL);
}

Test(boxes, mistakes_of_the_caller_are_refused)
{
    struct box *box = open_box();
    enum box_mode parsed;
    struct proc_result res;
    unsigned id;

    cr_assert(box_start(box, &(struct proc_spec){.argv = ARGV(HOSTILE), .uid = 251}, &id, &err) ==
              -1);
    cr_assert(box_start(box, &(struct proc_spec){.uid = STUDENT}, &id, &err) == -1);
    cr_assert(box_kill_uid(box, BOX_JUDGE, NULL, &err) == -1);
    cr_assert(box_wait(box, 12345, &res, &err) == -1);
    FAILS(box_put(box, "/tmp/null", box_fd(box), 0644, 0, &err), EINVAL);
    cr_assert(box_mode_parse("full", &parsed) == 0 && parsed == BOX_FULL);
    cr_assert(box_mode_parse("half", &parsed) == -1);
    cr_assert(box_mode(box) == mode());
    /* and after all that it still works */
    ENDS(run_as(box, STUDENT, ARGV(HOSTILE, "exit", "4")), PROC_EXITED, 4);
    box_close(box);
}

Test(boxes, the_self_test_finds_nothing)
{
    static struct selftest_report report;

    selftest_run(mode(), &report);
    for (size_t i = 0; i < report.count; i++)
        cr_expect(report.checks[i].ok || report.checks[i].advice, "%s: %s", report.checks[i].name,
                  report.checks[i].seen);
    cr_expect(report.ok && report.count > 15);
}

/* 32 and 33 are the C library's own: sigaction() refuses them, and some runtimes ignore them. */
Test(boxes, signals_that_the_caller_ignores_are_not_ignored_inside)
{
    static struct selftest_report report;
    const unsigned long ignore[4] = {(unsigned long)SIG_IGN}; /* the kernel's struct sigaction */

    for (int sig = 32; sig <= 34; sig++)
        cr_assert(syscall(SYS_rt_sigaction, sig, ignore, NULL, 8L) == 0);
    selftest_run(mode(), &report);
    for (size_t i = 0; i < report.count; i++)
        cr_expect(report.checks[i].ok || report.checks[i].advice, "%s: %s", report.checks[i].name,
                  report.checks[i].seen);
}
