/* SPDX-License-Identifier: MIT */
#include "util/i18n.h"
#include "util/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int fd = -1;
static int arrived;

int interrupt_init(struct err *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return err_errno(err, errno, N_("cannot block signals"));
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? err_errno(err, errno, N_("cannot make a signalfd")) : 0;
}

int interrupt_fd(void)
{
    return fd;
}

int interrupt_signal(void)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    struct signalfd_siginfo info;

    /* What was read stays remembered: whoever asks later gets the same answer. */
    if (!arrived && fd >= 0 && poll(&p, 1, 0) > 0 && read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        arrived = (int)info.ssi_signo;
    return arrived;
}
