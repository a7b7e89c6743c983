/* SPDX-License-Identifier: MIT */
/* memcheck: student programs under valgrind, through the fork server (image/forkserver.c).
 *
 * The runner starts valgrind on the image once, before the first test; workers find the server by
 * its socket, which stands in a folder that only the runner's user may enter. Everything runs as one
 * user, LAB_MEMCHECK_UID, and leaves one XML per process in LAB_MEMCHECK, what memcheck found, and one
 * log for all, the descriptors that were open at the end. (Valgrind 3.19 gives a forked child a file
 * of its own for one of the two only. The stacks that belong to the descriptors are in the XML, in
 * the order of the log.) If the server cannot be started, or dies,
 * tests end as "error": they never hang. */
#include "inside.h"

#include "box/confine.h"
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENV_SOCKET "LAB_MEMCHECK_SOCKET" /* from the runner to its workers */
#define ENV_PID "LAB_MEMCHECK_PID"

enum { NPROC = 512, CPU_S = 600, STRINGS_MAX = 32 };

static pid_t server, guardian; /* in the runner */
static char *socket_folder, *socket_path;

static struct sockaddr_un address(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(sa.sun_path))
        broken("the path '%s' is too long for a socket", path);
    (void)strcpy(sa.sun_path, path);
    return sa;
}

static const char *find_valgrind(void)
{
    static const char *const places[] = {"/usr/bin/valgrind", "/usr/local/bin/valgrind"};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    broken("valgrind is not installed");
}

/* The image that all programs are links to. At a desk they are files of their own, and there is no
 * fork server in them. */
static const char *find_image(void)
{
    const char *programs = getenv("LAB_PROGRAMS");
    char probe[PATH_MAX], *image;

    (void)snprintf(probe, sizeof(probe), "%s/probe", programs && *programs ? programs : "build");
    image = realpath(probe, NULL);
    if (!image)
        broken("no image behind '%s': %s", probe, strerror(errno));
    return image;
}

static _Noreturn void become_server(int listener, const char *const argv[], const char *const env[],
                                    const struct confine *confine, const char *folder)
{
    const char *step = "start a session";
    int null = open("/dev/null", O_RDWR);

    if (setsid() < 0)
        goto failed;
    step = "set up the streams";
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(listener, LAB_SERVER_FD) < 0
        || syscall(SYS_close_range, LAB_SERVER_FD + 1U, ~0U, 0U) < 0)
        goto failed;
    if (confine_self(confine, &step) < 0)
        goto failed;
    step = "end with its guardian";
    if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL) < 0 || getppid() == 1) /* the guardian has gone */
        goto failed;
    step = "enter the folder";
    if (chdir(folder) < 0)
        goto failed;
    step = "run valgrind";
    (void)execve(argv[0], (char *const *)argv, (char *const *)env);
failed:
    (void)dprintf(2, "harness: memcheck server: cannot %s: %s\n", step, strerror(errno));
    _exit(127);
}

/* Between the runner and the server stands a guardian that reaps the server: Criterion's runner
 * looks at its children without reaping those it does not know, so a server that has died (students
 * can do that) would be all that it ever sees again. The guardian stays until it is told to end. */
static _Noreturn void guard(int report, int listener, const char *const argv[],
                            const char *const env[], const struct confine *confine,
                            const char *folder)
{
    sigset_t set;
    pid_t pid;

    (void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigprocmask(SIG_SETMASK, &set, NULL);
    pid = fork();
    if (pid == 0)
        become_server(listener, argv, env, confine, folder);
    if (pid < 0 || write(report, &pid, sizeof(pid)) != (ssize_t)sizeof(pid))
        _exit(1);
    (void)close(report);
    (void)close(listener); /* only the server's copy: when it dies, connecting fails */
    for (;;) {
        int sig = sigwaitinfo(&set, NULL);

        if (sig == SIGCHLD) {
            (void)waitpid(pid, NULL, WNOHANG);
        } else if (sig == SIGTERM) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
            _exit(0);
        }
    }
}

