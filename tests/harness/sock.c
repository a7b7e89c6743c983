/* SPDX-License-Identifier: MIT */
/* sock: the test as the other side of a socket, with raw bytes. All its sockets are non-blocking:
 * waiting is done in wait_for(), which meanwhile reads what the programs write. */
#include "inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <unistd.h>

struct sock {
    int fd;
    const char *address; /* for messages: whom we talk to */
    bool tcp, datagram;
    bool fifo;           /* one end of a FIFO (fifo.c): written and read, not sent and received */
    char *data;          /* received, not yet taken */
    size_t size, taken;
    int error;           /* errno of a failed receive: ECONNRESET */
    bool eof;
};

union address {
    struct sockaddr sa;
    struct sockaddr_un un;
    struct sockaddr_in in;
};

static bool is_tcp(const char *address)
{
    return strncmp(address, "tcp:", 4) == 0;
}

static socklen_t address_of(const char *s, union address *a)
{
    size_t n = strlen(s);

    *a = (union address){0};
    if (is_tcp(s)) {
        a->in.sin_family = AF_INET;
        a->in.sin_port = htons((uint16_t)strtoul(s + 4, NULL, 10));
        a->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return sizeof(a->in);
    }
    a->un.sun_family = AF_UNIX;
    if (n >= sizeof(a->un.sun_path))
        broken("the address '%s' is too long", s);
    if (strcmp(s, "@") == 0)
        return sizeof(a->un.sun_family); /* the kernel chooses an abstract name */
    (void)memcpy(a->un.sun_path, s, n);
    if (s[0] != '@')
        return sizeof(a->un);
    a->un.sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

static int open_socket(const char *address, int type)
{
    int fd = socket(is_tcp(address) ? AF_INET : AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        broken("cannot make a socket: %s", strerror(errno));
    return fd;
}

static struct sock *new_sock(int fd, const char *address, bool datagram)
{
    struct sock *s = grab(sizeof(*s));

    s->fd = fd;
    s->address = copy_text(address);
    s->tcp = is_tcp(address);
    s->datagram = datagram;
    return s;
}

struct sock *sock_of_fifo(int fd, const char *path)
{
    struct sock *s = new_sock(fd, path, false);

    s->fifo = true;
    s->tcp = false; /* whatever its name looks like */
    return s;
}

const char *unique(const char *name)
{
    return text("%s.%d", name, (int)getpid());
}

/* bind() for the student's user: anybody may connect. */
static void bind_openly(int fd, const char *address)
{
    union address a;
    socklen_t len = address_of(address, &a);
    mode_t mask = umask(0);
    int done = bind(fd, &a.sa, len);
    bool file = !is_tcp(address) && address[0] != '@';

    (void)umask(mask);
    if (done < 0)
        broken("cannot bind to '%s': %s", address, strerror(errno));
    if (!file)
        return;
    if (lab.uid && lchown(address, lab.uid, lab.uid) < 0)
        broken("cannot give '%s' to the programs: %s", address, strerror(errno));
    audit_note_ours(address);
}

/* Connecting -------------------------------------------------------------------------------------- */

struct connecting {
    int fd;
    union address a;
    socklen_t len;
    int error;
    bool done;
};

/* A Unix socket with a full backlog says EAGAIN and cannot be polled for it, so ask again. */
static bool connect_ready(void *arg)
{
    struct connecting *c = arg;

    if (c->done)
        return true;
    if (connect(c->fd, &c->a.sa, c->len) == 0 || errno == EISCONN) {
        c->error = 0;
    } else {
        if (errno == EAGAIN || errno == EINPROGRESS || errno == EALREADY || errno == EINTR)
            return false;
        c->error = errno;
    }
    c->done = true;
    return true;
}

static int connect_within(int fd, const char *address)
{
    struct connecting c = {.fd = fd};

    c.len = address_of(address, &c.a);
    wait_for(&(struct wait){.what = text("'%s' to take a connection", address),
                            .ready = connect_ready, .arg = &c, .fd = -1, .look = true});
    return c.error;
}

struct sock *connect_to(const char *address)
{
    int fd = open_socket(address, SOCK_STREAM), error = connect_within(fd, address);

    if (error)
        fail_signed(KIND_STATE, text("connect: %s", strerrorname_np(error)),
                    "the test cannot connect to '%s': %s", address, strerror(error));
    return new_sock(fd, address, false);
}

struct sock *try_connect(const char *address)
{
    int fd = open_socket(address, SOCK_STREAM);
    union address a;
    socklen_t len = address_of(address, &a);

    pump(-1, 0, 0);
    if (connect(fd, &a.sa, len) < 0 && errno != EINPROGRESS) {
        int error = errno;

        (void)close(fd);
        if (error == EAGAIN)
            return NULL;
        fail_signed(KIND_STATE, text("connect: %s", strerrorname_np(error)),
                    "the test cannot connect to '%s': %s", address, strerror(error));
    }
    return new_sock(fd, address, false);
}

int connect_error(const char *address)
{
    int fd = open_socket(address, SOCK_STREAM), error = connect_within(fd, address);

    (void)close(fd);
    return error;
}

struct sock *listen_at(const char *address)
{
    int fd = open_socket(address, SOCK_STREAM);

    if (is_tcp(address))
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    bind_openly(fd, address);
    if (listen(fd, SOMAXCONN) < 0)
        broken("cannot listen at '%s': %s", address, strerror(errno));
    return new_sock(fd, address, false);
}

struct accepting {
    struct sock *listener;
    int fd;
};

static bool accept_ready(void *arg)
{
    struct accepting *a = arg;

    if (a->fd < 0)
        a->fd = accept4(a->listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return a->fd >= 0;
}

struct sock *accept_from(struct sock *listener)
{
    struct accepting a = {listener, -1};

    wait_for(&(struct wait){.what = text("a client at '%s'", listener->address),
                            .ready = accept_ready, .arg = &a, .fd = listener->fd,
                            .events = POLLIN});
    return new_sock(a.fd, listener->address, false);
}

uint16_t tcp_port(const struct sock *s)
{
    union address a = {0};
    socklen_t len = sizeof(a);

    if (!s->tcp || getsockname(s->fd, &a.sa, &len) < 0)
        broken("'%s' has no port", s->address);
    return ntohs(a.in.sin_port);
}

const char *listening_address(uint16_t port)
{
    static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};

    for (int v6 = 0; v6 < 2; v6++) {
        FILE *f = fopen(tables[v6], "re");
        char line[512], host[40];
        unsigned local, state;

        while (f && fgets(line, sizeof(line), f)) {
            uint32_t word[4] = {0};
            char shown[INET6_ADDRSTRLEN];

            if (sscanf(line, " %*d: %39[0-9A-F]:%x %*[0-9A-F]:%*x %x", host, &local, &state) != 3
                || local != port || state != 0x0a)
                continue;
            for (int i = 0; i < (v6 ? 4 : 1); i++) /* words in this machine's byte order */
                (void)sscanf(host + 8 * i, "%8x", &word[i]);
            (void)fclose(f);
            if (!inet_ntop(v6 ? AF_INET6 : AF_INET, word, shown, sizeof(shown)))
                broken("inet_ntop: %s", strerror(errno));
            return copy_text(shown);
        }
        if (f)
            (void)fclose(f);
    }
    return NULL;
}

void leave_stale_socket(const char *path)
{
    int fd = open_socket(path, SOCK_STREAM);

    bind_openly(fd, path);
    (void)close(fd);
}

/* Sending ----------------------------------------------------------------------------------------- */

struct sending {
    struct sock *s;
    const char *bytes;
    size_t size, done;
    int error;
};

static bool send_ready(void *arg)
{
    struct sending *w = arg;

    while (w->done < w->size && !w->error) {
        const char *bytes = w->bytes + w->done;
        size_t left = w->size - w->done;
        ssize_t n = w->s->fifo ? write(w->s->fd, bytes, left)
                               : send(w->s->fd, bytes, left, MSG_NOSIGNAL);

        if (n >= 0)
            w->done += (size_t)n;
        else if (errno == EAGAIN)
            return false;
        else if (errno != EINTR)
            w->error = errno;
    }
    return true;
}

void send_bytes(struct sock *s, const void *bytes, size_t size)
{
    struct sending w = {.s = s, .bytes = bytes, .size = size};

    wait_for(&(struct wait){.what = text("the other side of '%s' to read what the test sends",
                                         s->address),
                            .ready = send_ready, .arg = &w, .fd = s->fd, .events = POLLOUT});
    if (w.error)
        fail_signed(KIND_STATE, text("send: %s", strerrorname_np(w.error)),
                    "the test cannot send to '%s': %s", s->address, strerror(w.error));
}

size_t send_some(struct sock *s, const void *bytes, size_t size)
{
    struct sending w = {.s = s, .bytes = bytes, .size = size};

    (void)send_ready(&w);
    pump(-1, 0, 0);
    return w.done;
}

void send_line(struct sock *s, const char *format, ...)
{
    va_list ap;
    char *line = NULL;
    int n;

    va_start(ap, format);
    n = vasprintf(&line, format, ap);
    va_end(ap);
    if (n < 0)
        broken("out of memory");
    line[n] = '\n'; /* in place of the NUL */
    send_bytes(s, line, (size_t)n + 1);
}

/* What the other side has not read. Unix sockets count it on the sender's side; TCP's own count is
 * of what was not acknowledged, so its receiver is looked up in the kernel's table. */
static bool tcp_unread(const struct sock *s)
{
    union address here = {0}, there = {0};
    socklen_t here_len = sizeof(here), there_len = sizeof(there);
    FILE *f;
    char line[512];
    bool unread = false;

    if (getsockname(s->fd, &here.sa, &here_len) < 0 || getpeername(s->fd, &there.sa, &there_len) < 0)
        return false;
    f = fopen("/proc/net/tcp", "re");
    while (f && fgets(line, sizeof(line), f)) {
        unsigned local, remote, unsent, queued;

        if (sscanf(line, " %*d: %*x:%x %*x:%x %*x %x:%x", &local, &remote, &unsent, &queued) != 4)
            continue;
        if (local == ntohs(there.in.sin_port) && remote == ntohs(here.in.sin_port) && queued)
            unread = true;
    }
    if (f)
        (void)fclose(f);
    return unread;
}

static bool drained_ready(void *arg)
{
    const struct sock *s = arg;
    int left = 0;

    if (ioctl(s->fd, s->fifo ? FIONREAD : SIOCOUTQ, &left) < 0)
        broken("SIOCOUTQ: %s", strerror(errno));
    return left == 0 && !(s->tcp && tcp_unread(s));
}

void await_drained(struct sock *s)
{
    wait_for(&(struct wait){.what = text("the other side of '%s' to read what the test has sent",
                                         s->address),
                            .ready = drained_ready, .arg = s, .fd = -1, .look = true});
}

/* Receiving --------------------------------------------------------------------------------------- */

/* A FIFO whose writers have all left says POLLHUP; one to which none has come yet does not, although
 * both make read return 0. */
static bool awaits_writer(const struct sock *s)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};

    return s->fifo && poll(&p, 1, 0) == 0;
}

