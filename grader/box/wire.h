/* SPDX-License-Identifier: MIT */
/* wire: what grader and init say to each other over one SOCK_SEQPACKET socket. Both are built
 * together, so structs travel as they are. One request is under way at a time and gets one
 * WIRE_REPLY with its serial; WIRE_ENDED comes whenever a program has ended. */
#ifndef BOX_WIRE_H
#define BOX_WIRE_H

#include <stdint.h>

enum {
    WIRE_CTL_FD = 3,       /* where init finds its end */
    WIRE_LOCK_FD = 4,      /* without namespaces: the slot of ids, held until init has ended */
    WIRE_MAX = 128 * 1024, /* bytes in the largest packet; the kernel's default buffer has 208 K */
    WIRE_TEXT_MAX = WIRE_MAX - 1024,
    WIRE_UID_REAPER = 255, /* init's helper for killing; nothing else ever runs as it */
    WIRE_PROCS_MAX = 512   /* programs of one box at a time */
};

/* init's arguments: BOX_INIT_WORD, bytes of memory, then as in struct init_state first_uid and root.
 * Without the word the same file is a probe (init_probe.c). */
#define BOX_INIT_PATH "/.init"
#define BOX_INIT_WORD "box"
#define BOX_INIT_SINGLE "single" /* instead of first_uid: there is one uid */

enum wire_op {
    WIRE_MKDIR = 1,
    WIRE_PUT,
    WIRE_SYMLINK,
    WIRE_CHOWN,
    WIRE_UNLINK,
    WIRE_GET,
    WIRE_LIST,
    WIRE_LISTEN,
    WIRE_MEMORY, /* the descriptor says how many programs the kernel has killed for memory:
                    cgroup_events() */
    WIRE_FILTER, /* load the seccomp program for students from this file */
    WIRE_START,
    WIRE_KILL,
    WIRE_KILL_UID,
    WIRE_CLOSE
};

struct wire_limits {
    uint32_t wall_ms, cpu_s, nproc, nofile;
    uint64_t fsize_bytes, stack_bytes, as_bytes;
};

/* Followed by text_len bytes: strings, each with its NUL. WIRE_START: path, cwd, argc arguments,
 * envc variables; otherwise the path, then for WIRE_SYMLINK the target. Descriptors ride along. */
struct wire_request {
    uint32_t op, serial, id, uid, mode, text_len;
    uint64_t max;
    uint32_t argc, envc;
    uint32_t nfds;     /* of the program */
    uint32_t null_fds; /* bit i: descriptor i is /dev/null and not among those passed */
    uint32_t filtered;
    struct wire_limits limits;
};

enum wire_kind { WIRE_HELLO = 1, WIRE_REPLY, WIRE_ENDED };

struct wire_reply {
    uint32_t kind, serial, id;
    int32_t errnum; /* WIRE_REPLY: 0 or why not */
    uint64_t value; /* WIRE_REPLY: a count; WIRE_HELLO: sizeof(struct wire_request) */
    uint32_t more;  /* WIRE_LIST: there were more */
    uint32_t end;   /* WIRE_ENDED: enum proc_end and what belongs to it */
    int32_t code;
    uint32_t wall_ms, cpu_ms;
    uint64_t maxrss_bytes;
    char step[64];
};

#endif
