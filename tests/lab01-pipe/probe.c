/* SPDX-License-Identifier: MIT */
/* probe: calls one function of the student's library, as told by its arguments, and prints what it
 * saw. It judges nothing: what is right is known to the tests alone.
 *
 *     read FD N            io_read_full: "RESULT BYTES", or "RESULT SUM" for more than 64 bytes
 *     write FD N           io_write_full of a pattern; "RESULT" on standard error
 *     send N...            msg_send of a pattern of each size to standard output; "RESULT" on
 *                          standard error, if it is not 0
 *     recv CAP             msg_recv from standard input until it says that there is no more:
 *                          "LENGTH SUM" for each message, "EOF" at the end
 *     pipeline STAGES      pipeline_run, stages separated by ":"; "RESULT CODES"
 *     rec-send WORKER SEQ SIZE   rec_send to a pipe that keeps writes apart: "RESULT", then one line
 *                          "write BYTES" for each, then "record SUM"
 *     rec-collect SIZE N   rec_collect from standard input: "RESULT COUNTS"
 *     effects CALL         what a call leaves behind, see below
 *
 * A function that fails is told as "-1 ERRNO". */
#include "lab01.h"

#include "pattern.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STAGES_MAX = 64, WORKERS_MAX = 16, MESSAGES_MAX = 100, SHOWN_MAX = 64, FDS_MAX = 256 };

static const char *error_name(int error)
{
    const char *name = strerrorname_np(error);

    if (error == ENOSYS)
        fprintf(stderr, "probe: not implemented\n");
    return name ? name : "0";
}

static void on_signal(int sig)
{
    (void)sig;
}

static void catch(int sig)
{
    struct sigaction act = {.sa_handler = on_signal}; /* no SA_RESTART: calls end with EINTR */

    sigemptyset(&act.sa_mask);
    sigaction(sig, &act, NULL);
}

static void *block(size_t size)
{
    void *p = malloc(size ? size : 1);

    if (!p)
        abort();
    return p;
}

/* Functions of part A ---------------------------------------------------------------------------- */

static int probe_read(int fd, size_t n)
{
    char *buf = block(n);
    ssize_t got = io_read_full(fd, buf, n);

    if (got < 0)
        printf("%zd %s\n", got, error_name(errno));
    else if ((size_t)got > SHOWN_MAX)
        printf("%zd %08x\n", got, (unsigned)pattern_sum(buf, (size_t)got < n ? (size_t)got : n));
    else
        printf("%zd %.*s\n", got, (int)((size_t)got < n ? (size_t)got : n), buf);
    free(buf);
    return 0;
}

static int probe_write(int fd, size_t n)
{
    void *buf = block(n);
    int r;

    pattern_fill(buf, n);
    r = io_write_full(fd, buf, n);
    if (r < 0)
        fprintf(stderr, "%d %s\n", r, error_name(errno));
    else
        fprintf(stderr, "%d\n", r);
    free(buf);
    return 0;
}

static int probe_send(char *const sizes[])
{
    for (; *sizes; sizes++) {
        size_t size = strtoul(*sizes, NULL, 10);
        void *buf = block(size);
        int r;

        pattern_fill(buf, size);
        r = msg_send(STDOUT_FILENO, buf, size);
        if (r < 0)
            fprintf(stderr, "%d %s\n", r, error_name(errno));
        else if (r != 0)
            fprintf(stderr, "%d\n", r);
        free(buf);
    }
    return 0;
}

static int probe_recv(size_t cap)
{
    unsigned char *buf = block(cap); /* not one byte more: what is written behind it is seen */

    setvbuf(stdout, NULL, _IOLBF, 0); /* the test waits for each line */
    for (int i = 0; i < MESSAGES_MAX; i++) {
        ssize_t n = msg_recv(STDIN_FILENO, buf, cap);
        int error = errno;

        if (n == MSG_EOF) {
            printf("EOF\n");
            break;
        }
        if (n < 0) {
            printf("%zd %s\n", n, error_name(error));
            if (error != EMSGSIZE)
                break;
        } else {
            printf("%zd %08x\n", n, (unsigned)pattern_sum(buf, (size_t)n < cap ? (size_t)n : cap));
        }
    }
    free(buf);
    return 0;
}

