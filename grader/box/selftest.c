/* SPDX-License-Identifier: MIT */
/* selftest: opens boxes, runs the probes (init_probe.c) in them, and looks at the rest from
 * outside. A check that cannot be made counts as not ok, with the reason as what was seen. */
#define _GNU_SOURCE 1
#include "box/selftest.h"

#include "box/box.h"
#include "util/cleanup.h"
#include "util/err.h"
#include "util/i18n.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STUDENT = BOX_STUDENT_FIRST,
    OTHER = BOX_STUDENT_FIRST + 1,
    NPROC = 16,
    SAY_TIMEOUT_MS = 20000
};

#define SIZE_TEXT "67108864" /* of /tmp and /dev/shm when nothing else is asked for */
#define INIT "/.init"
#define CHANNEL "/judge/selftest.channel"
#define REPORT_IT N_("report this: it should work wherever a box opens")

/* Each check writes what it saw (at most 'size' bytes) and says whether that is well. */
struct subject {
    struct box *box;
    struct box_spec spec; /* that it was opened with */
    int channel_fd;
};
typedef bool check_fn(struct subject *s, char *seen, size_t size);

__attribute__((format(printf, 3, 4))) static void say(char *seen, size_t size, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(seen, size, fmt, ap);
    va_end(ap);
}

static void copy_line(int fd, char *seen, size_t size)
{
    ssize_t n = pread(fd, seen, size - 1, 0);

    seen[n > 0 ? n : 0] = '\0';
    seen[strcspn(seen, "\n")] = '\0';
}

/* Runs a program with its output in 'seen' (the first line, or how it ended if that is empty).
 * True: exit 0. */
static bool run(struct box *box, uid_t uid, const struct proc_limits *limits,
                const char *const *argv, char *seen, size_t size)
{
    CLEANUP(close_fd) int out = memfd_create("selftest", MFD_CLOEXEC);
    struct proc_spec spec = {.argv = argv,
                             .uid = uid,
                             .fds = (int[]){-1, out, out},
                             .nfds = 3,
                             .limits = *limits,
                             .cwd = "/tmp"};
    struct proc_result res;
    struct err err = {0};

    if (box_run(box, &spec, &res, &err) < 0) {
        say(seen, size, "%s", err.msg);
        return false;
    }
    copy_line(out, seen, size);
    if (res.end == PROC_EXITED && res.code == 0)
        return true;
    if (!*seen || res.end != PROC_EXITED)
        proc_describe(&res, seen, size);
    return false;
}

static bool probe(struct box *box, uid_t uid, const char *name, const char *arg, char *seen,
                  size_t size)
{
    return run(box, uid, &(struct proc_limits){0}, (const char *const[]){INIT, name, arg, NULL},
               seen, size);
}

/* A probe that says one line and then lives until its stdin ends: until 'stdin_fd' is closed. */
struct held {
    unsigned id;
    int stdin_fd;
    char said[64];
};

static void held_release(struct held *h)
{
    close_fd(&h->stdin_fd);
}

static bool hold(struct box *box, uid_t uid, const char *name, const char *arg, struct held *h,
                 char *seen, size_t size)
{
    CLEANUP(close_fd) int in = -1, in_write = -1, out = -1, out_write = -1;
    struct proc_spec spec = {
        .argv = (const char *const[]){INIT, name, arg, NULL}, .uid = uid, .nfds = 3};
    struct err err = {0};
    struct pollfd p;
    ssize_t n = -1;
    int pair[2];

    if (pipe2(pair, O_CLOEXEC) == 0) {
        in = pair[0];
        in_write = pair[1];
    }
    if (pipe2(pair, O_CLOEXEC) == 0) {
        out = pair[0];
        out_write = pair[1];
    }
    spec.fds = (int[]){in, out_write, -1};
    if (in < 0 || out < 0 || box_start(box, &spec, &h->id, &err) < 0) {
        say(seen, size, "%s", in < 0 || out < 0 ? _("no pipes") : err.msg);
        return false;
    }
    close_fd(&out_write);
    p = (struct pollfd){.fd = out, .events = POLLIN};
    if (poll(&p, 1, SAY_TIMEOUT_MS) == 1)
        n = read(out, h->said, sizeof(h->said) - 1);
    if (n <= 0) {
        say(seen, size, _("the probe '%s' said nothing"), name);
        return false;
    }
    h->said[n] = '\0';
    h->said[strcspn(h->said, "\n")] = '\0';
    h->stdin_fd = take_fd(&in_write);
    return true;
}

