/* SPDX-License-Identifier: MIT */
/* talk ADDRESS ACTION...: sends and expects raw bytes on a FIFO or a stream socket.
 *
 * ADDRESS: the path of a FIFO or of a Unix socket, @NAME (abstract), tcp:PORT on 127.0.0.1.
 * ACTION:  +TEXT send, =TEXT expect, "." half-close, "$" expect end of file. "\n" in TEXT is a line
 *          feed. What came instead is printed; exit 0 only if all went as said. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int open_tcp(const char *port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 ? fd : -1;
}

static int open_unix(const char *name)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    size_t n = strlen(name);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (n >= sizeof(sa.sun_path))
        return -1;
    (void)memcpy(sa.sun_path, name, n);
    if (name[0] == '@')
        sa.sun_path[0] = '\0';
    else
        n++;
    return fd >= 0
                   && connect(fd, (struct sockaddr *)&sa,
                              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == 0
               ? fd
               : -1;
}

static int open_address(const char *address, char *const actions[])
{
    struct stat st;

    if (strncmp(address, "tcp:", 4) == 0)
        return open_tcp(address + 4);
    if (stat(address, &st) == 0 && S_ISFIFO(st.st_mode))
        return open(address, actions[0] && actions[0][0] == '+' ? O_WRONLY : O_RDONLY);
    return open_unix(address);
}

/* In place; the length. */
static size_t unescape(char *s)
{
    char *to = s;

    for (const char *from = s; *from; from++)
        *to++ = from[0] == '\\' && from[1] == 'n' ? (from++, '\n') : *from;
    *to = '\0';
    return (size_t)(to - s);
}

static int expect(int fd, const char *want, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char byte;
        ssize_t n = read(fd, &byte, 1);

        if (n != 1 || byte != want[i]) {
            (void)printf("talk: '%s': %s at byte %zu\n", want, n == 1 ? "another byte" : "the end",
                         i);
            return -1;
        }
    }
    return 0;
}

static int act(int fd, char *action)
{
    char *text = action + 1, byte;
    size_t size = unescape(text);

    switch (action[0]) {
    case '+':
        return write(fd, text, size) == (ssize_t)size ? 0 : -1;
    case '=':
        return expect(fd, text, size);
    case '.':
        return shutdown(fd, SHUT_WR);
    case '$':
        return read(fd, &byte, 1) == 0 ? 0 : -1;
    default:
        return -1;
    }
}

int main(int argc, char **argv)
{
    int fd;

    if (argc < 2)
        return 2;
    fd = open_address(argv[1], argv + 2);
    if (fd < 0) {
        perror(argv[1]);
        return 3;
    }
    for (int i = 2; i < argc; i++)
        if (act(fd, argv[i]) < 0)
            return 1;
    return 0;
}
