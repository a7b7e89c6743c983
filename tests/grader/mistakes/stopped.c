/* SPDX-License-Identifier: MIT */
/* The child stops itself for its parent, which waits for its end only.
 * lab: 03
 * signature: a child of stopped: stopped; stopped: wait(a child of stopped)
 * cause: stopped
 * process: a child of stopped */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    if (fork() == 0)
        _exit(raise(SIGSTOP));
    return wait(NULL) < 0;
}
