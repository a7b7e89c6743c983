/* SPDX-License-Identifier: MIT */
/* A handler calls into the C library while the program is inside a lock of it.
 * lab: 03
 * signature: unsafe_handler: the C library(lock of the C library) [SIGALRM pending and blocked]
 * cause: unsafe-handler
 * process: unsafe_handler */
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static void on_signal(int sig)
{
    time_t now = time(NULL);

    (void)sig;
    (void)localtime(&now); /* takes the lock that tzset holds */
}

int main(void)
{
    struct sigaction sa = {.sa_handler = on_signal};
    struct itimerval again = {{0, 1000}, {0, 1000}}; /* until one comes at the wrong moment */

    (void)sigaction(SIGALRM, &sa, NULL);
    (void)setitimer(ITIMER_REAL, &again, NULL);
    for (;;)
        tzset();
}