/* Lets it go on to its end. True: exit 0. */
static bool let_go(struct box *box, struct held *h, char *seen, size_t size)
{
    struct proc_result res;
    struct err err = {0};

    close_fd(&h->stdin_fd);
    if (box_wait(box, h->id, &res, &err) < 0) {
        say(seen, size, "%s", err.msg);
        return false;
    }
    if (res.end == PROC_EXITED && res.code == 0)
        return true;
    proc_describe(&res, seen, size);
    return false;
}

/* The checks ---------------------------------------- */

static bool check_folder(struct subject *s, char *seen, size_t size)
{
    return probe(s->box, STUDENT, "enter", BOX_FILTER_PATH, seen, size);
}

static bool check_attack(struct subject *s, char *seen, size_t size)
{
    CLEANUP(held_release) struct held judge = {.stdin_fd = -1};
    char after[128] = "";
    bool well;

    if (!hold(s->box, BOX_JUDGE, "hold", "", &judge, seen, size))
        return false;
    well = probe(s->box, STUDENT, "attack", judge.said, seen, size);
    if (let_go(s->box, &judge, after, sizeof(after)))
        return well;
    say(seen, size, _("a judge was harmed: %s"), after);
    return false;
}

static bool check_others(struct subject *s, char *seen, size_t size)
{
    CLEANUP(held_release) struct held other = {.stdin_fd = -1};
    char after[128] = "";
    bool well;

    if (!hold(s->box, OTHER, "hold", "", &other, seen, size))
        return false;
    well = probe(s->box, STUDENT, "attack", other.said, seen, size);
    if (let_go(s->box, &other, after, sizeof(after)))
        return well;
    say(seen, size, _("another student's process was harmed: %s"), after);
    return false;
}

static bool check_channel(struct subject *s, char *seen, size_t size)
{
    struct err err = {0};

    if (s->channel_fd < 0 && box_listen(s->box, CHANNEL, &s->channel_fd, &err) < 0) {
        say(seen, size, "%s", err.msg);
        return false;
    }
    if (probe(s->box, STUDENT, "connect", CHANNEL, seen, size)) {
        say(seen, size, _("a student can connect to the judge's channel"));
        return false;
    }
    if (!probe(s->box, BOX_JUDGE, "connect", CHANNEL, seen, size))
        return false;
    say(seen, size, "the judge can connect, a student cannot");
    return true;
}

static bool check_fds(struct subject *s, char *seen, size_t size)
{
    return probe(s->box, STUDENT, "fds", "", seen, size);
}

static bool check_identity(struct subject *s, char *seen, size_t size)
{
    char uid[16];

    (void)snprintf(uid, sizeof(uid), "%u", (unsigned)box_inner_uid(s->box, STUDENT));
    return probe(s->box, STUDENT, "identity", uid, seen, size);
}

static bool check_filter(struct subject *s, char *seen, size_t size)
{
    return probe(s->box, STUDENT, "filter", "", seen, size);
}

static bool check_nproc(struct subject *s, char *seen, size_t size)
{
    char number[16];
    bool well;

    (void)snprintf(number, sizeof(number), "%d", NPROC);
    well = run(s->box, STUDENT, &(struct proc_limits){.nproc = NPROC},
               (const char *const[]){INIT, "nproc", number, NULL}, seen, size);
    (void)box_kill_uid(s->box, STUDENT, NULL, NULL);
    return well;
}

static bool check_network(struct subject *s, char *seen, size_t size)
{
    return probe(s->box, STUDENT, "network", "", seen, size);
}

static bool check_objects(struct subject *s, char *seen, size_t size)
{
    return probe(s->box, STUDENT, "objects", "", seen, size);
}

static bool check_writable(struct subject *s, char *seen, size_t size)
{
    return probe(s->box, STUDENT, "writable", " /tmp /dev/shm  /dev/mqueue ", seen, size);
}

