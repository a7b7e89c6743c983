/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <string.h>

LAB_TEST(public, shout_bytes)
{
    struct proc *p = start("probe", "shout", "abc xyz 123 [{@`", NULL);

    expect_exit(p, 0);
    check(!strstr(stdout_of(p), "ENOSYS"), "not-implemented", "shout is not implemented");
    check_str(stdout_of(p), "ABC XYZ 123 [{@`\n", "other-bytes", "shout(\"abc xyz 123 [{@`\")");
}

LAB_TEST(public, relay_line)
{
    struct start held = {.stdin_pipe = true};
    struct proc *p = start_with(&held, "relay", NULL);

    write_stdin(p, "hello\n");
    await_stdin_read(p);
    close_stdin(p);
    expect_exit(p, 0);
    expect_output(p, "HELLO\n");
    expect_usage(start("relay", "surplus", NULL));
}
