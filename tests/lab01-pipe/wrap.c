/* SPDX-License-Identifier: MIT */
/* wrap: write() of the student's code.
 *
 * Whether a record is written at once is judged in one test, with certainty. Everywhere else the
 * result must not be a matter of luck for those who write it in two: with LAB_TURNS=FILE,SIZE in the
 * environment a process that has begun a record of SIZE bytes on a pipe finishes it before another
 * one begins. Without it this is write(). What does not begin with a record's head begins none: a
 * byte or a few numbers on a pipe on which processes wait for each other. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t __real_write(int fd, const void *buf, size_t n);
ssize_t __wrap_write(int fd, const void *buf, size_t n);

static struct {
    pid_t pid;    /* whose state this is: a child begins anew */
    int lock;     /* the file; its lock belongs to a process, not to a descriptor */
    size_t begun; /* bytes of the record written so far */
    ino_t pipe;   /* to this pipe */
} turn;

/* A record's head: worker, seq, size. */
static bool begins_record(const void *buf, size_t n, size_t size)
{
    uint32_t head[3];

    if (n < sizeof(head))
        return false;
    (void)memcpy(head, buf, sizeof(head));
    return head[0] == size || head[1] == size || head[2] == size; /* in whatever order */
}

static void lock(const char *file)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    turn.lock = open(file, O_RDWR | O_CLOEXEC);
    while (turn.lock >= 0 && fcntl(turn.lock, F_SETLKW, &whole) < 0 && errno == EINTR)
        ;
}

static ssize_t write_in_turn(const char *file, size_t size, ino_t to, int fd, const void *buf, size_t n)
{
    ssize_t done;
    int why;

    if (turn.pid != getpid()) {
        turn.pid = getpid();
        turn.begun = 0;
    }
    if (turn.begun == 0 ? !begins_record(buf, n, size) : to != turn.pipe)
        return __real_write(fd, buf, n);
    if (turn.begun == 0) {
        turn.pipe = to;
        lock(file);
    }
    done = __real_write(fd, buf, n);
    why = errno;
    if (done > 0)
        turn.begun = (turn.begun + (size_t)done) % size;
    if (turn.begun == 0)
        (void)close(turn.lock); /* and with it the lock; it shall not look like the student's */
    errno = why;
    return done;
}

ssize_t __wrap_write(int fd, const void *buf, size_t n)
{
    const char *turns = getenv("LAB_TURNS");
    struct stat st;
    char file[256];
    size_t size;

    if (turns && fd > STDERR_FILENO && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)
        && sscanf(turns, "%255[^,],%zu", file, &size) == 2 && size > 0)
        return write_in_turn(file, size, st.st_ino, fd, buf, n);
    return __real_write(fd, buf, n);
}
