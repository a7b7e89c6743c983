/* SPDX-License-Identifier: MIT */
/* harness: runs the lab of lab/, whose tests end in every way, and checks what the runner records.
 *
 *     harness MODE KIT BIN WORK UID      MODE: users (root only), shared, memcheck (root only)
 *
 * It plays the grader: listens on the channel, collects the records, and compares them with a table.
 * One line per expectation that does not hold; exit 1 then. Tests take UID + 1 and the following,
 * memcheck UID. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 64, WALL_S = 240 };

static int failures;

static void complain(const char *test, const char *what, const char *got, const char *want)
{
    (void)printf("not ok: %s: %s: got %s, want %s\n", test, what, got ? got : "(none)",
                 want ? want : "(none)");
    failures++;
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "harness tests: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* What each test should end as ------------------------------------------------------------------- */

enum mode { USERS = 1, SHARED = 2, MEMCHECK = 4, NATIVE = USERS | SHARED, ALL = 7 };

static const struct expected {
    const char *test;
    int modes;
    const char *verdict, *kind, *clue, *signature;
    const char *leftovers; /* "kind name, kind name", sorted, each once */
    const char *explain;   /* part of the lines */
} table[] = {
    {"passes", ALL, "pass", 0, 0, 0, 0, 0},
    {"probe_passes", ALL, "pass", 0, 0, 0, 0, 0},
    {"server_passes", NATIVE, "pass", 0, 0, 0, 0, 0},
    {"thawed_and_gone", ALL, "pass", 0, 0, 0, 0, 0},
    {"wrong_exit", ALL, "fail", "exit", "the-code", "bad: exit code 3 instead of 0", 0, 0},
    {"wrong_output", ALL, "fail", "bytes", 0, "bad: wrong standard output", 0, 0},
    {"wrong_state", ALL, "fail", "state", "arithmetic", "one and one is …", 0, 0},
    {"wrong_count", ALL, "fail", "count", 0, "things", 0, 0},
    {"missing_line", ALL, "fail", "exit", 0, "bad: ended with 0 too early", 0, 0},
    {"not_built", NATIVE, "fail", "exit", 0, "absent: cannot be started", 0, 0},
    {"crashes", ALL, "crash", "died", 0, "bad: SIGSEGV", 0, 0},
    {"crash_seen_as_eof", NATIVE, "crash", "died", 0, "bad: SIGSEGV", "socket room", 0},
    {"crash_nobody_asked_about", ALL, "crash", "died", 0, "bad: SIGSEGV", 0, 0},
    {"expected_death", ALL, "pass", 0, 0, 0, 0, 0},
    {"hangs_in_read", NATIVE, "timeout", "hang", "half-close", "bad: read(pipe from the test itself)", 0,
     "waits in read on descriptor 0, a pipe whose write end is held by the test itself"},
    {"hangs_on_own_pipe", NATIVE, "timeout", "hang", 0,
     "a child of bad: read(pipe from bad+itself); bad: wait(a child of bad)", 0,
     "descriptor 4) and itself (descriptor 4)"},
    {"hangs_on_socketpair", NATIVE, "timeout", "hang", 0,
     "a child of bad: recv(Unix socket to bad); bad: recv(Unix socket to a child of bad)", 0,
     "a Unix socket whose other end is held by bad"},
    {"hangs_in_open", NATIVE, "timeout", "hang", 0, "bad: open(FIFO to read)", 0, "waits in open of 'fifo' for reading"},
    {"hangs_on_the_test", NATIVE, "timeout", "hang", 0, "bad: poll(Unix socket to the test itself)", 0,
     "waits in poll on descriptor 3, a Unix socket"},
    {"hangs_spinning", NATIVE, "timeout", "hang", 0, "bad: running", 0, "of processor time"},
    {"hangs_stopped", NATIVE, "timeout", "hang", 0, "bad: stopped", 0, "is stopped by a signal"},
    {"hangs_frozen", NATIVE, "timeout", "hang", 0, "bad: frozen", 0, "is held back by the test"},
    {"awake_spinning", NATIVE, "fail", "awake", 0, "bad: running", 0, 0},
    {"awake_napping", NATIVE, "fail", "awake", 0, "bad: sleep", 0, 0},
    {"awake_polling", NATIVE, "fail", "awake", 0, "bad: poll", 0, 0},
    {"patient_is_idle", ALL, "pass", 0, 0, 0, 0, 0},
    {"endless_output", NATIVE, "fail", "limit", 0, "limit: output of bad", 0, 0},
    {"endless_output_by_limit", NATIVE, "fail", "limit", 0, "limit: output of bad", 0, 0},
    {"limited_processor", USERS, "fail", "limit", 0, "limit: processor time", 0, 0},
    {"limited_processes", USERS, "fail", "limit", 0, "limit: processes", 0, 0},
    {"many_threads", ALL, "pass", 0, 0, 0, 0, 0},
    {"rests_after_work", ALL, "pass", 0, 0, 0, 0, 0},
    {"names_itself", ALL, "pass", 0, 0, 0, 0, 0},
    {"limited_file", USERS, "crash", "died", 0, "bad: SIGXFSZ", 0, 0},
    {"works_long", NATIVE, "pass", 0, 0, 0, 0, 0},
    {"leaves_zombie", NATIVE, "pass", 0, 0, 0, "zombie bad", 0},
    {"leaves_late_zombie", NATIVE, "pass", 0, 0, 0, "zombie bad", 0},
    {"leaves_orphan", NATIVE, "pass", 0, 0, 0, "process bad", 0},
    {"leaves_daemon", NATIVE, "pass", 0, 0, 0, "process bad", 0},
    {"leaves_family", NATIVE, "pass", 0, 0, 0, "process bad", 0},
    {"leaves_itself", NATIVE, "pass", 0, 0, 0, "process bad", 0},
    {"leaves_names", USERS, "pass", 0, 0, 0,
     "fifo sub/fifo, file /tmp/lab-temporary-N, file file, semaphore /lab-sem-N, shm /lab-shm-N, socket s, "
     "sysv-msg key N, sysv-sem key N, sysv-shm key N",
     0},
    {"leaves_names_and_crashes", USERS, "crash", "died", 0, "bad: SIGSEGV",
     "fifo sub/fifo, file /tmp/lab-temporary-N, file file, file meant, semaphore /lab-sem-N, shm /lab-shm-N, "
     "socket s, sysv-msg key N, sysv-sem key N, sysv-shm key N",
     0},
    {"leaves_names_when_killed", USERS, "fail", "state", 0, "no", 0, 0},
    {"leaves_a_replaced_socket", NATIVE, "pass", 0, 0, 0, "socket new", 0},
    {"attacks", USERS, "pass", 0, 0, 0, 0, 0},
    {"clean_start", ALL, "pass", 0, 0, 0, 0, 0},
    {"helpers_work", ALL, "pass", 0, 0, 0, 0, 0},
    {"datagrams", ALL, "pass", 0, 0, 0, 0, 0},
    {"tcp", ALL, "pass", 0, 0, 0, 0, 0},
    {"queues", ALL, "pass", 0, 0, 0, 0, 0},
    {"hangs_in_queue", NATIVE, "timeout", "hang", 0, "bad: mq_receive(empty queue)", 0,
     "with 0 of 2 messages, which nobody else has open"},
    {"leaves_queue", NATIVE, "pass", 0, 0, 0, "mqueue /q.N.N", 0},
    {"has_its_share_of_queues", ALL, "pass", 0, 0, 0, 0, 0},
    {"lacks_room_for_queues", USERS, "error", 0, 0, 0, 0, 0},
    {"test_aborts", NATIVE, "error", 0, 0, 0, 0, 0},
    {"test_exits", NATIVE, "error", 0, 0, 0, 0, 0},
    {"test_asserts", NATIVE, "fail", 0, 0, 0, 0, 0},
    {"test_lacks_a_helper", NATIVE, "error", 0, 0, 0, 0, 0},
    {"leaks", ALL, "pass", 0, 0, 0, 0, 0},
    {"reads_rubbish", ALL, "pass", 0, 0, 0, 0, 0},
    {"child_leaks", ALL, "pass", 0, 0, 0, 0, 0},
    {"leaves_open", ALL, "pass", 0, 0, 0, 0, 0},
};
enum { TABLE_SIZE = sizeof(table) / sizeof(table[0]) };

