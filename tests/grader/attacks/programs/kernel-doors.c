/* lab01; tests: hello_line io_eintr_partial; verdicts: pass | io_uring, userfaultfd, keys, bpf, namespaces, mounts, handles, foreign sockets */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    char room[256] = {0};

    if (!native())
        return;
    if (syscall(SYS_io_uring_setup, 8, room) >= 0) loot("io_uring");
    if (syscall(SYS_userfaultfd, 0) >= 0 || open("/dev/userfaultfd", O_RDWR) >= 0) loot("userfaultfd");
    if (syscall(SYS_keyctl, 0, -3, 1) >= 0 || syscall(SYS_add_key, "user", "x", "y", 1, -3) >= 0) loot("keys");
    if (syscall(SYS_bpf, 0, room, 64) >= 0) loot("bpf");
    if (syscall(SYS_perf_event_open, room, 0, -1, -1, 0) >= 0) loot("perf");
    if (unshare(CLONE_NEWUSER) == 0 || unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWNS) == 0) loot("a namespace");
    if (syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) >= 0) loot("a namespace by clone");
    if (syscall(435, room, 88) >= 0) loot("clone3");
    if (mount("none", "/tmp", "tmpfs", 0, NULL) == 0 || umount2("/proc", MNT_DETACH) == 0 || chroot("/tmp") == 0) loot("a mount");
    if (syscall(SYS_name_to_handle_at, AT_FDCWD, "/", room, room, 0) >= 0) loot("a handle");
    if (setuid(0) == 0 || setgid(0) == 0 || setresuid(1, 1, 1) == 0) loot("another user");
    if (socket(AF_PACKET, SOCK_RAW, 0) >= 0 || socket(AF_INET, SOCK_RAW, 1) >= 0 || socket(40, SOCK_STREAM, 0) >= 0 || socket(AF_ALG, SOCK_SEQPACKET, 0) >= 0) loot("a foreign socket");
    if (ioctl(0, TIOCSTI, "x") == 0) loot("typed");
    if (open("/dev/mem", O_RDONLY) >= 0 || open("/dev/kmsg", O_RDONLY) >= 0 || open("/proc/kcore", O_RDONLY) >= 0 || open("/dev/sda", O_RDONLY) >= 0) loot("a device");
    if (open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0 || open("/proc/sysrq-trigger", O_WRONLY) >= 0 || open("/sys/kernel", O_RDONLY) >= 0) loot("the kernel's settings");
    if (mknod("/tmp/null", S_IFCHR | 0600, 0x103) == 0) loot("made a device");
    if (syscall(SYS_swapon, "/tmp/x", 0) == 0 || syscall(SYS_reboot, 0, 0, 0, 0) == 0 || syscall(SYS_acct, "/tmp/x") == 0) loot("the machine");
}
