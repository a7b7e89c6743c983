/* SPDX-License-Identifier: MIT */
/* lab03 - signals: what your library offers. This header is given: grading overwrites it with the
 * course's own copy, so put declarations of your own into a header of your own.
 *
 * Functions that fail return -1 and leave the reason in errno, unless they say otherwise. */
#ifndef LAB03_H
#define LAB03_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    SIG_LABEL_MAX = 16,    /* bytes that are enough for any label, its NUL included */
    RT_MESSAGE_MAX = 4096, /* bytes in the longest message of the real-time channel */
    COMMANDS_MAX = 1024    /* commands that supervise takes */
};

/* Exit codes of every program. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_PEER = 3, EXIT_TIMEOUT = 4 };
enum { EXIT_STOPPED = 3 }; /* of supervise: ended by SIGTERM or SIGINT */

/* A. Names and default actions ----------------------------------------------------------------- */

enum sig_act { ACT_TERM, ACT_CORE, ACT_IGN, ACT_STOP, ACT_CONT };

/* The number of a signal: "INT", "SIGINT", "2" or "RTMIN+3". -1, EINVAL: not a signal. */
int sig_number(const char *name);

/* Its label: "INT", "RTMIN+3" ("RTMIN+0" for SIGRTMIN), with a NUL, into buf[cap]. The length of
 * the label, or -1: EINVAL (not a signal), ERANGE (does not fit). */
int sig_label(int signo, char *buf, size_t cap);

/* What it does if nobody handles it. 0, or -1, EINVAL: not a signal. */
int sig_default(int signo, enum sig_act *act);

/* Installs a handler, by sigaction; it stays installed. restart: interrupted calls go on by
 * themselves (SA_RESTART). 0, -1. */
int sig_install(int signo, void (*handler)(int), int restart);

/* B, C. Waiting, blocking, working ------------------------------------------------------------- */

/* Waits until *flag is not zero, which the caller's handler of 'signo' sees to. 'signo' is blocked
 * on entry, and on return: the mask is that of the entry. No wake-up is lost. 0, -1. */
int wait_for_flag(volatile sig_atomic_t *flag, int signo);

/* Calls fn(arg) with these n signals blocked in addition to those that are blocked already, and
 * returns what fn returned. *arrived (may be NULL): those of the n that were pending when fn
 * returned. Then the mask is again that of the entry. -1 if the mask could not be changed. */
int with_blocked(const int *sigs, size_t n, int (*fn)(void *), void *arg, sigset_t *arrived);

/* Calls work(arg) again and again until SIGALRM comes: after 'seconds' (0: no alarm is set), or
 * earlier from elsewhere. The number of calls, the last one included. The caller's handler of
 * SIGALRM, mask and alarm are afterwards what they were (the alarm: less the time that has
 * passed). -1. */
long work_until_alarm(unsigned seconds, void (*work)(void *), void *arg);

/* D. Data by signals --------------------------------------------------------------------------- */

/* The real-time channel. Every value travels with SIGRTMIN+1 by sigqueue, as an int:
 *
 *     0x01LLLLLL  the length of the message, first
 *     0x02AABBCC  up to three bytes of it, AA first; zeros where there are no more
 *     0x03SSSSSS  the sum of all its bytes modulo 2^24, last
 *
 * The receiver answers each value with SIGRTMIN+2, by sigqueue with the same value, and the sender
 * sends no other before that. What was not sent by sigqueue (si_code SI_QUEUE), or not by the
 * process that one talks to, is ignored.
 *
 * Both functions have the two signals blocked while they run, and restore the mask at the end: who
 * can be sent a value before he calls rt_recv blocks them himself. timeout_ms is how long to wait
 * for each single signal of the other side; negative: for ever. */

/* 0, or -1: EMSGSIZE (len > RT_MESSAGE_MAX), ESRCH (no such process), ETIMEDOUT. */
int rt_send(pid_t to, const void *buf, size_t len, int timeout_ms);

/* The next message: its length, and *from (may be NULL) who sent it. -1: ETIMEDOUT, EMSGSIZE
 * (longer than cap; it was received and acknowledged), EBADMSG (a wrong length, tag or sum). */
ssize_t rt_recv(void *buf, size_t cap, pid_t *from, int timeout_ms);

/* E. Children ---------------------------------------------------------------------------------- */

/* Reaps all children that are dead now, waits for none, and calls cb (may be NULL) for each. How
 * many; 0 if there is none, also if there are no children at all. */
int reap_all(void (*cb)(pid_t pid, int wstatus, void *arg), void *arg);

/* The programs --------------------------------------------------------------------------------- */
/* What each main() calls once it has read its arguments. They return the exit code of the program;
 * -1 with ENOSYS means "not implemented". You may move this logic elsewhere: only what the programs
 * do is tested. */

int survivor_run(unsigned seconds);
int masked_run(void);
int led_run(void);
int button_run(pid_t pid, long presses, int realtime);
int rtsend_run(pid_t to, const char *text, int timeout_ms);
int rtrecv_run(long messages);
/* timeout_ms 0: no limit */
int supervise_run(unsigned jobs, unsigned timeout_ms, unsigned grace_ms);

#endif
