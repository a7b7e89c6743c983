/* lab01; tests: hello_line filter_large pipeline_fd_hygiene; verdicts: pass; stage: leftovers<=3 | links, FIFOs and closed folders for whoever cleans up */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    if (!native())
        return;
    mkdir("closed", 0700);
    (void)!symlink("/judge", "closed/judge");
    (void)!symlink("/", "root");
    (void)!symlink("loop", "loop");
    mkfifo("fifo", 0600);
    (void)!link("/sub/image", "hard");
    mkdir("closed/in", 0);
    chmod("closed", 0);
    (void)!symlink("/judge/tests", "/tmp/tests");
    mkdir("-rf", 0700);
    mkdir("a\nb\033[2J", 0700);
    mkdir("/tmp/x\xff\xfe", 0);
}
