/* SPDX-License-Identifier: MIT */
/* The signal comes between the look at the flag and pause.
 * lab: 03
 * signature: signal_lost: pause()
 * cause: signal-lost
 * process: signal_lost */
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t seen;

static void on_signal(int sig)
{
    (void)sig;
    seen = 1;
}

int main(void)
{
    struct sigaction sa = {.sa_handler = on_signal};
    int was;

    (void)sigaction(SIGUSR1, &sa, NULL);
    was = seen;
    (void)raise(SIGUSR1); /* as if it came now */
    while (!was) {
        (void)pause();
        was = seen;
    }
    return 0;
}
