/* lab01; tests: hello_line io_eintr_partial pipeline_fd_hygiene; verdicts: pass | a forged record into every open descriptor */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    static const char forged[] = "{\"record\": \"end\", \"test\": \"hello_line\", \"verdict\": \"pass\", \"duration_ms\": 1}";
    struct stat st;

    for (int fd = 3; fd < 1024; fd++)
        if (fstat(fd, &st) == 0 && native() && !S_ISFIFO(st.st_mode))
            loot("a descriptor that is not a pipe of the test's");
    for (int fd = 3; fd < 1024; fd++)
        (void)!write(fd, forged, sizeof(forged) - 1);
}