/* Takes what has arrived. */
static void receive(struct sock *s)
{
    enum { CHUNK = 64 * 1024 };

    while (!s->eof && !s->error) {
        ssize_t n;

        if (awaits_writer(s))
            break;
        if (s->taken == s->size)
            s->taken = s->size = 0;
        s->data = grow(s->data, s->size + CHUNK + 1);
        n = s->fifo ? read(s->fd, s->data + s->size, CHUNK)
                    : recv(s->fd, s->data + s->size, CHUNK, 0);
        if (n > 0)
            s->size += (size_t)n;
        else if (n == 0)
            s->eof = true;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            s->error = errno;
        if (s->size - s->taken > OUTPUT_MAX)
            fail_signed(KIND_BYTES, "endless data on a socket",
                        "more than %d MiB came from '%s' without end", OUTPUT_MAX / 1024 / 1024,
                        s->address);
    }
}

static const char *waiting_data(const struct sock *s, size_t *size)
{
    *size = s->size - s->taken;
    return s->data ? s->data + s->taken : "";
}

struct receiving {
    struct sock *s;
    size_t want; /* bytes; 0: a line */
    bool end;    /* or only the end */
};

static bool receive_ready(void *arg)
{
    struct receiving *w = arg;
    size_t size;
    const char *data;

    receive(w->s);
    if (w->s->eof || w->s->error)
        return true;
    data = waiting_data(w->s, &size);
    if (w->end)
        return false;
    return w->want ? size >= w->want : memchr(data, '\n', size) != NULL;
}

