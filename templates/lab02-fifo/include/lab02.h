/* SPDX-License-Identifier: MIT */
/* lab02 - FIFOs: what your library offers. This header is given: grading overwrites it with the
 * course's own copy, so put declarations of your own into a header of your own.
 *
 * Every descriptor that the library creates is close-on-exec. Functions that fail return -1 and
 * leave the reason in errno, unless they say otherwise. */
#ifndef LAB02_H
#define LAB02_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    REQ_MAX = 512,  /* bytes in the longest request line, its LF included; far below PIPE_BUF */
    LOG_MAX = 4096  /* bytes in the longest line that fifolog prints, its LF included */
};

/* Exit codes of every program. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_PEER = 3, EXIT_TIMEOUT = 4, EXIT_IN_USE = 5 };

/* A. FIFO basics ------------------------------------------------------------------------------- */

/* Makes the FIFO 'path' with these permission bits (the umask applies, as always). 1: it was made;
 * 0: there was a FIFO already; -1: EEXIST if something there is not a FIFO, which stays as it is. */
int fifo_ensure(const char *path, mode_t mode);

/* Opens the read end without waiting for a writer, and then a write end of its own, *keep_fd: while
 * it is open the reader sees no end of file. Returns the read end. */
int fifo_open_server(const char *path, int *keep_fd);

/* Opens the write end, which blocks when the FIFO is full. wait != 0: waits, in open, until there is
 * a reader; wait == 0: -1, ENXIO if there is none. Not a FIFO: -1, EINVAL. */
int fifo_open_client(const char *path, int wait);

/* Lines out of bytes --------------------------------------------------------------------------- */

typedef struct lb lb_t; /* yours to define, in src/lab02.c */

/* A line assembler for lines of at most maxline bytes, LF included. NULL: no memory. */
lb_t *lb_new(size_t maxline);
void lb_free(lb_t *lb); /* NULL is fine */

/* Takes n more bytes and calls line() for each whole line, in order: 's' has no LF and no NUL at its
 * end, 'len' bytes. A line that is too long is reported once, with overlong = 1 and whatever part of
 * it you have, and dropped up to its LF. 0, -1. */
int lb_feed(lb_t *lb, const char *p, size_t n,
            void (*line)(const char *s, size_t len, int overlong, void *arg), void *arg);

/* The input has ended: what came behind the last LF, if anything, is a line, too. Then the assembler
 * is as new. 0, -1. */
int lb_finish(lb_t *lb, void (*line)(const char *s, size_t len, int overlong, void *arg), void *arg);

/* D. Requests and replies ---------------------------------------------------------------------- */

struct request {
    pid_t pid;         /* of the client: where the reply goes */
    uint32_t seq;      /* comes back in the reply */
    char op[16];       /* 1 to 15 characters */
    char arg[REQ_MAX]; /* "": none */
};

/* Writes "<pid> <seq> <OP>[ <arg>]\n" to buf. Returns its bytes, LF included (a NUL behind it does
 * not count); -1: EMSGSIZE if that is more than REQ_MAX or does not fit into cap. */
int req_format(const struct request *r, char *buf, size_t cap);

/* Reads such a line of len bytes, which has no LF and need not end with a NUL. 0; -1: EBADMSG, and
 * *r is not to be looked at. */
int req_parse(const char *line, size_t len, struct request *r);

/* The path of a client's reply FIFO: "<server>.<pid>". Its length; -1: ENAMETOOLONG. */
int reply_path(const char *server, pid_t pid, char *buf, size_t cap);

/* The programs --------------------------------------------------------------------------------- */
/* What each main() calls once it has read its arguments. They return the exit code of the program;
 * -1 with ENOSYS means "not implemented". You may move this logic elsewhere: only what the programs
 * do is tested. */

int fifosend_run(const char *path, int wait, long count, const char *text); /* text NULL: none */
int fifolog_run(const char *path, long sessions);                           /* 0: no limit */
int led_run(const char *path);
int fifod_run(const char *path);
int fifoc_run(const char *path, int timeout_ms, const char *op, char *const args[]); /* NULL ends */

#endif
