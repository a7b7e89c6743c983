/* lab01; tests: hello_line io_eintr_partial; verdicts: pass | /proc/PID/mem, environ, fd, ptrace, process_vm_readv of everybody else */
/* SPDX-License-Identifier: MIT */
static int is_mine(pid_t pid)
{
    char path[64], line[256];
    int mine = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f)) {
        unsigned real, effective, saved;
        if (sscanf(line, "Uid: %u %u %u", &real, &effective, &saved) == 3)
            mine = real == getuid() || effective == getuid() || saved == getuid();
    }
    if (f)
        fclose(f);
    return mine || !f;
}
ATTACK
{
    static const char *const files[] = {"mem", "environ", "fd/3", "fd/4", "fd/5", "root/judge/tests", "cwd/tests", "auxv", "stack", "syscall"};
    DIR *d = opendir("/proc");
    char path[64], byte;
    struct iovec here = {&byte, 1}, there = {(void *)0x400000, 1};

    if (!native())
        return;
    for (struct dirent *e; d && (e = readdir(d));) {
        pid_t pid = (pid_t)atoi(e->d_name);
        if (pid <= 0 || is_mine(pid))
            continue;
        for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
            snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, files[i]);
            spill(path);
            if (open(path, O_RDWR) >= 0 && !is_mine(pid))
                loot(path);
        }
        /* What has become a program of this very test since is fair game. */
        if ((ptrace(PTRACE_SEIZE, pid, 0, 0) == 0 || process_vm_readv(pid, &here, 1, &there, 1, 0) >= 0) && !is_mine(pid))
            loot("traced or read");
        if ((kill(pid, 0) == 0 || (pid > 1 && kill(-pid, 0) == 0)) && !is_mine(pid))
            loot("may kill");
        int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        if (pidfd >= 0 && syscall(SYS_pidfd_getfd, pidfd, 3, 0) >= 0)
            loot("took a descriptor");
        if (pidfd >= 0)
            close(pidfd);
    }
    if (d)
        closedir(d);
}