/* The grader's half of the channel ------------------------------------------------------------------ */

static json_t *records; /* all, in order */

static void collect(int listener, pid_t runner)
{
    struct pollfd set[CONNECTIONS_MAX] = {{.fd = listener, .events = POLLIN}};
    nfds_t n = 1;
    time_t begin = time(NULL);
    int status = 0;
    bool ended = false;

    while (!ended || n > 1) {
        static char packet[64 * 1024];

        if (!ended && waitpid(runner, &status, WNOHANG) == runner)
            ended = true;
        if (time(NULL) - begin > WALL_S) {
            (void)kill(runner, SIGKILL);
            complain("the runner", "wall clock", "no end", "an end");
            return;
        }
        if (poll(set, n, 50) <= 0)
            continue;
        for (nfds_t i = n; i-- > 1;) {
            ssize_t got;
            json_t *r;

            if (!set[i].revents)
                continue;
            got = recv(set[i].fd, packet, sizeof(packet), 0);
            if (got <= 0) {
                (void)close(set[i].fd);
                set[i] = set[--n];
                continue;
            }
            r = json_loadb(packet, (size_t)got, 0, NULL);
            if (!r)
                complain("the channel", "a record", packet, "JSON");
            else
                (void)json_array_append_new(records, r);
        }
        if (set[0].revents && n < CONNECTIONS_MAX) {
            set[n].fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            set[n].events = POLLIN;
            n += set[n].fd >= 0;
        }
    }
}

