/* SPDX-License-Identifier: MIT */
/* The client keeps its side open and waits for the answer of a server that reads to the end.
 * lab: 05
 * signature: a child of half_close: read(Unix socket to half_close); half_close: read(Unix socket to a child of half_close)
 * cause: both-read
 * process: a child of half_close */
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    int s[2];
    char byte;

    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    if (fork() == 0) {
        (void)close(s[0]);
        while (read(s[1], &byte, 1) > 0)
            ;
        _exit(write(s[1], "answer", 6) < 0);
    }
    (void)close(s[1]);
    (void)!write(s[0], "question", 8);
    return read(s[0], &byte, 1) != 1;
}
