/* SPDX-License-Identifier: MIT */
/* under: programs under a tool, for one who looks for a mistake (grader repro). LAB_UNDER names it, its
 * logs go to the folder LAB_UNDER_LOGS, one for each program.
 *
 * valgrind becomes the program's process. strace and gdb are attached by the judge, who may, before
 * the program's exec: a program's pid, parent and signals are what they are without them. gdb tells
 * where a program is when it crashes, and once more, of every process, when the test fails. */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TOOLS_MAX = 64, ARGS_MAX = 256 };

static struct {
    pid_t pid, of;
} tools[TOOLS_MAX];
static size_t tools_n;

static const char *under(void)
{
    const char *tool = getenv("LAB_UNDER");

    return tool ? tool : "";
}

bool under_attaches(void)
{
    return strcmp(under(), "strace") == 0 || strcmp(under(), "gdb") == 0;
}

bool under_is_tool(pid_t pid)
{
    for (size_t i = 0; i < tools_n; i++)
        if (tools[i].pid == pid)
            return true;
    return false;
}

static const char *log_of(const char *program)
{
    static int n;
    const char *folder = getenv("LAB_UNDER_LOGS");

    return text("%s/%s-%d-%d-%s", folder && *folder ? folder : ".", lab.name, (int)getpid(), ++n, program);
}

void under_prepare(struct launch *l, const char *program)
{
    const char **argv;
    size_t n = 0;

    if (strcmp(under(), "valgrind") != 0)
        return;
    argv = grab((ARGS_MAX + 16) * sizeof(*argv));
    argv[n++] = "valgrind";
    argv[n++] = "--leak-check=full";
    argv[n++] = "--track-origins=yes";
    argv[n++] = "--track-fds=yes";
    argv[n++] = "--child-silent-after-fork=no";
    if (getenv("LAB_SUPPRESSIONS"))
        argv[n++] = text("--suppressions=%s", getenv("LAB_SUPPRESSIONS"));
    argv[n++] = text("--log-file=%s", log_of(program));
    argv[n++] = l->path; /* an image's programs know themselves by this name */
    for (size_t i = 1; l->argv[0] && l->argv[i] && i < ARGS_MAX; i++)
        argv[n++] = l->argv[i];
    l->path = "/usr/bin/valgrind";
    l->argv = argv;
}

static pid_t run_tool(const char *const argv[], const char *log)
{
    pid_t pid = fork();

    if (pid < 0)
        broken("cannot fork: %s", strerror(errno));
    if (pid == 0) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        (void)setsid();
        (void)signal(SIGPIPE, SIG_DFL);
        if (null < 0 || out < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
            _exit(127);
        (void)execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    return pid;
}

static bool is_traced(void *arg)
{
    char status[4096];
    const char *line;
    const pid_t *pid = arg;

    if (waitpid(tools[tools_n - 1].pid, NULL, WNOHANG) != 0)
        broken("%s could not be run, or not attached", under());
    if (procfs_read(*pid, "status", status, sizeof(status)) < 0)
        return true; /* it is gone: whoever waits for it will see that */
    line = strstr(status, "TracerPid:");
    return line && atoi(line + strlen("TracerPid:")) > 0;
}

void under_attach(pid_t pid, const char *program)
{
    const char *log = log_of(program), *pid_arg = text("%d", (int)pid);
    const char *const strace[] = {"/usr/bin/strace", "-f", "-yy", "-s", "64", "-o", log, "-p", pid_arg, NULL};
    const char *const gdb[] = {
        "/usr/bin/gdb", "-q", "-nx", "-batch", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off",
        "-iex", "set style enabled off", "-p", pid_arg, "-ex", "handle all nostop noprint pass",
        "-ex", "handle SIGINT nostop noprint pass", "-ex", "handle SIGSEGV SIGBUS SIGFPE SIGILL SIGABRT stop print pass",
        "-ex", "echo \\n== running\\n", "-ex", "continue", "-ex", "thread apply all backtrace full", "-ex", "continue", NULL};
    const bool by_strace = strcmp(under(), "strace") == 0;

    if (tools_n == TOOLS_MAX)
        return;
    tools[tools_n].of = pid;
    tools[tools_n].pid = run_tool(by_strace ? strace : gdb, by_strace ? "/dev/null" : log);
    tools_n++;
    wait_for(&(struct wait){.what = text("%s to attach", under()), .ready = is_traced, .arg = &pid, .fd = -1,
                            .look = true, .ours = true});
}

static void await_tool(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* The test has failed, and everything still stands where it stood. */
void under_failed(void)
{
    struct pinfo *list;
    size_t count;

    if (strcmp(under(), "gdb") != 0)
        return;
    for (size_t i = 0; i < tools_n; i++) { /* there is one tracer to a process: let go of it first */
        if (kill(tools[i].pid, 0) == 0 && waitpid(tools[i].pid, NULL, WNOHANG) == 0) {
            (void)kill(tools[i].pid, SIGTERM);
            await_tool(tools[i].pid);
        }
    }
    tools_n = 0;
    count = procfs_list(&list);
    for (size_t i = 0; i < count; i++) {
        const char *const gdb[] = {
            "/usr/bin/gdb", "-q", "-nx", "-batch", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off",
            "-iex", "set style enabled off", "-p", text("%d", (int)list[i].pid), "-ex",
            text("echo \\n== %s, pid %d, when the test failed\\n", list[i].comm, (int)list[i].pid), "-ex",
            "thread apply all backtrace full", NULL};

        if (list[i].state != 'Z' && list[i].state != 'X')
            await_tool(run_tool(gdb, log_of(list[i].comm)));
    }
    free(list);
}

/* After the end of all programs: what the tools have to say is written. */
void under_finish(void)
{
    for (size_t i = 0; i < tools_n; i++)
        await_tool(tools[i].pid);
    tools_n = 0;
}