static bool check_sizes(struct subject *s, char *seen, size_t size)
{
    return probe(s->box, STUDENT, "sizes", SIZE_TEXT, seen, size);
}

static bool check_victim(struct subject *s, char *seen, size_t size)
{
    return probe(s->box, STUDENT, "victim", "", seen, size);
}

static const char program[] =
    "#include <stdio.h>\nint main(void) { puts(\"compiled\"); return 0; }\n";

static bool check_compiler(struct subject *s, char *seen, size_t size)
{
    struct err err = {0};

    if (box_put_mem(s->box, "/sub/selftest.c", program, sizeof(program) - 1, 0644, BOX_JUDGE,
                    &err) < 0) {
        say(seen, size, "%s", err.msg);
        return false;
    }
    return run(s->box, BOX_BUILDER, &(struct proc_limits){0},
               (const char *const[]){"gcc", "-g", "-o", "/tmp/selftest", "/sub/selftest.c", NULL},
               seen, size) &&
           run(s->box, BOX_BUILDER, &(struct proc_limits){0},
               (const char *const[]){"cc", "--version", NULL}, seen, size);
}

static bool check_program(struct subject *s, char *seen, size_t size)
{
    return run(s->box, STUDENT, &(struct proc_limits){0},
               (const char *const[]){"/tmp/selftest", NULL}, seen, size);
}

static bool check_valgrind(struct subject *s, char *seen, size_t size)
{
    if (!run(s->box, BOX_MEMCHECK, &(struct proc_limits){.wall_ms = 60000},
             (const char *const[]){"valgrind", "-q", "--error-exitcode=9", "/tmp/selftest", NULL},
             seen, size))
        return false;
    return run(s->box, BOX_MEMCHECK, &(struct proc_limits){0},
               (const char *const[]){"valgrind", "--version", NULL}, seen, size);
}

/* Queues of the default size (mq_overview(7)) that a box must have room for. A test takes up to QUEUE_SHARE bytes
 * (tests/harness/harness.h), which are two of them and the kernel's own. */
enum { QUEUES_NEEDED = 3 };

/* Two boxes at once: what the first takes must not be missing in the second. */
static bool check_queues(struct subject *s, char *seen, size_t size)
{
    CLEANUP(held_release) struct held first = {.stdin_fd = -1}, second = {.stdin_fd = -1};
    struct box *neighbour = NULL;
    struct err err = {0};
    bool well;

    if (box_open(&s->spec, &neighbour, &err) < 0) {
        say(seen, size, "%s", err.msg);
        return false;
    }
    well = hold(s->box, STUDENT, "hoard", "a", &first, seen, size) &&
           hold(neighbour, STUDENT, "hoard", "b", &second, seen, size);
    if (well)
        say(seen, size, _("%s queues in one box, then %s in the next"), first.said, second.said);
    well = well && atoi(first.said) >= QUEUES_NEEDED && atoi(second.said) >= QUEUES_NEEDED &&
           strcmp(first.said, second.said) == 0;
    box_close(neighbour);
    (void)box_kill_uid(s->box, STUDENT, NULL, NULL);
    return well;
}

static bool check_daemon(struct subject *s, char *seen, size_t size)
{
    CLEANUP(close_fd) int alive = -1, held = -1;
    struct pollfd p;
    struct proc_spec spec = {
        .argv = (const char *const[]){INIT, "daemon", NULL}, .uid = STUDENT, .nfds = 4};
    struct proc_result res;
    struct box *box;
    struct err err = {0};
    int pair[2];

    if (pipe2(pair, O_CLOEXEC) < 0)
        return false;
    alive = pair[0];
    held = pair[1];
    spec.fds = (int[]){-1, -1, -1, held};
    if (box_open(&s->spec, &box, &err) < 0) {
        say(seen, size, "%s", err.msg);
        return false;
    }
    if (box_run(box, &spec, &res, &err) < 0) {
        say(seen, size, "%s", err.msg);
        box_close(box);
        return false;
    }
    close_fd(&held);
    p = (struct pollfd){.fd = alive, .events = POLLIN};
    if (poll(&p, 1, 0) != 0) { /* the daemon has the write end: no end of file yet */
        say(seen, size, _("no daemon came to be"));
        box_close(box);
        return false;
    }
    box_close(box);
    if (poll(&p, 1, 0) == 1 && p.revents & POLLHUP) {
        say(seen, size, "a daemon was gone when the box was closed");
        return true;
    }
    say(seen, size, _("a daemon has outlived its box"));
    return false;
}

