/* SPDX-License-Identifier: MIT */
/* lab01 - pipe: whole reads and writes, messages, and the programs that move bytes between
 * processes. The programs' mains only read their arguments. */
#include "lab01.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 16384, NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

/* One line on stderr for the failure in errno. Returns the exit code for it. */
static int complain(const char *prog, const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", prog, what, strerror(errno));
    return EXIT_FAILED;
}

static int fail(int why)
{
    errno = why;
    return -1;
}

/* Closes without disturbing the errno that tells why; -1 is nothing to close. */
static void close_quietly(int fd)
{
    int why = errno;

    if (fd >= 0)
        close(fd);
    errno = why;
}

/* A. Robust input and output, messages --------------------------------------------------------- */

ssize_t io_read_full(int fd, void *buf, size_t n)
{
    size_t done = 0;

    while (done < n) {
        ssize_t r = read(fd, (char *)buf + done, n - done);

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -1;
        if (r == 0)
            break;
        done += (size_t)r;
    }
    return (ssize_t)done;
}

int io_write_full(int fd, const void *buf, size_t n)
{
    size_t done = 0;

    while (done < n) {
        ssize_t w = write(fd, (const char *)buf + done, n - done);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -1;
        done += (size_t)w;
    }
    return 0;
}

int msg_send(int fd, const void *buf, size_t len)
{
    unsigned char head[4] = {(unsigned char)(len >> 24), (unsigned char)(len >> 16),
                             (unsigned char)(len >> 8), (unsigned char)len};

    if (len > MSG_MAX)
        return fail(EMSGSIZE);
    if (io_write_full(fd, head, sizeof(head)) < 0)
        return -1;
    return io_write_full(fd, buf, len);
}

/* Reads n bytes and forgets them. 0, or -1. */
static int skip(int fd, size_t n)
{
    char rest[4096];

    while (n > 0) {
        size_t want = n < sizeof(rest) ? n : sizeof(rest);
        ssize_t got = io_read_full(fd, rest, want);

        if (got < 0)
            return -1;
        if ((size_t)got < want)
            return fail(EPROTO);
        n -= want;
    }
    return 0;
}

ssize_t msg_recv(int fd, void *buf, size_t cap)
{
    unsigned char head[4];
    ssize_t got = io_read_full(fd, head, sizeof(head));
    size_t len;

    if (got == 0)
        return MSG_EOF;
    if (got < 0)
        return -1;
    if ((size_t)got < sizeof(head))
        return fail(EPROTO);
    len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (len > MSG_MAX)
        return fail(EPROTO);
    if (len > cap)
        return skip(fd, len) < 0 ? -1 : fail(EMSGSIZE);
    got = io_read_full(fd, buf, len);
    if (got >= 0 && (size_t)got < len)
        return fail(EPROTO);
    return got;
}

/* Children ------------------------------------------------------------------------------------- */

int status_to_code(int wstatus)
{
    return WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus) : WEXITSTATUS(wstatus);
}

/* Waits for this very child. 0, or -1. */
static int reap(pid_t pid, int *code)
{
    siginfo_t info;

    while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0)
        if (errno != EINTR)
            return -1;
    *code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return 0;
}

/* SIGPIPE is blocked while we feed a child; one that came meanwhile is taken before it is unblocked,
 * unless it had been there before. All other signals wait until that is done. */
struct quiet {
    sigset_t mask;
    int was_pending;
};

static int sigpipe_is_pending(void)
{
    sigset_t set;

    return sigpending(&set) == 0 && sigismember(&set, SIGPIPE) == 1;
}

static void sigpipe_hold(struct quiet *q)
{
    sigset_t set;

    sigfillset(&set); /* the others come when the work is done */
    q->was_pending = sigpipe_is_pending();
    sigprocmask(SIG_BLOCK, &set, &q->mask);
}

