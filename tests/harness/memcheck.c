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
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENV_SOCKET "LAB_MEMCHECK_SOCKET" /* from the runner to its workers */
#define ENV_PID "LAB_MEMCHECK_PID"
#define LOG_NAME "descriptors.log"

enum { NPROC = 512, CPU_S = 600, STRINGS_MAX = 32, SPARE_THREADS = 8 };

static pid_t server, guardian; /* in the runner */
static int verdict_fd = -1;    /* what the guardian has to say at its end */
static char *socket_folder, *socket_path, *image;

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
static void find_image(void)
{
    const char *programs = getenv("LAB_PROGRAMS");
    char probe[PATH_MAX];

    (void)snprintf(probe, sizeof(probe), "%s/probe", programs && *programs ? programs : "build");
    image = realpath(probe, NULL);
    if (!image)
        broken("no image behind '%s': %s", probe, strerror(errno));
}

/* It is closed while its programs run under valgrind. */
static void open_image(void)
{
    if (chmod(image, S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH) < 0)
        broken("cannot open %s: %s", image, strerror(errno));
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

/* valgrind's files belong to the user of its server, and so do the student's programs there: they could
 * remove, cut or rewrite what valgrind said of them. So everything that is done to those files is watched,
 * and valgrind does always the same: it makes and opens a process's file, once, before the process runs
 * a single instruction of the student's, and writes to it as long as the process lives; the log is opened
 * once.
 *
 * The kernel drops an event that is the same as the one before it. Writing is watched for that reason
 * alone: between valgrind's opening of a file and anybody else's lies valgrind's first word. */
enum { WATCHED = IN_OPEN | IN_CREATE | IN_DELETE | IN_MOVE | IN_MODIFY };

struct vg_file {
    char name[32];
    unsigned made, opened;
};

static struct {
    int fd, folder, image;
    struct vg_file *v;
    size_t n;
    bool closed;     /* the image is; since then: */
    bool accessed;   /* it was read */
    bool bystanders; /* somebody has opened it, or had it open */
    char wrong[200]; /* what was done that valgrind does not do, the first of it; "" */
} files = {.fd = -1};

static void watch_files(const char *folder)
{
    files.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    files.folder = inotify_add_watch(files.fd, folder, WATCHED);
    files.image = inotify_add_watch(files.fd, image, IN_OPEN | IN_ACCESS | IN_CLOSE_NOWRITE);
    if (files.fd < 0 || files.folder < 0 || files.image < 0)
        broken("cannot watch %s: %s", folder, strerror(errno));
}

static void wrong(const char *format, const char *name)
{
    if (!files.wrong[0])
        (void)snprintf(files.wrong, sizeof(files.wrong), format, name);
}

/* "123.xml" */
static bool is_report(const char *name)
{
    size_t digits = strspn(name, "0123456789");

    return digits > 0 && digits < 16 && strcmp(name + digits, ".xml") == 0;
}

static struct vg_file *vg_file(const char *name)
{
    for (size_t i = files.n; i-- > 0;)
        if (strcmp(files.v[i].name, name) == 0)
            return &files.v[i];
    if ((files.n & (files.n + 1)) == 0) /* room for 1, 3, 7, ... */
        files.v = grow(files.v, (files.n + 1) * 2 * sizeof(*files.v));
    files.v[files.n] = (struct vg_file){0};
    (void)snprintf(files.v[files.n].name, sizeof(files.v[files.n].name), "%s", name);
    return &files.v[files.n++];
}

static void see_file(uint32_t what, const char *name)
{
    const bool report = is_report(name);
    struct vg_file *f;

    if (!report && strcmp(name, LOG_NAME) != 0) {
        wrong("there is a file that is not valgrind's: '%s'", quoted(name, strlen(name), 40));
        return;
    }
    f = vg_file(name);
    f->made += (what & IN_CREATE) != 0;
    f->opened += (what & IN_OPEN) != 0;
    if (what & (IN_DELETE | IN_MOVE))
        wrong("%s was removed or renamed", name);
    else if ((what & IN_ISDIR) || f->made > 1 || f->opened > 1 || (report && f->opened > f->made))
        wrong("%s was opened by somebody else than valgrind", name);
}

static void look_at_files(void)
{
    static union {
        struct inotify_event align;
        char bytes[65536];
    } room;
    ssize_t n;

    while ((n = read(files.fd, room.bytes, sizeof(room.bytes))) > 0)
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *e = (const void *)(room.bytes + at);

            if (e->mask & IN_Q_OVERFLOW)
                wrong("more was done to %s than can be watched", "valgrind's files");
            else if (e->wd == files.folder && e->len)
                see_file(e->mask, e->name);
            else if (e->wd == files.image && files.closed) {
                files.accessed |= (e->mask & IN_ACCESS) != 0;
                files.bystanders |= (e->mask & (IN_OPEN | IN_CLOSE_NOWRITE)) != 0;
            }
            at += (ssize_t)(sizeof(*e) + e->len);
        }
}

static void judge_files(void)
{
    for (size_t i = 0; i < files.n; i++)
        if (files.v[i].opened != 1) /* a link, or a folder */
            wrong("%s was never opened by valgrind", files.v[i].name);
}

/* A program that can read the image, or run it, has a way out of valgrind: itself again, or a copy. So
 * the image is closed to all but its owner when valgrind has read it. What is left is the descriptor that valgrind itself
 * keeps, and gives to a program that opens /proc/self/exe: reading, without opening or closing. Who
 * opens a closed file is no student, but somebody who looks at all programs of a machine, as
 * profilers do. 'door' is the first connection to the server, which waits until it is closed. */