/* What one box leaves, the next would find: under its uids it could not even open it. */
static bool check_gone(struct subject *s, char *seen, size_t size)
{
    struct err err = {0};

    for (int i = 0; i < 2; i++) {
        struct box *box;
        bool well;

        if (box_open(&s->spec, &box, &err) < 0) {
            say(seen, size, "%s", err.msg);
            return false;
        }
        well = probe(box, STUDENT, "objects", "", seen, size);
        box_close(box);
        if (!well)
            return false;
    }
    say(seen, size, "a second box could make them anew");
    return true;
}

/* A file that everybody may read. */
static bool check_unseen(struct subject *s, char *seen, size_t size)
{
    char path[] = "/var/tmp/grader-doctor-XXXXXX";
    CLEANUP(close_fd) int fd = mkstemp(path);
    bool well;

    if (fd < 0 || fchmod(fd, 0644) < 0) {
        say(seen, size, _("cannot make a file to look for in /var/tmp: %s"), strerror(errno));
        return false;
    }
    well = probe(s->box, STUDENT, "see", path, seen, size);
    (void)unlink(path);
    return well;
}

/* What the machine does with core files, memory and privileges
 * ---------------------------------------- */

static void read_setting(const char *path, char *text, size_t size)
{
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);

    text[0] = '\0';
    if (fd >= 0)
        copy_line(fd, text, size);
}

static bool check_cores(struct subject *s, char *seen, size_t size)
{
    char pattern[256];

    (void)s;
    read_setting("/proc/sys/kernel/core_pattern", pattern, sizeof(pattern));
    say(seen, size, _("core_pattern is '%s'"), pattern);
    return pattern[0] != '|';
}

static bool check_dumpable(struct subject *s, char *seen, size_t size)
{
    char value[16];

    (void)s;
    read_setting("/proc/sys/fs/suid_dumpable", value, sizeof(value));
    say(seen, size, _("fs.suid_dumpable is %s"), value);
    return strcmp(value, "1") != 0;
}

static bool check_memory(struct subject *s, char *seen, size_t size)
{
    const bool group = box_has_memory_group(s->box);

    say(seen, size, "%s",
        group ? _("the kernel limits a whole box")
              : _("the memory of programs is looked at ten times a second"));
    return group;
}

static bool check_swap(struct subject *s, char *seen, size_t size)
{
    CLEANUP(fclose_file) FILE *f = fopen("/proc/swaps", "re");
    char line[256];
    int lines = 0;

    while (f && fgets(line, sizeof(line), f))
        lines++;
    say(seen, size, "%s", lines > 1 ? _("there is swap") : "no swap");
    return lines <= 1 || box_has_memory_group(s->box);
}

enum { NEVER = 0, ALWAYS = ~0, USERS = 1 << BOX_USERS, SHARED = 1 << BOX_SHARED };