static void receive_until(struct sock *s, size_t want, bool end, const char *what)
{
    struct receiving w = {s, want, end};

    wait_for(&(struct wait){.what = what, .ready = receive_ready, .arg = &w, .fd = s->fd,
                            .events = POLLIN});
}

static const char *how_it_ended(const struct sock *s)
{
    if (s->fifo)
        return "all writers have left";
    return s->error ? text("the connection was lost (%s)", strerror(s->error))
                    : "the connection was closed";
}

static _Noreturn void fail_ended(const struct sock *s, const char *wanted)
{
    size_t size;
    const char *data = waiting_data(s, &size);

    fail_signed(KIND_BYTES, s->error ? "connection lost" : "connection closed too early",
                "%s at '%s' while the test waited for %s%s%s", how_it_ended(s), s->address, wanted,
                size ? "; the last bytes were " : "", size ? quoted(data, size, 60) : "");
}

static const char *take(struct sock *s, size_t size)
{
    char *copy = memcpy(grab(size + 1), s->data + s->taken, size);

    s->taken += size;
    return copy;
}

static const char *line_from(struct sock *s, const char *wanted)
{
    size_t size, length;
    const char *data, *lf;

    receive_until(s, 0, false, text("%s at '%s'", wanted, s->address));
    data = waiting_data(s, &size);
    lf = memchr(data, '\n', size);
    if (!lf)
        fail_ended(s, wanted);
    length = (size_t)(lf - data);
    data = take(s, length);
    s->taken++;
    return data;
}