static void close_image(int door, pid_t served)
{
    struct lab_answer ready;

    (void)recv(door, &ready, sizeof(ready), 0);
    if (chmod(image, S_IRWXU) < 0) {
        (void)dprintf(2, "harness: cannot close %s: %s\n", image, strerror(errno));
        (void)kill(served, SIGKILL);
    }
    look_at_files();
    files.closed = true;
    (void)close(door);
}

/* Before the server ends: it has the image open, too. */
static void judge_image(void)
{
    look_at_files();
    if (files.accessed && !files.bystanders)
        wrong("%s was read by a program, as if to run it again outside of valgrind", "the image of the programs");
}

static int open_door(void)
{
    const struct sockaddr_un sa = address(socket_path);
    int door = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (door < 0 || connect(door, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
        _exit(1);
    return door;
}

/* Between the runner and the server stands a guardian that reaps the server: Criterion's runner
 * looks at its children without reaping those it does not know, so a server that has died (students
 * can do that) would be all that it ever sees again. The guardian stays until it is told to end. */
static _Noreturn void guard(int report, int verdict, int listener, const char *const argv[],
                            const char *const env[], const struct confine *confine,
                            const char *folder)
{
    enum { FILES, SIGNALS, DOOR, SOURCES };
    struct pollfd fds[SOURCES] = {[FILES] = {.fd = files.fd, .events = POLLIN}};
    sigset_t set;
    pid_t pid;

    (void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigprocmask(SIG_SETMASK, &set, NULL);
    fds[SIGNALS] = (struct pollfd){.fd = signalfd(-1, &set, SFD_CLOEXEC), .events = POLLIN};
    fds[DOOR] = (struct pollfd){.fd = open_door(), .events = POLLIN};
    pid = fork();
    if (pid == 0)
        become_server(listener, argv, env, confine, folder);
    if (fds[SIGNALS].fd < 0 || pid < 0 || write(report, &pid, sizeof(pid)) != (ssize_t)sizeof(pid))
        _exit(1);
    (void)close(report);
    (void)close(listener); /* only the server's copy: when it dies, connecting fails */
    for (;;) {
        struct signalfd_siginfo info;

        (void)poll(fds, SOURCES, -1);
        if (fds[FILES].revents)
            look_at_files();
        if (fds[DOOR].revents) {
            close_image(fds[DOOR].fd, pid);
            fds[DOOR] = (struct pollfd){.fd = -1};
        }
        if (!fds[SIGNALS].revents || read(fds[SIGNALS].fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
            continue;
        (void)waitpid(pid, NULL, WNOHANG);
        if (info.ssi_signo == SIGTERM) {
            judge_image();
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
            look_at_files();
            judge_files();
            (void)!write(verdict, files.wrong, strlen(files.wrong));
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
    int listener, report[2], verdict[2];

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
    /* At its end each process would check the tables of valgrind itself, 16 MB, and at its beginning clear the places of
     * 500 threads: a quarter of what a whole grading costs. */
    argv[n++] = "--sanity-level=0";
    argv[n++] = text("--max-threads=%u", limits_most_processes() + SPARE_THREADS);
    argv[n++] = "--leak-check=full";
    argv[n++] = "--run-libc-freeres=no";
    argv[n++] = "--read-inline-info=no";
    argv[n++] = "--track-fds=yes";
    argv[n++] = "--trace-children=no";
    argv[n++] = "--child-silent-after-fork=no";
    argv[n++] = "--xml=yes";
    argv[n++] = text("--xml-file=%s/%%p.xml", folder);
    argv[n++] = text("--log-file=%s/" LOG_NAME, folder);
    if (supp && *supp)
        argv[n++] = text("--suppressions=%s", supp);
    find_image();
    argv[n++] = image;
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
    open_image(); /* whoever closed it may have been killed */
    watch_files(folder);
    if (pipe2(verdict, O_CLOEXEC) < 0)
        broken("cannot make a pipe: %s", strerror(errno));
    if (pipe2(report, O_CLOEXEC) < 0)
        broken("cannot make a pipe: %s", strerror(errno));
    guardian = fork();
    if (guardian < 0)
        broken("cannot fork: %s", strerror(errno));
    if (guardian == 0)
        guard(report[1], verdict[1], listener, argv, env, &confine, folder);
    (void)close(report[1]);
    (void)close(verdict[1]);
    (void)close(files.fd);
    verdict_fd = verdict[0];
    (void)close(listener);
    if (read(report[0], &server, sizeof(server)) != (ssize_t)sizeof(server))
        broken("cannot start the memcheck server");
    (void)close(report[0]);
    (void)setenv(ENV_SOCKET, socket_path, 1);
    (void)setenv(ENV_PID, text("%d", (int)server), 1);
}

void memcheck_finish(void)
{
    char wrong_text[sizeof(files.wrong) + 1] = "";
    ssize_t n;

    if (guardian <= 0)
        return;
    (void)kill(guardian, SIGTERM);
    (void)waitpid(guardian, NULL, 0);
    guardian = 0;
    open_image();
    do
        n = read(verdict_fd, wrong_text, sizeof(wrong_text) - 1);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        record_send(json_pack("{s:s, s:o}", "record", "tampered", "message", json_text(wrong_text)));
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
