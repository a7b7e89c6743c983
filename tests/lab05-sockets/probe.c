/* SPDX-License-Identifier: MIT */
/* probe: calls one function of the student's library, as told by its arguments, and prints what it
 * saw. It judges nothing: what is right is known to the tests alone.
 *
 *     address NAME     "0 LENGTH FAMILY HEX..." with all bytes of sun_path up to the length
 *     connect NAME     un_connect, then sends a line with send_all
 *     tcp-connect PORT the same with tcp_connect
 *     listen NAME      un_listen; keeps it until standard input ends, then removes the name
 *     tcp-listen       tcp_listen(0) three times: "PORT PORT PORT"; keeps them likewise
 *
 * A function that fails is told as "-1 ERRNO". */
#include "lab05.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TCP_LISTENERS = 3 };

static int failed(void)
{
    const char *name = strerrorname_np(errno);

    printf("-1 %s\n", name ? name : "0");
    return 0;
}

static void wait_for_end_of_input(void)
{
    char c;

    fflush(stdout);
    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
}

static int probe_address(const char *name)
{
    struct sockaddr_un sa;
    socklen_t len = 0;

    memset(&sa, 0x5a, sizeof(sa)); /* a NUL that is seen was put there */
    if (un_address(name, &sa, &len) < 0)
        return failed();
    printf("0 %u %s ", (unsigned)len, sa.sun_family == AF_UNIX ? "AF_UNIX" : "other");
    for (size_t i = offsetof(struct sockaddr_un, sun_path); i < len && i < sizeof(sa); i++)
        printf("%02x", ((const unsigned char *)&sa)[i]);
    printf("\n");
    return 0;
}

static int probe_connected(int fd)
{
    static const char greeting[] = "hello from the probe\n";

    if (fd < 0 || send_all(fd, greeting, sizeof(greeting) - 1) < 0)
        return failed();
    close(fd);
    printf("0\n");
    return 0;
}

static int probe_listen(const char *name)
{
    int fd = un_listen(name, 16);

    if (fd < 0)
        return failed();
    printf("0\n");
    wait_for_end_of_input();
    close(fd);
    if (name[0] != '@')
        unlink(name);
    return 0;
}

static int probe_tcp_listen(void)
{
    int fds[TCP_LISTENERS];
    uint16_t port;

    for (int i = 0; i < TCP_LISTENERS; i++) {
        port = 0;
        fds[i] = tcp_listen(0, &port);
        if (fds[i] < 0)
            return failed();
        printf("%u%s", (unsigned)port, i < TCP_LISTENERS - 1 ? " " : "\n");
    }
    wait_for_end_of_input();
    for (int i = 0; i < TCP_LISTENERS; i++)
        close(fds[i]);
    return 0;
}

int main(int argc, char *argv[])
{
    const char *what = argc > 1 ? argv[1] : "";

    if (argc == 3 && strcmp(what, "address") == 0)
        return probe_address(argv[2]);
    if (argc == 3 && strcmp(what, "connect") == 0)
        return probe_connected(un_connect(argv[2]));
    if (argc == 3 && strcmp(what, "tcp-connect") == 0)
        return probe_connected(tcp_connect((uint16_t)atoi(argv[2])));
    if (argc == 3 && strcmp(what, "listen") == 0)
        return probe_listen(argv[2]);
    if (argc == 2 && strcmp(what, "tcp-listen") == 0)
        return probe_tcp_listen();
    fprintf(stderr, "usage: probe address|connect|tcp-connect|listen|tcp-listen [ARGUMENT]\n");
    return 2;
}