static void sigpipe_release(const struct quiet *q)
{
    const struct timespec now = {0, 0};
    int why = errno;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    while (!q->was_pending && sigpipe_is_pending())
        if (sigtimedwait(&set, NULL, &now) < 0 && errno != EINTR)
            break;
    sigprocmask(SIG_SETMASK, &q->mask, NULL);
    errno = why;
}

/* The child's half of spawn: never returns, and never runs what the parent has left in stdio or
 * atexit. */
static _Noreturn void become(const char *prog, char *const argv[], int in, int out)
{
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    sigset_t none;
    int why;

    sigemptyset(&dfl.sa_mask);
    sigemptyset(&none);
    sigaction(SIGPIPE, &dfl, NULL); /* what is ignored stays ignored across exec */
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (out == STDIN_FILENO)
        out = dup(out); /* the first dup2 would overwrite it */
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0) {
        if (in > STDERR_FILENO)
            close(in);
        if (out > STDERR_FILENO && out != in)
            close(out);
        execvp(argv[0], argv);
    }
    why = errno;
    dprintf(STDERR_FILENO, "%s: %s: %s\n", prog, argv[0], strerror(why));
    _exit(why == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

/* Starts a command with these as its standard input and output. */
static pid_t spawn(const char *prog, char *const argv[], int in, int out)
{
    pid_t pid = fork();

    if (pid == 0)
        become(prog, argv, in, out);
    return pid;
}

/* B. hello ------------------------------------------------------------------------------------- */

/* The child: all that comes, until there is no write end left anywhere; byte by byte, by stdio. */
static int print_message(int in, int out)
{
    FILE *from = fdopen(in, "r");
    int c;

    if (!from || dprintf(out, "child: ") < 0)
        return EXIT_FAILED;
    while ((c = getc(from)) != EOF)
        if (dprintf(out, "%c", c) < 0)
            return EXIT_FAILED;
    fclose(from);
    return dprintf(out, "\n") < 0 ? EXIT_FAILED : EXIT_OK;
}

int relay_to_child(const void *msg, size_t len, int out_fd)
{
    struct quiet quiet;
    int fds[2], code, sent;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    pid = fork();
    if (pid == 0) {
        close(fds[1]); /* or it would wait for its own end of file */
        _exit(print_message(fds[0], out_fd));
    }
    close_quietly(fds[0]);
    if (pid < 0) {
        close_quietly(fds[1]);
        return -1;
    }
    sigpipe_hold(&quiet);
    sent = io_write_full(fds[1], msg, len);
    sigpipe_release(&quiet);
    close_quietly(fds[1]);
    if (sent < 0 && errno != EPIPE) { /* a child that does not read says why in its exit code */
        int why = errno;

        reap(pid, &code);
        return fail(why);
    }
    return reap(pid, &code) < 0 ? -1 : code;
}

/* Reads a line without its LF. Its length, or -1. */
static ssize_t read_line(char *line, size_t max)
{
    size_t n = 0;
    int c;

    while ((c = getchar()) != EOF && c != '\n') {
        if (n == max)
            return fail(EMSGSIZE);
        line[n++] = (char)c;
    }
    return ferror(stdin) ? -1 : (ssize_t)n;
}

int hello_run(void)
{
    char line[HELLO_MAX];
    ssize_t n = read_line(line, sizeof(line));
    int code;

    if (n < 0)
        return complain("hello", "standard input");
    code = relay_to_child(line, (size_t)n, STDOUT_FILENO);
    if (code < 0)
        return complain("hello", "child");
    printf("parent: child exited %d\n", code);
    return fflush(stdout) == 0 ? code : complain("hello", "standard output");
}

/* C. filter ------------------------------------------------------------------------------------ */

/* Passes bytes in -> to and from -> out. Nothing is non-blocking: a pipe that select calls writable
 * takes PIPE_BUF bytes without waiting. Closes 'to' and 'from'. 0, or -1. */
static int pass(int in, int to, int from, int out)
{
    char there[PIPE_BUF], back[PIPE_BUF];
    size_t filled = 0;
    int feeding = 1, ended = 0;
    ssize_t n;

    while (!ended) {
        fd_set r, w;

        FD_ZERO(&r);
        FD_ZERO(&w);
        FD_SET(from, &r);
        if (feeding && filled == 0)
            FD_SET(in, &r);
        if (feeding && filled > 0)
            FD_SET(to, &w);
        if (select(FD_SETSIZE, &r, &w, NULL, NULL) < 0) {
            if (errno == EINTR)
                continue;
            break;
        }
        if (feeding && filled > 0 && FD_ISSET(to, &w)) {
            if (write(to, there, filled) < 0)
                feeding = 0; /* EPIPE: it does not want more */
            filled = 0;
        } else if (feeding && filled == 0 && FD_ISSET(in, &r)) {
            n = read(in, there, sizeof(there));
            feeding = n > 0;
            filled = n > 0 ? (size_t)n : 0;
        }
        if (!feeding && to >= 0) {
            close(to);
            to = -1;
        }
        if (FD_ISSET(from, &r)) {
            n = read(from, back, sizeof(back));
            ended = n <= 0;
            if (n > 0 && io_write_full(out, back, (size_t)n) < 0)
                break;
        }
    }
    close_quietly(to);
    close_quietly(from);
    return ended ? 0 : -1;
}

int filter_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    int to[2], from[2], r, why;
    struct quiet quiet;
    pid_t pid;

    if (pipe2(to, O_CLOEXEC) < 0)
        return -1;
    if (pipe2(from, O_CLOEXEC) < 0) {
        close_quietly(to[0]);
        close_quietly(to[1]);
        return -1;
    }
    pid = spawn("filter", argv, to[0], from[1]);
    close_quietly(to[0]);
    close_quietly(from[1]);
    if (pid < 0) {
        close_quietly(to[1]);
        close_quietly(from[0]);
        return -1;
    }
    sigpipe_hold(&quiet);
    r = pass(in_fd, to[1], from[0], out_fd);
    sigpipe_release(&quiet);
    why = errno;
    if (reap(pid, code) < 0)
        return -1;
    errno = why;
    return r;
}

