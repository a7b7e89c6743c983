/* SPDX-License-Identifier: MIT */
/* lab01 - pipe: what your library offers. This header is given: grading overwrites it with the
 * course's own copy, so put declarations of your own into a header of your own.
 *
 * Functions that fail return -1 and leave the reason in errno, unless they say otherwise. None of
 * them has side effects on the caller: descriptors, signal dispositions and mask are the same
 * before and after, also when they fail. */
#ifndef LAB01_H
#define LAB01_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MSG_MAX 65536u /* bytes in the largest message */
#define MSG_EOF (-2)   /* what msg_recv returns when there are no more messages */

enum {
    HELLO_MAX = 4096, /* bytes in the longest line that hello takes, its LF not counted */
    REC_MIN = 16      /* bytes in the smallest record; the largest has PIPE_BUF (limits.h) */
};

/* Exit codes of every program; a command that is run has its own, 126, 127 or 128+N. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* A. Robust input and output, messages --------------------------------------------------------- */

/* Reads until n bytes are there or the input has ended. The number of bytes read, or -1. */
ssize_t io_read_full(int fd, void *buf, size_t n);

/* Writes all n bytes. 0, or -1 (EPIPE where the caller ignores SIGPIPE and nobody reads). */
int io_write_full(int fd, const void *buf, size_t n);

/* A message on the wire: 4 bytes with its length, most significant byte first, then so many bytes. */

/* Sends one. 0, or -1: EMSGSIZE (longer than MSG_MAX; nothing is sent). */
int msg_send(int fd, const void *buf, size_t len);

/* Receives one into buf, which has room for cap bytes. Its length (0 is a message like any other),
 * MSG_EOF if the input ends where a message would begin, or -1:
 *   EPROTO    the input ends inside a message, or its length is more than MSG_MAX
 *   EMSGSIZE  it is longer than cap; it has been skipped, and the next call gets the next one */
ssize_t msg_recv(int fd, void *buf, size_t cap);

/* B. hello ------------------------------------------------------------------------------------- */

/* Sends len bytes through a pipe to a child, which takes them until end of file and then has written
 * "child: ", these bytes and a LF to out_fd. The child's exit code (0 if it could), 128+N if signal N
 * has ended it, or -1. */
int relay_to_child(const void *msg, size_t len, int out_fd);

/* C. filter ------------------------------------------------------------------------------------ */

/* in_fd -> command -> out_fd, both directions at the same time, until the command has ended.
 * argv[0] is looked up in PATH; argv ends with NULL. 0: it was run, and *code is its exit code, see
 * status_to_code (127 not found, 126 not executable). -1: it could not be started, or the bytes could
 * not be passed on. */
int filter_run(char *const argv[], int in_fd, int out_fd, int *code);

/* D. pipeline ---------------------------------------------------------------------------------- */

/* Runs n stages at the same time: in_fd -> stages[0] -> ... -> stages[n - 1] -> out_fd. Each is an
 * argv that ends with NULL. Waits for all of them; codes[i] is the exit code of stage i. 0, or -1: a
 * pipe or a process could not be made, and none of the stages is left. */
int pipeline_run(char **const stages[], size_t n, int in_fd, int out_fd, int codes[]);

/* What waitpid tells, as a shell says it: the exit code, or 128+N after signal N. */
int status_to_code(int wstatus);

/* E. fanin ------------------------------------------------------------------------------------- */

/* A record on the wire, 'size' bytes in all: worker, seq, size as three 32-bit words in host byte
 * order, then bytes that are all (worker + seq) & 0xff. */

/* Sends one with a single write. 0, or -1: EINVAL (size is not from REC_MIN to PIPE_BUF). */
int rec_send(int fd, uint32_t worker, uint32_t seq, size_t size);

/* Takes records of that size until end of file; adds 1 to counts[worker] for each. 0, or -1: EPROTO
 * (a record is cut or corrupt, or its worker is not below nworkers). */
int rec_collect(int fd, size_t size, uint32_t counts[], size_t nworkers);

/* The programs --------------------------------------------------------------------------------- */
/* What two of the mains call once they have read their arguments. They return the exit code of the
 * program; -1 with ENOSYS means "not implemented". You may move this logic elsewhere: only what the
 * programs do is tested. */

int hello_run(void);
int fanin_run(size_t workers, uint32_t records, size_t size);

#endif