/* Part E ------------------------------------------------------------------------------------------- */

static int probe_rec_send(uint32_t worker, uint32_t seq, size_t size)
{
    unsigned char buf[2 * PIPE_BUF], record[2 * PIPE_BUF];
    size_t whole = 0;
    ssize_t n;
    int fds[2], r;

    if (pipe2(fds, O_DIRECT | O_CLOEXEC) < 0) { /* one read gets what one write has put */
        perror("probe: pipe2");
        return 3;
    }
    r = rec_send(fds[1], worker, seq, size);
    if (r < 0)
        printf("%d %s\n", r, error_name(errno));
    else
        printf("%d\n", r);
    close(fds[1]);
    while ((n = read(fds[0], buf, sizeof(buf))) > 0) {
        printf("write %zd\n", n);
        if (whole + (size_t)n <= sizeof(record))
            memcpy(record + whole, buf, (size_t)n);
        whole += (size_t)n;
    }
    close(fds[0]);
    if (whole > 0 && whole <= sizeof(record))
        printf("record %08x\n", (unsigned)pattern_sum(record, whole));
    return 0;
}

static int probe_rec_collect(size_t size, size_t workers)
{
    uint32_t counts[WORKERS_MAX] = {0};
    int r;

    if (workers > WORKERS_MAX)
        return 2;
    r = rec_collect(STDIN_FILENO, size, counts, workers);
    printf("%d", r);
    if (r < 0)
        printf(" %s", error_name(errno));
    for (size_t i = 0; r == 0 && i < workers; i++)
        printf(" %u", (unsigned)counts[i]);
    printf("\n");
    return 0;
}

/* Parts B to D --------------------------------------------------------------------------------------- */

static size_t cut(char *argv[], char **stages[])
{
    size_t n = 0;

    stages[n++] = argv;
    for (; *argv && n < STAGES_MAX; argv++)
        if (strcmp(*argv, ":") == 0) {
            *argv = NULL;
            stages[n++] = argv + 1;
        }
    return n;
}

/* Says on standard output what pipeline_run returned; -1 and errno as it left them. */
static int call_pipeline(char *argv[])
{
    char **stages[STAGES_MAX];
    int codes[STAGES_MAX];
    size_t n = cut(argv, stages);
    int r;

    for (size_t i = 0; i < n; i++)
        codes[i] = -1;
    r = pipeline_run(stages, n, STDIN_FILENO, STDOUT_FILENO, codes);
    if (r == 0) {
        printf("%d", r);
        for (size_t i = 0; i < n; i++)
            printf(" %d", codes[i]);
        printf("\n");
    }
    return r;
}

static int call_filter(char *argv[])
{
    int code = -1, r = filter_run(argv, STDIN_FILENO, STDOUT_FILENO, &code);

    if (r == 0)
        printf("%d %d\n", r, code);
    return r;
}

static int call_relay(char *argv[])
{
    int r = relay_to_child(argv[0], strlen(argv[0]), STDOUT_FILENO);

    if (r >= 0)
        printf("%d\n", r);
    return r;
}

/* A parent that has done things for itself: commands shall not see it. */
static void be_particular(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t mask;

    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    sigaddset(&mask, SIGTERM);
    sigprocmask(SIG_BLOCK, &mask, NULL);
}

/* effects [EXTRA | plain] relay TEXT | filter COMMAND... | pipeline STAGES
 *
 * Puts "pending" into stdio's buffer, makes the call, flushes, and says what is different from
 * before: "descriptors: +5 ~0", "signals: PIPE", "mask: USR1", "children: left"; nothing behind the
 * colon if nothing is. With EXTRA the call can open so many descriptors and no more. With "plain" the
 * caller has done nothing for itself. */

struct state {
    int flags[FDS_MAX], status[FDS_MAX];
    void (*handlers[NSIG])(int);
    sigset_t mask;
};

