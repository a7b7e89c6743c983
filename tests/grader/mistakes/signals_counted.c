/* SPDX-License-Identifier: MIT */
/* Two equal signals are one: the second sigwait waits for ever.
 * lab: 03
 * signature: signals_counted: sigwait()
 * cause: signal-never-comes
 * process: signals_counted */
#include <signal.h>

int main(void)
{
    sigset_t set;
    int sig;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)raise(SIGUSR1);
    (void)raise(SIGUSR1);
    return sigwait(&set, &sig) || sigwait(&set, &sig);
}
