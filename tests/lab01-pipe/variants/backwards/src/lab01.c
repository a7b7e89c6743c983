/* SPDX-License-Identifier: MIT */
/* lab01 - pipe: whole reads and writes, messages, and the programs that move bytes between
 * processes. The programs' mains only read their arguments. */
#include "lab01.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
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
    unsigned char *frame;
    int r, why;

    if (len > MSG_MAX)
        return fail(EMSGSIZE);
    frame = malloc(4 + len);
    if (!frame)
        return -1;
    for (int i = 0; i < 4; i++)
        frame[i] = (unsigned char)(len >> (24 - 8 * i));
    if (len > 0)
        memcpy(frame + 4, buf, len);
    r = io_write_full(fd, frame, 4 + len);
    why = errno;
    free(frame);
    errno = why;
    return r;
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
    int status;
    pid_t r;

    do
        r = waitpid(pid, &status, 0);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return -1;
    *code = status_to_code(status);
    return 0;
}

/* Writing to a pipe that nobody reads shall be EPIPE while we feed a child. */
static void sigpipe_ignore(struct sigaction *before)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, before);
}

static void sigpipe_restore(const struct sigaction *before)
{
    int why = errno;

    sigaction(SIGPIPE, before, NULL);
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

/* The child: all that comes, until there is no write end left anywhere. */
static int print_message(int in, int out)
{
    char buf[CHUNK];
    ssize_t n;

    if (io_write_full(out, "child: ", 7) < 0)
        return EXIT_FAILED;
    do {
        n = io_read_full(in, buf, sizeof(buf));
        if (n < 0 || io_write_full(out, buf, (size_t)n) < 0)
            return EXIT_FAILED;
    } while (n > 0);
    return io_write_full(out, "\n", 1) < 0 ? EXIT_FAILED : EXIT_OK;
}

int relay_to_child(const void *msg, size_t len, int out_fd)
{
    struct sigaction before;
    int fds[2], code, sent;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    pid = fork();
    if (pid == 0) {
        close(fds[1]); /* or it would wait for its own end of file */
        code = print_message(fds[0], out_fd);
        close(fds[0]);
        _exit(code);
    }
    close_quietly(fds[0]);
    if (pid < 0) {
        close_quietly(fds[1]);
        return -1;
    }
    sigpipe_ignore(&before);
    sent = io_write_full(fds[1], msg, len);
    sigpipe_restore(&before);
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

/* Bytes on their way; they are taken from 'begin', and new ones come to 'end'. */
struct ring {
    size_t begin, end; /* they only grow */
    char bytes[4 * CHUNK];
};

static size_t ring_room(const struct ring *r)
{
    return sizeof(r->bytes) - (r->end - r->begin);
}

/* One read into the ring. What read returned. */
static ssize_t ring_read(struct ring *r, int fd)
{
    size_t at = r->end % sizeof(r->bytes), most = sizeof(r->bytes) - at;
    ssize_t n = read(fd, r->bytes + at, most < ring_room(r) ? most : ring_room(r));

    if (n > 0)
        r->end += (size_t)n;
    return n;
}

/* One write out of the ring, of at most PIPE_BUF bytes: so much never waits where poll has said
 * POLLOUT. What write returned. */
static ssize_t ring_write(struct ring *r, int fd)
{
    size_t at = r->begin % sizeof(r->bytes), most = sizeof(r->bytes) - at;
    ssize_t n;

    if (most > r->end - r->begin)
        most = r->end - r->begin;
    n = write(fd, r->bytes + at, most < PIPE_BUF ? most : PIPE_BUF);
    if (n > 0)
        r->begin += (size_t)n;
    return n;
}

static int is_fatal(ssize_t n)
{
    return n < 0 && errno != EINTR && errno != EAGAIN;
}

/* Passes bytes in -> to and from -> out, each through a ring: all four ends are waited for at the
 * same time. Closes 'to' and 'from'. 0, or -1. */
static int pass(int in, int to, int from, int out)
{
    static struct ring there, back;
    int reading = 1, r = 0;
    ssize_t n;

    there.begin = there.end = back.begin = back.end = 0;
    while (r == 0 && (to >= 0 || from >= 0 || back.begin < back.end)) {
        struct pollfd p[4] = {
            {.fd = reading && ring_room(&there) ? in : -1, .events = POLLIN},
            {.fd = to, .events = there.begin < there.end ? POLLOUT : 0},
            {.fd = ring_room(&back) ? from : -1, .events = POLLIN},
            {.fd = back.begin < back.end ? out : -1, .events = POLLOUT},
        };

        if (poll(p, 4, -1) < 0) {
            r = errno == EINTR ? 0 : -1;
            continue;
        }
        if (p[0].revents) {
            n = ring_read(&there, in);
            reading = n != 0 && !is_fatal(n);
        }
        if (p[1].revents && (there.begin == there.end || is_fatal(ring_write(&there, to)))) {
            close(to);
            to = -1;
            reading = 0;
        }
        if (to >= 0 && !reading && there.begin == there.end) {
            close(to);
            to = -1;
        }
        if (p[2].revents && ring_read(&back, from) == 0) {
            close(from);
            from = -1;
        }
        if (p[3].revents && is_fatal(ring_write(&back, out)))
            r = -1;
    }
    close_quietly(to);
    close_quietly(from);
    return r;
}

int filter_run(char *const argv[], int in_fd, int out_fd, int *code)
{
    int to[2], from[2], r, why;
    struct sigaction before;
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
    fcntl(to[1], F_SETFL, O_NONBLOCK); /* our end only: the command's is another open file */
    sigpipe_ignore(&before);
    r = pass(in_fd, to[1], from[0], out_fd);
    sigpipe_restore(&before);
    why = errno;
    if (reap(pid, code) < 0)
        return -1;
    errno = why;
    return r;
}

/* D. pipeline ---------------------------------------------------------------------------------- */

/* From the last stage to the first, so that every reader is there before its writer. */
int pipeline_run(char **const stages[], size_t n, int in_fd, int out_fd, int codes[])
{
    pid_t *pids = calloc(n + 1, sizeof(*pids));
    int out = out_fd, why = 0;

    if (!pids)
        return -1;
    for (size_t i = n; i > 0 && !why; i--) {
        int fds[2] = {in_fd, -1};

        if (i > 1 && pipe2(fds, O_CLOEXEC) < 0) {
            why = errno;
            break;
        }
        pids[i - 1] = spawn("pipeline", stages[i - 1], fds[0], out);
        if (pids[i - 1] < 0) {
            why = errno;
            close_quietly(fds[1]);
        }
        if (fds[0] != in_fd)
            close(fds[0]);
        if (out != out_fd)
            close(out);
        out = fds[1];
    }
    if (why && out >= 0 && out != out_fd)
        close(out); /* the stages that are there see end of file */
    for (size_t i = n; i > 0; i--)
        if (pids[i - 1] > 0 && reap(pids[i - 1], &codes[i - 1]) < 0)
            why = errno;
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
    static unsigned char filler[PIPE_BUF];
    uint32_t head[3] = {worker, seq, (uint32_t)size};
    struct iovec parts[2] = {{head, REC_HEAD}, {filler, size - REC_HEAD}};
    ssize_t n;

    if (!rec_size_ok(size))
        return fail(EINVAL);
    memset(filler, (int)((worker + seq) & 0xff), size - REC_HEAD);
    do
        n = writev(fd, parts, 2);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)size ? 0 : -1;
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

/* Reads as much as comes, and keeps what is not a whole record for the next time. */
int rec_collect(int fd, size_t size, uint32_t counts[], size_t nworkers)
{
    static unsigned char bytes[16 * PIPE_BUF];
    uint32_t worker, next[64] = {0}, seq;
    size_t filled = 0, at;
    ssize_t n;

    if (!rec_size_ok(size))
        return fail(EINVAL);
    while ((n = read(fd, bytes + filled, sizeof(bytes) - filled)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        filled += (size_t)n;
        for (at = 0; at + size <= filled; at += size) {
            if (!rec_ok(bytes + at, size, nworkers, &worker))
                return fail(EPROTO);
            memcpy(&seq, bytes + at + sizeof(seq), sizeof(seq));
            if (worker < 64 && seq != next[worker]++) /* the records of one worker keep their order */
                return fail(EPROTO);
            counts[worker]++;
        }
        memmove(bytes, bytes + at, filled - at);
        filled -= at;
    }
    return filled == 0 ? 0 : fail(EPROTO);
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
