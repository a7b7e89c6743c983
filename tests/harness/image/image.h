/* SPDX-License-Identifier: MIT */
/* image: what the parts of the image and the harness share. */
#ifndef LAB_IMAGE_H
#define LAB_IMAGE_H

enum {
    LAB_REQUEST_MAX = 64 * 1024, /* bytes of a request to the fork server */
    LAB_STRINGS_MAX = 512,       /* arguments, and environment variables */
    LAB_SERVER_FD = 3            /* where the fork server finds its listening socket */
};

/* A request: this, then argc + envc + 1 strings, each with its NUL: arguments, environment, working
 * folder. Three descriptors travel with it: standard input, output, error. One connection each.
 * Answers: LAB_STARTED with the pid, from the process itself when it is about to call its main();
 * then LAB_ENDED with its wait status, from the server. One without the other: it did not work.
 * Who connects first gets LAB_READY when valgrind has read all that it needs, and the server serves
 * when that connection is closed. */
struct lab_request {
    unsigned argc, envc;
    unsigned nofile;
};

struct lab_answer {
    enum { LAB_STARTED = 1, LAB_ENDED = 2, LAB_READY = 3 } what;
    int value;
};

/* Serves requests for ever. Returns only in a child that is to become a program: argc. Weak: at a
 * student's desk programs are linked without it. */
int lab_fork_serve(char ***argv) __attribute__((weak));

#endif