static const struct {
    const char *name;
    check_fn *run;
    unsigned advice; /* bit N: in mode N it is only that */
    const char *means, *next;
} table[] = {
    {"folder", check_folder, SHARED, N_("students cannot read hidden tests or results"), REPORT_IT},
    {"judge", check_attack, SHARED, N_("students cannot kill, trace or read the test runner"),
     REPORT_IT},
    {"others", check_others, SHARED, N_("the tests of one submission cannot disturb each other"),
     REPORT_IT},
    {"unseen", check_unseen, USERS, N_("the machine's own files are out of sight"),
     N_("keep labs and submissions where only root may enter (chmod 700), or use a kernel with "
        "Landlock (5.19 or newer)")},
    {"channel", check_channel, SHARED, N_("students cannot send results"), REPORT_IT},
    {"descriptors", check_fds, NEVER, N_("programs get their three descriptors and no others"),
     REPORT_IT},
    {"identity", check_identity, SHARED, N_("programs run without any privilege"), REPORT_IT},
    {"filter", check_filter, NEVER, N_("the kernel's riskier calls are refused"), REPORT_IT},
    {"processes", check_nproc, SHARED, N_("a fork bomb stops at its limit"), REPORT_IT},
    {"network", check_network, USERS, N_("programs reach each other, and nobody else"),
     N_("start the container without a network: docker run --network none")},
    {"gone", check_gone, NEVER, N_("queues, segments and files do not outlive their box"), REPORT_IT},
    {"objects", check_objects, NEVER, N_("queues, segments, semaphores and FIFOs work"),
     N_("load the kernel's support for POSIX queues and System V IPC")},
    {"writable", check_writable, SHARED, N_("programs write to their own folders only"), REPORT_IT},
    {"sizes", check_sizes, USERS, N_("programs cannot fill the machine's disk"),
     N_("give the container small folders: docker run --tmpfs /tmp:exec,size=64m --shm-size 64m")},
    {"victim", check_victim, ALWAYS, N_("when memory runs out, a student's program ends, not the judge"),
     ""},
    {"daemon", check_daemon, NEVER, N_("nothing that was started stays behind"), REPORT_IT},
    {"compiler", check_compiler, NEVER, N_("gcc and cc are there"),
     N_("install gcc (apt-get install gcc libc6-dev)")},
    {"program", check_program, NEVER, N_("what was compiled in the box runs in the box"), REPORT_IT},
    {"valgrind", check_valgrind, NEVER, N_("memory errors can be found"),
     N_("install valgrind and the C library's debug symbols (apt-get install valgrind libc6-dbg)")},
    {"queues", check_queues, ALWAYS, N_("two boxes at once have room for their message queues"),
     N_("run as root, raise 'msgqueue' in /etc/security/limits.conf, or grade with --jobs 1 in labs "
        "with POSIX queues")},
    {"cores", check_cores, ALWAYS, N_("crashes leave nothing on the machine"),
     N_("set kernel.core_pattern to a file name: a core handler runs outside the box")},
    {"dumpable", check_dumpable, NEVER, N_("programs that change their user cannot be traced"),
     "sysctl -w fs.suid_dumpable=0"},
    {"memory", check_memory, ALWAYS,
     N_("a box takes no more memory than its limit, not even for a moment"),
     N_("run as root where /sys/fs/cgroup can be written to; in a container give it a limit: "
        "docker run --memory 2g")},
    {"swap", check_swap, ALWAYS, N_("a program that eats memory does not slow the machine down"),
     N_("switch swap off, or run where boxes have a memory group")},
};

_Static_assert(sizeof(table) / sizeof(table[0]) < SELFTEST_MAX, "the report is too short");

static struct selftest_check *add_check(struct selftest_report *report, const char *name,
                                        const char *means, const char *next, bool advice)
{
    struct selftest_check *c = &report->checks[report->count++];

    *c = (struct selftest_check){.name = name, .means = means, .next = next, .advice = advice};
    if (advice && strcmp(next, REPORT_IT) == 0)
        c->next = N_("mode full keeps this: see its own line");
    return c;
}

void selftest_run(enum box_mode mode, struct selftest_report *report)
{
    struct box_spec spec = {.mode = mode, .show_debug = true}; /* valgrind needs the symbols of the C library */
    struct subject s = {.channel_fd = -1};
    struct selftest_check *c;
    struct err err = {0};

    s.spec = spec;
    *report = (struct selftest_report){.ok = true};
    c = add_check(report, "box", N_("student code runs apart from everything else"),
                  N_("see the message; grading for marks needs a box"), false);
    c->ok = box_open(&spec, &s.box, &err) == 0;
    say(c->seen, sizeof(c->seen), "%s", c->ok ? box_describe(s.box) : err.msg);
    if (!c->ok) {
        report->ok = false;
        return;
    }
    s.spec.mode = report->mode = box_mode(s.box);
    (void)snprintf(report->description, sizeof(report->description), "%s", box_describe(s.box));
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        c = add_check(report, table[i].name, table[i].means, table[i].next,
                      table[i].advice & 1U << report->mode);
        c->ok = table[i].run(&s, c->seen, sizeof(c->seen));
        if (!c->ok && !c->advice)
            report->ok = false;
    }
    close_fd(&s.channel_fd);
    box_close(s.box);
}
