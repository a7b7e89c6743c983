/* SPDX-License-Identifier: MIT */
/* Nobody waits for the child.
 * lab: 03
 * finding: leftover.zombie
 * cause: not-reaped */
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    siginfo_t info;
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0; /* it is dead for certain */
}