const char *receive_line(struct sock *s)
{
    return line_from(s, "a line");
}

void expect_line(struct sock *s, const char *line)
{
    const char *got = line_from(s, text("the line %s", quoted(line, strlen(line), 80)));

    if (strcmp(got, line) != 0)
        fail_signed(KIND_BYTES, "wrong line", "the line from '%s' is %s", s->address,
                    difference(got, strlen(got), line, strlen(line)));
}

void expect_lines(struct sock *s, const char *const lines[])
{
    size_t count = 0;
    bool *seen;

    while (lines[count])
        count++;
    seen = grab(count);
    for (size_t k = 0; k < count; k++) {
        size_t missing = 0, i;
        const char *got;

        while (seen[missing])
            missing++;
        got = line_from(s, text("the line %s", quoted(lines[missing], strlen(lines[missing]), 80)));
        for (i = 0; i < count && (seen[i] || strcmp(got, lines[i]) != 0); i++)
            ;
        if (i == count)
            fail_signed(KIND_BYTES, "wrong line",
                        "the line %s from '%s' is not expected here, %s is",
                        quoted(got, strlen(got), 80), s->address,
                        quoted(lines[missing], strlen(lines[missing]), 80));
        seen[i] = true;
    }
}

void expect_bytes(struct sock *s, const void *bytes, size_t size)
{
    size_t have;
    const char *got;

    if (!size)
        return;
    receive_until(s, size, false, text("%zu bytes at '%s'", size, s->address));
    (void)waiting_data(s, &have);
    if (have < size)
        fail_ended(s, text("%zu bytes", size));
    got = take(s, size);
    if (memcmp(got, bytes, size) != 0)
        fail_signed(KIND_BYTES, "wrong bytes", "the bytes from '%s': %s", s->address,
                    difference(got, size, bytes, size));
}

void expect_eof(struct sock *s)
{
    size_t size;
    const char *data;

    receive_until(s, 0, true, text("end of file at '%s'", s->address));
    data = waiting_data(s, &size);
    if (size)
        fail_signed(KIND_BYTES, "more bytes before the end",
                    "before the end '%s' still sent %s", s->address, quoted(data, size, 80));
    if (s->error)
        fail_signed(KIND_STATE, "reset instead of end of file",
                    "end of file was expected at '%s', but %s", s->address, how_it_ended(s));
}

void expect_closed(struct sock *s)
{
    receive_until(s, 0, true, text("'%s' to close the connection", s->address));
    s->taken = s->size;
}

void expect_nothing(struct sock *s)
{
    size_t size;
    const char *data;

    pump(-1, 0, 0);
    if (s->datagram) {
        char buf[64];
        ssize_t n = recv(s->fd, buf, sizeof(buf), MSG_PEEK | MSG_TRUNC);

        if (n >= 0)
            fail_signed(KIND_BYTES, "unexpected datagram",
                        "a datagram of %zd bytes came that nobody expected: %s", n,
                        quoted(buf, (size_t)n < sizeof(buf) ? (size_t)n : sizeof(buf), 60));
        return;
    }
    receive(s);
    data = waiting_data(s, &size);
    if (size)
        fail_signed(KIND_BYTES, "unexpected bytes", "'%s' sent %s, which nobody expected",
                    s->address, quoted(data, size, 80));
    if (s->eof || s->error)
        fail_ended(s, "nothing");
}