void memcheck_prepare(void)
{
    const char *folder = getenv("LAB_MEMCHECK"), *supp = getenv("LAB_SUPPRESSIONS");
    const char *uid = getenv("LAB_MEMCHECK_UID"), *tmp = getenv("TMPDIR");
    const char *argv[STRINGS_MAX], *env[8];
    struct confine confine = {0};
    size_t n = 0;
    int listener, report[2];

    if (!folder || !*folder)
        return;
    folder = realpath(folder, NULL);
    if (!folder)
        broken("LAB_MEMCHECK: %s", strerror(errno));
    socket_folder = (char *)text("%s/lab-memcheck-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(socket_folder))
        broken("cannot make a folder %s: %s", socket_folder, strerror(errno));
    socket_path = (char *)text("%s/socket", socket_folder);
    struct sockaddr_un sa = address(socket_path);
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&sa, sizeof(sa)) < 0
        || listen(listener, SOMAXCONN) < 0)
        broken("cannot listen at %s: %s", socket_path, strerror(errno));

    argv[n++] = find_valgrind();
    argv[n++] = "-q";
    argv[n++] = "--vgdb=no";
    argv[n++] = "--leak-check=full";
    argv[n++] = "--run-libc-freeres=no";
    argv[n++] = "--read-inline-info=no";
    argv[n++] = "--track-fds=yes";
    argv[n++] = "--trace-children=no";
    argv[n++] = "--child-silent-after-fork=no";
    argv[n++] = "--xml=yes";
    argv[n++] = text("--xml-file=%s/%%p.xml", folder);
    argv[n++] = text("--log-file=%s/descriptors.log", folder);
    if (supp && *supp)
        argv[n++] = text("--suppressions=%s", supp);
    argv[n++] = find_image();
    argv[n] = NULL;
    env[0] = "PATH=/usr/local/bin:/usr/bin:/bin";
    env[1] = "LC_ALL=C";
    env[2] = "LAB_FORK_SERVER=1";
    env[3] = "VALGRIND_OPTS=";
    env[4] = text("HOME=%s", folder);
    env[5] = NULL;
    confine.uid = uid && *uid ? (uid_t)strtoul(uid, NULL, 10) : 0;
    if (confine.uid) {
        confine.filter = lab_filter(&confine.filter_len);
        confine.nproc = NPROC;
        confine.cpu_s = CPU_S;
    }
    if (pipe2(report, O_CLOEXEC) < 0)
        broken("cannot make a pipe: %s", strerror(errno));
    guardian = fork();
    if (guardian < 0)
        broken("cannot fork: %s", strerror(errno));
    if (guardian == 0)
        guard(report[1], listener, argv, env, &confine, folder);
    (void)close(report[1]);
    (void)close(listener);
    if (read(report[0], &server, sizeof(server)) != (ssize_t)sizeof(server))
        broken("cannot start the memcheck server");
    (void)close(report[0]);
    (void)setenv(ENV_SOCKET, socket_path, 1);
    (void)setenv(ENV_PID, text("%d", (int)server), 1);
}

void memcheck_finish(void)
{
    if (guardian <= 0)
        return;
    (void)kill(guardian, SIGTERM);
    (void)waitpid(guardian, NULL, 0);
    guardian = 0;
    (void)unlink(socket_path);
    (void)rmdir(socket_folder);
}

pid_t memcheck_server(void)
{
    const char *s = getenv(ENV_PID);

    return lab.memcheck && s ? (pid_t)strtol(s, NULL, 10) : 0;
}

/* A request (image.h). Its size, or -1: too long. */
static ssize_t write_request(char *bytes, size_t room, const struct launch *l)
{
    struct lab_request head = {.nofile = l->nofile};
    const char *const *lists[] = {l->argv, l->env};
    const char *folder[] = {lab.folder, NULL};
    size_t n = sizeof(head);

    while (l->argv[head.argc])
        head.argc++;
    while (l->env[head.envc])
        head.envc++;
    (void)memcpy(bytes, &head, sizeof(head));
    for (int i = 0; i < 3; i++) {
        for (const char *const *s = i < 2 ? lists[i] : folder; *s; s++) {
            size_t size = strlen(*s) + 1;

            if (n + size > room)
                return -1;
            (void)memcpy(bytes + n, *s, size);
            n += size;
        }
    }
    return (ssize_t)n;
}

bool memcheck_answer(int fd, int what, int *value)
{
    struct lab_answer a;
    ssize_t n = recv(fd, &a, sizeof(a), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    *value = n == (ssize_t)sizeof(a) && (int)a.what == what ? a.value : -1;
    return true;
}

struct starting {
    int fd;
    int pid;
    bool done;
};

static bool answered(void *arg)
{
    struct starting *s = arg;

    if (!s->done)
        s->done = memcheck_answer(s->fd, LAB_STARTED, &s->pid);
    if (s->done && s->pid < 0)
        broken("the memcheck server did not start the program");
    return s->done;
}

void memcheck_start(const struct launch *l, struct proc *p)
{
    const char *path = getenv(ENV_SOCKET);
    char *bytes = grab(LAB_REQUEST_MAX);
    ssize_t size = write_request(bytes, LAB_REQUEST_MAX - 1, l);
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(l->fd))];
    } control = {0};
    struct iovec iov = {bytes, size < 0 ? 0 : (size_t)size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space,
                         .msg_controllen = sizeof(control.space)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    struct starting a = {0};

    p->ended = true; /* until it exists: whoever looks now must not wait for it */
    if (size < 0)
        broken("the arguments of %s are too long", p->name);
    if (!path)
        broken("there is no memcheck server");
    struct sockaddr_un sa = address(path);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(l->fd));
    (void)memcpy(CMSG_DATA(c), l->fd, sizeof(l->fd));
    a.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (a.fd < 0 || connect(a.fd, (struct sockaddr *)&sa, sizeof(sa)) < 0
        || sendmsg(a.fd, &msg, MSG_NOSIGNAL) < 0)
        broken("the memcheck server is gone: %s", strerror(errno));
    free(bytes);
    wait_for(&(struct wait){.what = text("the memcheck server to start %s", p->name),
                            .ready = answered, .arg = &a, .fd = a.fd, .events = POLLIN,
                            .ours = true});
    p->ended = false;
    p->pid = a.pid;
    p->server = a.fd;
}
