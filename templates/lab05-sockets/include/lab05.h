/* SPDX-License-Identifier: MIT */
/* lab05 - sockets: what your library offers. This header is given: grading overwrites it with the
 * course's own copy, so put declarations of your own into a header of your own.
 *
 * Every descriptor that the library creates is close-on-exec. Functions that fail return -1 and
 * leave the reason in errno, unless they say otherwise. */
#ifndef LAB05_H
#define LAB05_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

enum {
    DGRAM_MAX = 1024,              /* bytes in the largest datagram that dgramd answers */
    CHAT_LINE_MAX = 512,           /* bytes in the longest chat line, its LF included */
    CHAT_NICK_MAX = 16,            /* bytes in the longest nick */
    CHAT_CLIENTS_MAX = 64,         /* the next client gets "ERR full" */
    CHAT_PENDING_MAX = 64 * 1024   /* unsent bytes for which a client is disconnected */
};

/* Exit codes of every program. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_PEER = 3, EXIT_TIMEOUT = 4, EXIT_IN_USE = 5 };

/* A. Addresses --------------------------------------------------------------------------------- */

/* Fills *sa and *len for 'name': "@x" is the abstract name "x" with its exact length, anything else
 * a pathname. 0, or -1: EINVAL (empty name), ENAMETOOLONG (does not fit with its NUL). */
int un_address(const char *name, struct sockaddr_un *sa, socklen_t *len);

/* A listening stream socket. A stale socket file is replaced; a live server or a file of another
 * kind is left alone: -1, EADDRINUSE. */
int un_listen(const char *name, int backlog);

/* A stream socket connected to 'name'. */
int un_connect(const char *name);

/* A datagram socket bound to 'name' (stale socket files as in un_listen); NULL: autobind. */
int un_dgram(const char *name);

/* A socket that listens on 127.0.0.1 only. Port 0: the kernel chooses. *bound is the port in host
 * byte order. */
int tcp_listen(uint16_t port, uint16_t *bound);

/* A stream socket connected to 127.0.0.1:port (host byte order). */
int tcp_connect(uint16_t port);

/* Sends all n bytes; a closed peer is an error (EPIPE), never a SIGPIPE. 0, -1. */
int send_all(int fd, const void *buf, size_t n);

/* B. Unnamed sockets --------------------------------------------------------------------------- */

/* Starts argv[0] (looked up in PATH); returns our end of a socketpair whose other end is the
 * child's standard input and output. *pid is the child, which the caller reaps. */
int pair_spawn(char *const argv[], pid_t *pid);

/* in_fd -> command -> out_fd over one socketpair until the command has ended. 0: it was run, and
 * *code is its exit code as a shell tells it (128+N after signal N, 127 not found, 126 not
 * executable). -1: it could not be started. */
int coproc_run(char *const argv[], int in_fd, int out_fd, int *code);

/* D. Chat: one client -------------------------------------------------------------------------- */

typedef struct conn conn_t; /* yours to define, in src/lab05.c */

/* A client on the descriptor fd, which conn_free closes; -1: no descriptor. NULL, or the client. */
conn_t *conn_new(int fd);
void conn_free(conn_t *c); /* NULL is fine */

/* Takes n more bytes from a client and calls line() for each whole line: 's' has no LF and no NUL
 * at its end, 'len' bytes. A line of more than CHAT_LINE_MAX bytes (LF included) is reported once,
 * with overlong = 1, as soon as it is too long, and the rest is dropped up to its LF. 0, -1. */
int chat_feed(conn_t *c, const char *p, size_t n,
              void (*line)(conn_t *c, const char *s, size_t len, int overlong));

/* The programs --------------------------------------------------------------------------------- */
/* What each main() calls once it has read its arguments. They return the exit code of the program;
 * -1 with ENOSYS means "not implemented". You may move this logic elsewhere: only what the programs
 * do is tested. */

int pairtalk_run(void);
int dgramd_run(const char *name);
int dgramc_run(const char *name, int timeout_ms, char *const texts[]); /* texts ends with NULL */
int chatd_run(char *const unix_names[], int tcp_port); /* names end with NULL; port -1: no TCP */
int chatc_run(int fd, const char *nick);

#endif
