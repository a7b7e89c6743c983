/* lab01; tests: hello_line filter_early_exit_idle; verdicts: pass | the image, its links, the sources, the kit */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    static const char *const paths[] = {"/sub/image", "/sub/bin/hello", "/sub/bin/probe", "/sub/obj/image", "/sub/src/lab01.c",
                                        "/sub/kit/probe.o", "/peers/fdprobe", "/judge/tests", "/usr/bin/cat", "/.init", "/proc/self/exe"};

    for (size_t i = 0; native() && i < sizeof(paths) / sizeof(*paths); i++) {
        if (open(paths[i], O_WRONLY) >= 0 || open(paths[i], O_RDWR) >= 0 || truncate(paths[i], 0) == 0 || chmod(paths[i], 0777) == 0)
            loot(paths[i]);
        if (unlink(paths[i]) == 0 || rename("/tmp/x", paths[i]) == 0 || (errno != ENOENT && symlink("/usr/bin/true", paths[i]) == 0))
            loot(paths[i]);
    }
}
