/* SPDX-License-Identifier: MIT */
/* The signal is blocked while the program waits for it.
 * lab: 03
 * signature: signal_blocked: pause() [SIGUSR1 pending and blocked]
 * cause: signal-blocked
 * process: signal_blocked */
#include <signal.h>
#include <unistd.h>

static void on_signal(int sig)
{
    (void)sig;
}

int main(void)
{
    struct sigaction sa = {.sa_handler = on_signal};
    sigset_t set;

    (void)sigaction(SIGUSR1, &sa, NULL);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)raise(SIGUSR1);
    return pause();
}