static void run_tests(const char *runner, const char *work, char *const argv[])
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    pid_t pid;

    (void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/channel", work);
    (void)unlink(sa.sun_path);
    must(listener >= 0 && bind(listener, (struct sockaddr *)&sa, sizeof(sa)) == 0
             && listen(listener, 64) == 0,
         "channel");
    (void)setenv("LAB_CHANNEL", sa.sun_path, 1);
    records = json_array();
    pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        int log = open("runner.log", O_WRONLY | O_CREAT | O_TRUNC, 0644);

        (void)dup2(log, 1);
        (void)dup2(log, 2);
        (void)execv(runner, argv);
        _exit(127);
    }
    collect(listener, pid);
    (void)close(listener);
}

/* Comparing ------------------------------------------------------------------------------------------ */

static const char *get(const json_t *r, const char *key)
{
    return json_string_value(json_object_get(r, key));
}

static bool is(const json_t *r, const char *record, const char *test)
{
    return strcmp(get(r, "record"), record) == 0
           && (!test || (get(r, "test") && strcmp(get(r, "test"), test) == 0));
}

static const json_t *find(const char *record, const char *test, int *count)
{
    const json_t *found = NULL;
    size_t i;
    json_t *r;

    *count = 0;
    json_array_foreach(records, i, r)
    {
        if (is(r, record, test)) {
            found = r;
            ++*count;
        }
    }
    return found;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Numbers depend on users and processes, which may have small ones: they become N. */
static void hide_numbers(char *s)
{
    char *to = s;

    while (*s) {
        const size_t digits = strspn(s, "0123456789abcdefx");

        if (*s >= '0' && *s <= '9') {
            *to++ = 'N';
            s += digits;
            continue;
        }
        *to++ = *s++;
    }
    *to = '\0';
}

static char *leftovers_of(const char *test)
{
    char *item[64], *all = calloc(1, 8192);
    size_t n = 0, i;
    json_t *r;

    json_array_foreach(records, i, r)
    {
        /* A queue of any name is only found where the file system of queues is mounted. */
        if (is(r, "leftover", test) && n < 64 && strncmp(get(r, "name"), "/lab-mq-", 8) != 0
            && asprintf(&item[n], "%s %s", get(r, "kind"), get(r, "name")) > 0)
            hide_numbers(item[n++]);
    }
    qsort(item, n, sizeof(*item), compare_text);
    for (i = 0; i < n; i++)
        if (i == 0 || strcmp(item[i], item[i - 1]) != 0)
            (void)sprintf(all + strlen(all), "%s%s", *all ? ", " : "", item[i]);
    return all;
}

static char *lines_of(const json_t *failure)
{
    char *all = calloc(1, 64 * 1024);
    size_t i;
    json_t *line;

    json_array_foreach(json_object_get(failure, "explain"), i, line)
        (void)strcat(strcat(all, json_string_value(json_object_get(line, "text"))), "\n");
    return all;
}

static void same(const char *test, const char *what, const char *got, const char *want)
{
    if (strcmp(got ? got : "", want ? want : "") != 0)
        complain(test, what, got, want);
}

static void check_test(const struct expected *e, enum mode mode)
{
    int starts, ends, failed, programs;
    const json_t *end, *failure;
    char *lines;

    (void)find("start", e->test, &starts);
    end = find("end", e->test, &ends);
    failure = find("failure", e->test, &failed);
    (void)find("program", e->test, &programs);
    /* Only this one needs a processor to be seen as hanging: on a machine that gives it none, that cannot be told. */
    const char *why = end ? get(end, "message") : NULL;
    if (why && strcmp(e->test, "hangs_spinning") == 0 && strstr(why, "the machine is too busy")) {
        (void)printf("skipped: %s: the machine is too busy\n", e->test);
        return;
    }
    if (starts != 1 || ends != 1 || failed != (e->kind != NULL)) {
        (void)printf("not ok: %s: %d start, %d end, %d failure records\n", e->test, starts, ends,
                     failed);
        failures++;
        return;
    }
    same(e->test, "verdict", get(end, "verdict"), e->verdict);
    same(e->test, "leftovers", leftovers_of(e->test), mode == MEMCHECK ? NULL : e->leftovers);
    if (!failure)
        return;
    same(e->test, "kind", get(failure, "kind"), e->kind);
    same(e->test, "clue", get(failure, "clue"), e->clue);
    same(e->test, "signature", get(failure, "signature"), e->signature);
    lines = lines_of(failure);
    if (e->explain && !strstr(lines, e->explain))
        complain(e->test, "explanation", lines, e->explain);
    if (strchr(get(failure, "message"), '\n'))
        complain(e->test, "message", get(failure, "message"), "one line");
    if (programs < 1 && strcmp(e->kind, "exit") == 0 && strcmp(e->test, "not_built") != 0)
        complain(e->test, "program records", "none", "one");
}

static void check_plan(size_t want)
{
    const json_t *first = json_array_get(records, 0);
    char got[32], expected[32];

    if (!first || !is(first, "plan", NULL)) {
        complain("the plan", "first record", first ? get(first, "record") : NULL, "plan");
        return;
    }
    (void)snprintf(got, sizeof(got), "%zu", json_array_size(json_object_get(first, "tests")));
    (void)snprintf(expected, sizeof(expected), "%zu", want);
    same("the plan", "tests", got, expected);
}

/* --filter for those of this mode; the plan then has just them. */
static size_t filter_for(enum mode mode, char *pattern, size_t size)
{
    size_t n = 0, count = 0;

    n += (size_t)snprintf(pattern, size, "public/@(");
    for (size_t i = 0; i < TABLE_SIZE; i++)
        if (table[i].modes & (int)mode)
            n += (size_t)snprintf(pattern + n, size - n, "%s%s", count++ ? "|" : "", table[i].test);
    (void)snprintf(pattern + n, size - n, ")");
    return count;
}

static void empty_folder(const char *path)
{
    char *command;

    must(asprintf(&command, "ls -A '%s' | grep -vx -e channel -e vg -e 'lab-.*'", path) > 0,
         "memory");
    FILE *f = popen(command, "r");
    char line[256];

    /* A worker that crashes cannot remove its folder, and one that leaves early does not. */
    int left = 0;
    while (f && fgets(line, sizeof(line), f))
        left++;
    if (left > 2)
        complain("the folder of the tests", "left over", line, "nothing");
    if (f)
        (void)pclose(f);
    free(command);
}

int main(int argc, char **argv)
{
    static char pattern[8192];
    char runner[4096], number[32];
    enum mode mode;
    uid_t uid;
    size_t count;

    if (argc != 6)
        return 2;
    uid = (uid_t)strtoul(argv[5], NULL, 10);
    mode = strcmp(argv[1], "shared") == 0     ? SHARED
           : strcmp(argv[1], "memcheck") == 0 ? MEMCHECK
                                              : USERS;
    (void)snprintf(runner, sizeof(runner), "%s/tests", argv[2]);
    (void)setenv("LAB_PROGRAMS", argv[3], 1);
    (void)setenv("LAB_WORK", argv[4], 1);
    (void)unsetenv("LAB_FIRST_UID");
    (void)unsetenv("LAB_MEMCHECK");
    (void)snprintf(number, sizeof(number), "%u", (unsigned)uid + 1);
    if (mode != SHARED)
        (void)setenv("LAB_FIRST_UID", number, 1);
    if (mode == MEMCHECK) {
        char vg[4096];

        (void)snprintf(vg, sizeof(vg), "%s/vg", argv[4]);
        must(mkdir(vg, 0700) == 0 && chown(vg, uid, uid) == 0, vg);
        (void)setenv("LAB_MEMCHECK", vg, 1);
        (void)setenv("LAB_MEMCHECK_UID", argv[5], 1);
    }
    count = filter_for(mode, pattern, sizeof(pattern));
    run_tests(runner, argv[4], (char *[]){runner, "-j4", "--filter", pattern, NULL});
    check_plan(count);
    for (size_t i = 0; i < TABLE_SIZE; i++)
        if (table[i].modes & (int)mode)
            check_test(&table[i], mode);
    empty_folder(argv[4]);
    if (!failures)
        (void)printf("ok: %zu tests end as they should (%s)\n", count, argv[1]);
    return failures > 0;
}