static void state_read(struct state *s)
{
    for (int fd = 0; fd < FDS_MAX; fd++) {
        s->flags[fd] = fcntl(fd, F_GETFD);
        s->status[fd] = s->flags[fd] < 0 ? 0 : fcntl(fd, F_GETFL);
    }
    for (int sig = 1; sig < NSIG; sig++) {
        struct sigaction now = {.sa_handler = SIG_DFL};

        sigaction(sig, NULL, &now);
        s->handlers[sig] = now.sa_handler;
    }
    sigprocmask(SIG_SETMASK, NULL, &s->mask);
}

static void state_compare(const struct state *a, const struct state *b)
{
    printf("descriptors:");
    for (int fd = 0; fd < FDS_MAX; fd++) {
        if (a->flags[fd] < 0 && b->flags[fd] >= 0)
            printf(" +%d", fd);
        else if (a->flags[fd] >= 0 && b->flags[fd] < 0)
            printf(" -%d", fd);
        else if (a->flags[fd] != b->flags[fd] || a->status[fd] != b->status[fd])
            printf(" ~%d", fd);
    }
    printf("\nsignals:");
    for (int sig = 1; sig < SIGRTMIN; sig++)
        if (a->handlers[sig] != b->handlers[sig])
            printf(" %s", sigabbrev_np(sig));
    printf("\nmask:");
    for (int sig = 1; sig < SIGRTMIN; sig++)
        if (sigismember(&a->mask, sig) != sigismember(&b->mask, sig))
            printf(" %s", sigabbrev_np(sig));
    printf("\nchildren:%s\n", waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD ? "" : " left");
}

static void leave_room_for(int extra)
{
    struct rlimit limit;
    int fd = 0;

    while (fcntl(fd, F_GETFD) >= 0)
        fd++;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = (rlim_t)(fd + extra);
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int probe_effects(char *argv[])
{
    static struct state before, after;
    static char buffer[65536]; /* so that nothing is flushed before its time */
    int r;

    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    if (argv[0] && argv[0][0] >= '0' && argv[0][0] <= '9')
        leave_room_for(atoi(*argv++));
    if (argv[0] && strcmp(argv[0], "plain") == 0)
        argv++;
    else
        be_particular();
    if (!argv[0] || !argv[1])
        return 2;
    printf("pending\n");
    state_read(&before);
    errno = 0;
    if (strcmp(argv[0], "relay") == 0)
        r = call_relay(argv + 1);
    else if (strcmp(argv[0], "filter") == 0)
        r = call_filter(argv + 1);
    else
        r = call_pipeline(argv + 1);
    if (r < 0)
        printf("%d %s\n", r, error_name(errno));
    state_read(&after);
    state_compare(&before, &after);
    return 0;
}

static int probe_pipeline(char *argv[])
{
    be_particular();
    if (call_pipeline(argv) < 0)
        printf("-1 %s\n", error_name(errno));
    return 0;
}

static size_t number(const char *s)
{
    return strtoul(s, NULL, 10);
}

int main(int argc, char *argv[])
{
    const char *what = argc > 1 ? argv[1] : "";

    catch(SIGUSR1);
    if (argc == 4 && strcmp(what, "read") == 0)
        return probe_read(atoi(argv[2]), number(argv[3]));
    if (argc == 4 && strcmp(what, "write") == 0)
        return probe_write(atoi(argv[2]), number(argv[3]));
    if (argc > 2 && strcmp(what, "send") == 0)
        return probe_send(argv + 2);
    if (argc == 3 && strcmp(what, "recv") == 0)
        return probe_recv(number(argv[2]));
    if (argc > 2 && strcmp(what, "pipeline") == 0)
        return probe_pipeline(argv + 2);
    if (argc == 5 && strcmp(what, "rec-send") == 0)
        return probe_rec_send((uint32_t)number(argv[2]), (uint32_t)number(argv[3]), number(argv[4]));
    if (argc == 4 && strcmp(what, "rec-collect") == 0)
        return probe_rec_collect(number(argv[2]), number(argv[3]));
    if (argc > 3 && strcmp(what, "effects") == 0)
        return probe_effects(argv + 2);
    fprintf(stderr, "usage: probe read|write|send|recv|pipeline|rec-send|rec-collect|effects ...\n");
    return 2;
}
