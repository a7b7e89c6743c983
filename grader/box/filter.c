/* SPDX-License-Identifier: MIT */
/* filter: the deny-list, as rules for libseccomp, exported as the kernel's instructions.
 * Names that this architecture or this libseccomp does not know are skipped. A system call of a
 * foreign architecture (int 0x80, x32) ends the process with SIGSYS: the numbers mean other things
 * there. */
#define _GNU_SOURCE 1
#include "box/filter.h"

#include "util/cleanup.h"
#include "util/err.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* "Not permitted": these reach the kernel, its clock, its keys or other namespaces. */
static const char *const forbidden[] = {
    "keyctl",
    "add_key",
    "request_key",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsmount",
    "fsconfig",
    "fspick",
    "mount_setattr",
    "setns",
    "unshare",
    "chroot",
    "open_by_handle_at",
    "name_to_handle_at",
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "query_module",
    "get_kernel_syms",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "syslog",
    "quotactl",
    "quotactl_fd",
    "iopl",
    "ioperm",
    "fanotify_init",
    "vhangup",
    "settimeofday",
    "clock_settime",
    "clock_settime64",
    "adjtimex",
    "clock_adjtime",
    "clock_adjtime64",
    "stime",
    "sethostname",
    "setdomainname",
    "lookup_dcookie",
    "uselib",
    "nfsservctl",
    "_sysctl",
};

/* "No such call": the C library then does without. clone3 hides its flags behind a pointer. */
static const char *const absent[] = {
    "clone3",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
};

static const char *const memfd[] = {"memfd_create", "memfd_secret"};

static int deny(scmp_filter_ctx ctx, const char *const *names, size_t n, uint32_t action)
{
    for (size_t i = 0; i < n; i++) {
        int nr = seccomp_syscall_resolve_name(names[i]);
        int failed;

        if (nr < 0) /* unknown, or of another architecture */
            continue;
        failed = seccomp_rule_add(ctx, action, nr, 0);
        if (failed < 0)
            return failed;
    }
    return 0;
}

static int deny_if(scmp_filter_ctx ctx, int nr, uint32_t action, struct scmp_arg_cmp cmp)
{
    return seccomp_rule_add_array(ctx, action, nr, 1, &cmp);
}

static int add_clone(scmp_filter_ctx ctx)
{
    static const uint64_t flags[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                     CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};
    int failed = 0;

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && !failed; i++)
        failed = deny_if(ctx, SCMP_SYS(clone), SCMP_ACT_ERRNO(EPERM),
                         SCMP_A0_64(SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
    return failed;
}

/* Typing for another terminal. The kernel looks at 32 bits of the request. */
static int add_ioctl(scmp_filter_ctx ctx)
{
    static const uint64_t requests[] = {TIOCSTI, TIOCLINUX};
    int failed = 0;

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]) && !failed; i++)
        failed = deny_if(ctx, SCMP_SYS(ioctl), SCMP_ACT_ERRNO(EPERM),
                         SCMP_A1_64(SCMP_CMP_MASKED_EQ, UINT32_MAX, requests[i]));
    return failed;
}

/* Only Unix, IPv4, IPv6 and netlink (getifaddrs). Vsock and the like know no network namespace.
 * The rule "greater" also catches numbers whose upper half the kernel would cut off. */
static int add_socket(scmp_filter_ctx ctx)
{
    uint32_t no = SCMP_ACT_ERRNO(EAFNOSUPPORT);
    int failed = deny_if(ctx, SCMP_SYS(socket), no,
                         (struct scmp_arg_cmp){.arg = 0, .op = SCMP_CMP_GT, .datum_a = AF_NETLINK});

    for (uint64_t family = 0; family < AF_NETLINK && !failed; family++)
        if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
            failed = deny_if(ctx, SCMP_SYS(socket), no,
                             (struct scmp_arg_cmp){.arg = 0, .op = SCMP_CMP_EQ, .datum_a = family});
    return failed;
}

static int add_all(scmp_filter_ctx ctx, bool allow_memfd)
{
    int failed =
        deny(ctx, forbidden, sizeof(forbidden) / sizeof(forbidden[0]), SCMP_ACT_ERRNO(EPERM));

    if (!failed)
        failed = deny(ctx, absent, sizeof(absent) / sizeof(absent[0]), SCMP_ACT_ERRNO(ENOSYS));
    if (!failed && !allow_memfd)
        failed = deny(ctx, memfd, sizeof(memfd) / sizeof(memfd[0]), SCMP_ACT_ERRNO(ENOSYS));
    if (!failed)
        failed = add_clone(ctx);
    if (!failed)
        failed = add_ioctl(ctx);
    if (!failed)
        failed = add_socket(ctx);
    return failed;
}

static int export(scmp_filter_ctx ctx, struct filter *filter, struct err *err)
{
    CLEANUP(close_fd) int fd = memfd_create("filter", MFD_CLOEXEC);
    CLEANUP(free_ptr) struct sock_filter *insns = NULL;
    struct stat st;
    int failed;

    if (fd < 0)
        return err_errno(err, errno, "cannot create a memfd");
    failed = seccomp_export_bpf(ctx, fd);
    if (failed < 0)
        return err_errno(err, -failed, "cannot export the seccomp filter");
    if (fstat(fd, &st) < 0 || !(insns = malloc((size_t)st.st_size)) ||
        pread(fd, insns, (size_t)st.st_size, 0) != st.st_size)
        return err_errno(err, errno, "cannot read the seccomp filter");
    filter->len = (unsigned short)((size_t)st.st_size / sizeof(*insns));
    filter->insns = take_ptr(&insns);
    return 0;
}

static void release_ctx(scmp_filter_ctx *ctx)
{
    if (*ctx)
        seccomp_release(*ctx);
}

int filter_build(bool allow_memfd, struct filter *filter, struct err *err)
{
    CLEANUP(release_ctx) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    int failed;

    if (!ctx)
        return err_set(err, "cannot start a seccomp filter");
    failed = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (!failed) /* a tree: a permitted call costs a few comparisons, not eighty */
        failed = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (!failed)
        failed = add_all(ctx, allow_memfd);
    if (failed)
        return err_errno(err, -failed, "cannot build the seccomp filter");
    return export(ctx, filter, err);
}

void filter_release(struct filter *filter)
{
    free(filter->insns);
    *filter = (struct filter){0};
}
