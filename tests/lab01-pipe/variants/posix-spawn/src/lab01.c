/* SPDX-License-Identifier: MIT */
/* lab01 - pipe: whole reads and writes, messages, and the programs that move bytes between
 * processes. The programs' mains only read their arguments. */
#include "lab01.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

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

/* Starts a command with these as its standard input and output; its pid. 0: it cannot be run, and
 * *code says why. -1: no process could be made. */
static pid_t spawn(const char *prog, char *const argv[], int in, int out, int *code)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, pipe_only;
    pid_t pid = 0;
    int why;

    sigemptyset(&none);
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &pipe_only);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    why = posix_spawnp(&pid, argv[0], &files, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    if (why == 0)
        return pid;
    if (why == EAGAIN || why == ENOMEM)
        return fail(why);
    fprintf(stderr, "%s: %s: %s\n", prog, argv[0], strerror(why));
    *code = why == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
    return 0;
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

/* Passes bytes in -> to and from -> out until the command has closed both its ends, or will get and
 * say no more. Closes 'to' and 'from'. 0, or -1. */
static int pass(int in, int to, int from, int out)
{
    char there[CHUNK], back[CHUNK];
    size_t sent = 0, filled = 0; /* of 'there' */
    int r = 0;
    ssize_t n;

    while (r == 0 && (to >= 0 || from >= 0)) {
        struct pollfd p[3] = {
            {.fd = to >= 0 && sent == filled ? in : -1, .events = POLLIN},
            {.fd = to, .events = sent < filled ? POLLOUT : 0}, /* POLLERR comes unasked */
            {.fd = from, .events = POLLIN},
        };

        if (poll(p, 3, -1) < 0) {
            r = errno == EINTR ? 0 : -1;
            continue;
        }
        if (p[1].revents && sent < filled) {
            n = write(to, there + sent, filled - sent);
            if (n > 0) {
                sent += (size_t)n;
            } else if (errno == EPIPE) { /* nobody reads any more; there may be bytes to drain */
                close(to);
                to = -1;
            } else if (errno != EINTR && errno != EAGAIN) {
                r = -1;
            }
        } else if (p[1].revents) { /* the same, and there was nothing to write */
            close(to);
            to = -1;
        } else if (p[0].revents) {
            sent = filled = 0;
            n = read(in, there, sizeof(there));
            if (n > 0) {
                filled = (size_t)n;
            } else if (n == 0) {
                close(to);
                to = -1;
            } else if (errno != EINTR && errno != EAGAIN) {
                r = -1;
            }
        }
        if (p[2].revents && r == 0) {
            n = read(from, back, sizeof(back));
            if (n > 0) {
                r = io_write_full(out, back, (size_t)n);
            } else if (n == 0) {
                close(from);
                from = -1;
            } else if (errno != EINTR) {
                r = -1;
            }
        }
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
    pid = spawn("filter", argv, to[0], from[1], code);
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
    if (pid > 0 && reap(pid, code) < 0)
        return -1;
    errno = why;
    return r;
}

/* D. pipeline ---------------------------------------------------------------------------------- */

int pipeline_run(char **const stages[], size_t n, int in_fd, int out_fd, int codes[])
{
    pid_t *pids = calloc(n + 1, sizeof(*pids));
    size_t started = 0;
    int in = in_fd, why = 0;

    if (!pids)
        return -1;
    while (started < n && !why) {
        int fds[2] = {-1, out_fd};

        if (started + 1 < n && pipe2(fds, O_CLOEXEC) < 0) {
            why = errno;
            break;
        }
        pids[started] = spawn("pipeline", stages[started], in, fds[1], &codes[started]);
        if (pids[started] < 0)
            why = errno;
        else
            started++;
        if (in != in_fd)
            close(in);
        if (fds[1] != out_fd)
            close(fds[1]);
        in = fds[0];
    }
    if (why) { /* no stage may be left: what would the first one wait for? */
        if (in >= 0 && in != in_fd)
            close(in);
        for (size_t i = 0; i < started; i++)
            if (pids[i] > 0)
                kill(pids[i], SIGKILL);
    }
    for (size_t i = 0; i < started; i++)
        if (pids[i] > 0 && reap(pids[i], &codes[i]) < 0)
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
