/* SPDX-License-Identifier: MIT */
/* Datagrams. */
#include "parts.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char text[DGRAM_MAX + 1], reply[DGRAM_MAX + 32];

/* The reply to the n bytes in 'text'. Returns its length. */
static size_t make_reply(size_t n)
{
    size_t k;

    if (n > DGRAM_MAX) {
        strcpy(reply, "ERR toolong");
        return strlen(reply);
    }
    sprintf(reply, "%zu ", n);
    k = strlen(reply);
    for (size_t i = 1; i <= n; i++)
        reply[k++] = text[n - i];
    return k;
}

int dgramd_run(const char *name)
{
    struct pollfd set[2] = {{.events = POLLIN}, {.events = POLLIN}};
    int code = EXIT_OK;

    set[0].fd = alarm_open();
    set[1].fd = set[0].fd < 0 ? -1 : un_dgram(name);
    if (set[1].fd < 0) {
        code = problem("dgramd", name);
        alarm_close();
        return code;
    }
    printf("READY %s\n", name);
    fflush(stdout);
    while (!(set[0].revents & POLLIN)) {
        struct sockaddr_un peer;
        socklen_t len = sizeof(peer);
        ssize_t n;

        if (poll(set, 2, -1) < 0) {
            set[0].revents = 0;
            continue;
        }
        if (!set[1].revents)
            continue;
        n = recvfrom(set[1].fd, text, sizeof(text), MSG_DONTWAIT, (struct sockaddr *)&peer, &len);
        if (n >= 0 && len > sizeof(peer.sun_family)) {
            size_t k = make_reply((size_t)n);

            (void)!sendto(set[1].fd, reply, k, MSG_DONTWAIT | MSG_NOSIGNAL,
                          (struct sockaddr *)&peer, len);
        }
    }
    close(set[1].fd);
    if (name[0] != '@')
        unlink(name);
    alarm_close();
    return code;
}

static int ask(int fd, const char *question, int timeout_ms)
{
    struct pollfd set = {.fd = fd, .events = POLLIN};
    ssize_t n;

    if (send(fd, question, strlen(question), MSG_NOSIGNAL) < 0)
        return errno == ECONNREFUSED || errno == ENOTCONN ? EXIT_NO_PEER : EXIT_FAILED;
    switch (poll(&set, 1, timeout_ms)) {
    case 0:
        errno = ETIMEDOUT;
        return EXIT_TIMEOUT;
    case 1:
        n = recv(fd, reply, sizeof(reply), 0);
        if (n >= 0) {
            printf("%.*s\n", (int)n, reply);
            return EXIT_OK;
        }
        return errno == ECONNREFUSED || errno == ECONNRESET ? EXIT_NO_PEER : EXIT_FAILED;
    default:
        return EXIT_FAILED;
    }
}

int dgramc_run(const char *name, int timeout_ms, char *const texts[])
{
    struct sockaddr_un sa;
    socklen_t len;
    int fd, code = EXIT_OK;

    if (un_address(name, &sa, &len) != 0)
        return problem("dgramc", name);
    fd = un_dgram(NULL);
    if (fd < 0)
        return problem("dgramc", "socket");
    if (connect(fd, (struct sockaddr *)&sa, len) != 0)
        code = errno == ENOENT || errno == ECONNREFUSED ? EXIT_NO_PEER : EXIT_FAILED;
    for (int i = 0; code == EXIT_OK && texts[i]; i++)
        code = ask(fd, texts[i], timeout_ms);
    if (code != EXIT_OK)
        problem("dgramc", name);
    close(fd);
    return code;
}