int pending_bytes(struct sock *s)
{
    size_t size;

    if (s->datagram) {
        int n = 0;

        return ioctl(s->fd, FIONREAD, &n) == 0 ? n : 0;
    }
    receive(s);
    (void)waiting_data(s, &size);
    return (int)size;
}

/* Closing ----------------------------------------------------------------------------------------- */

void half_close(struct sock *s)
{
    (void)shutdown(s->fd, SHUT_WR); /* fails if the other side is gone, which reading will tell */
}

void close_sock(struct sock *s)
{
    if (s->fd >= 0)
        (void)close(s->fd);
    s->fd = -1;
}

void close_abruptly(struct sock *s)
{
    /* TCP resets when told not to linger; a Unix socket when bytes that came were never read. */
    if (s->tcp)
        (void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
                         sizeof(struct linger));
    close_sock(s);
}

int sock_fd(const struct sock *s)
{
    return s->fd;
}

/* Datagrams --------------------------------------------------------------------------------------- */

struct sock *datagram_at(const char *address)
{
    int fd = open_socket(address ? address : "", SOCK_DGRAM);

    if (address)
        bind_openly(fd, address);
    return new_sock(fd, address ? address : "a socket without address", true);
}

struct datagram_out {
    struct sock *s;
    union address to;
    socklen_t len;
    const void *bytes;
    size_t size;
    int error;
    bool done;
};

/* A full queue of the receiver is no event for poll on an unconnected socket, so ask again. */
static bool datagram_sent(void *arg)
{
    struct datagram_out *w = arg;

    if (w->done)
        return true;
    if (sendto(w->s->fd, w->bytes, w->size, MSG_NOSIGNAL, &w->to.sa, w->len) < 0) {
        if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
            return false;
        w->error = errno;
    }
    w->done = true;
    return true;
}

void send_datagram(struct sock *s, const char *to, const void *bytes, size_t size)
{
    struct datagram_out w = {.s = s, .bytes = bytes, .size = size};

    w.len = address_of(to, &w.to);
    wait_for(&(struct wait){.what = text("'%s' to take a datagram", to), .ready = datagram_sent,
                            .arg = &w, .fd = -1, .look = true});
    if (w.error)
        fail_signed(KIND_STATE, text("sendto: %s", strerrorname_np(w.error)),
                    "the test cannot send a datagram to '%s': %s", to, strerror(w.error));
}

static bool datagram_there(void *arg)
{
    const struct sock *s = arg;

    return recv(s->fd, NULL, 0, MSG_PEEK) >= 0 || errno != EAGAIN;
}

size_t receive_datagram(struct sock *s, void *bytes, size_t max, char from[static 128])
{
    union address a = {0};
    socklen_t len = sizeof(a);
    ssize_t n;
    size_t name;

    wait_for(&(struct wait){.what = text("a datagram at %s", s->address), .ready = datagram_there,
                            .arg = s, .fd = s->fd, .events = POLLIN});
    n = recvfrom(s->fd, bytes, max, MSG_TRUNC, &a.sa, &len);
    if (n < 0)
        broken("cannot receive a datagram: %s", strerror(errno));
    name = len > offsetof(struct sockaddr_un, sun_path)
               ? len - offsetof(struct sockaddr_un, sun_path)
               : 0;
    (void)memset(from, 0, 128);
    if (name && a.sa.sa_family == AF_UNIX) {
        (void)memcpy(from, a.un.sun_path, name < 127 ? name : 127);
        if (!from[0])
            from[0] = '@';
    }
    return (size_t)n;
}

void expect_datagram(struct sock *s, const void *bytes, size_t size)
{
    enum { ROOM = 64 * 1024 };
    char from[128], *got = grab(ROOM);
    size_t n = receive_datagram(s, got, ROOM, from);

    if (n != size || memcmp(got, bytes, size) != 0)
        fail_signed(KIND_BYTES, "wrong datagram", "the datagram: %s",
                    difference(got, n < ROOM ? n : ROOM, bytes, size));
    free(got);
}