/* D. pipeline ---------------------------------------------------------------------------------- */

/* Closes the first n ends. */
static void close_ends(const int ends[], size_t n)
{
    int why = errno;

    for (size_t i = 0; i < n; i++)
        close(ends[i]);
    errno = why;
}

/* All pipes first, without close-on-exec: each stage closes everything that is not its own. */
int pipeline_run(char **const stages[], size_t n, int in_fd, int out_fd, int codes[])
{
    int *ends = calloc(2 * n + 1, sizeof(*ends));
    pid_t *pids = calloc(n + 1, sizeof(*pids));
    size_t made = 0, started = 0;
    int why = 0;

    if (!ends || !pids)
        why = errno;
    while (!why && made + 1 < n) {
        if (pipe(ends + 2 * made) < 0)
            why = errno;
        else
            made++;
    }
    while (!why && started < n) {
        int in = started > 0 ? ends[2 * (started - 1)] : in_fd;
        int out = started + 1 < n ? ends[2 * started + 1] : out_fd;

        pids[started] = fork();
        if (pids[started] < 0) {
            why = errno;
            break;
        }
        if (pids[started] == 0) {
            for (size_t i = 0; i < 2 * made; i++)
                if (ends[i] != in && ends[i] != out)
                    close(ends[i]);
            become("pipeline", stages[started], in, out);
        }
        started++;
    }
    if (ends)
        close_ends(ends, 2 * made);
    for (size_t i = 0; why && i < started; i++)
        kill(pids[i], SIGTERM);
    for (size_t i = n; i > 0; i--) /* the last one first */
        if (i <= started && reap(pids[i - 1], &codes[i - 1]) < 0)
            why = errno;
    free(ends);
    free(pids);
    return why ? fail(why) : 0;
}

/* E. fanin ------------------------------------------------------------------------------------- */

enum { REC_HEAD = 3 * sizeof(uint32_t) };

static int rec_size_ok(size_t size)
{
    return size >= REC_MIN && size <= PIPE_BUF;
}

int rec_send(int fd, uint32_t worker, uint32_t seq, size_t size)
{
    uint32_t head[3] = {worker, seq, (uint32_t)size};
    unsigned char rec[PIPE_BUF];

    if (!rec_size_ok(size))
        return fail(EINVAL);
    memcpy(rec, head, sizeof(head));
    memset(rec + REC_HEAD, (int)((worker + seq) & 0xff), size - REC_HEAD);
    /* So small a write is never short: a pipe takes all of it at once or none. */
    return io_write_full(fd, rec, size);
}

/* Is this a whole record of one of our workers? */
static int rec_ok(const unsigned char *rec, size_t size, size_t nworkers, uint32_t *worker)
{
    uint32_t head[3];

    memcpy(head, rec, sizeof(head));
    if (head[0] >= nworkers || head[2] != size)
        return 0;
    for (size_t i = REC_HEAD; i < size; i++)
        if (rec[i] != ((head[0] + head[1]) & 0xff))
            return 0;
    *worker = head[0];
    return 1;
}

int rec_collect(int fd, size_t size, uint32_t counts[], size_t nworkers)
{
    unsigned char rec[PIPE_BUF];
    uint32_t worker;
    ssize_t n;

    if (!rec_size_ok(size))
        return fail(EINVAL);
    while ((n = io_read_full(fd, rec, size)) > 0) {
        if ((size_t)n < size || !rec_ok(rec, size, nworkers, &worker))
            return fail(EPROTO);
        counts[worker]++;
    }
    return n < 0 ? -1 : 0;
}

/* A child: its records, all through the one pipe. */
static int work(int fd, uint32_t worker, uint32_t records, size_t size)
{
    for (uint32_t seq = 0; seq < records; seq++)
        if (rec_send(fd, worker, seq, size) < 0)
            return complain("fanin", "record");
    return EXIT_OK;
}

/* Starts the workers; how many could be started. */
static size_t start_workers(const int fds[2], pid_t pids[], size_t workers, uint32_t records,
                            size_t size)
{
    for (size_t i = 0; i < workers; i++) {
        pids[i] = fork();
        if (pids[i] < 0)
            return i;
        if (pids[i] == 0) {
            int code;

            close(fds[0]);
            code = work(fds[1], (uint32_t)i, records, size);
            close(fds[1]);
            _exit(code);
        }
    }
    return workers;
}

static int print_counts(const uint32_t counts[], size_t workers)
{
    unsigned long long total = 0;

    for (size_t i = 0; i < workers; i++) {
        printf("worker %zu: %u\n", i, (unsigned)counts[i]);
        total += counts[i];
    }
    printf("total %llu\n", total);
    return fflush(stdout) == 0 ? EXIT_OK : complain("fanin", "standard output");
}

int fanin_run(size_t workers, uint32_t records, size_t size)
{
    uint32_t *counts = calloc(workers, sizeof(*counts));
    pid_t *pids = calloc(workers, sizeof(*pids));
    int fds[2], code = EXIT_FAILED, one;
    size_t started;

    if (!counts || !pids || pipe2(fds, O_CLOEXEC) < 0) {
        code = complain("fanin", "pipe");
    } else {
        started = start_workers(fds, pids, workers, records, size);
        if (started < workers)
            complain("fanin", "fork");
        close(fds[1]); /* ours: without this there is no end of file */
        if (rec_collect(fds[0], size, counts, workers) < 0)
            complain("fanin", errno == EPROTO ? "corrupt record" : "pipe");
        else
            code = started < workers ? EXIT_FAILED : EXIT_OK;
        close(fds[0]); /* whoever still writes ends by SIGPIPE */
        for (size_t i = 0; i < started; i++)
            if (reap(pids[i], &one) < 0 || one != EXIT_OK)
                code = EXIT_FAILED;
        if (code == EXIT_OK)
            code = print_counts(counts, workers);
    }
    free(counts);
    free(pids);
    return code;
}
