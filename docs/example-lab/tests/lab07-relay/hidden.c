/* SPDX-License-Identifier: MIT */
#include "harness.h"

LAB_TEST(hidden, relay_large)
{
    enum { SIZE = 1 << 20 };
    struct start fed = {.stdin_text = bytes_of('x', SIZE), .stdin_size = SIZE};
    struct proc *p = start_with(&fed, "relay", NULL);

    expect_exit(p, 0); /* no clue: if this hangs, the rules of hints.yaml find the hint */
    clue("one-read");
    expect_output_bytes(p, bytes_of('X', SIZE), SIZE);
}

LAB_TEST(hidden, relay_short)
{
    const char *const env[] = {"LAB_SHORT_WRITES=1", NULL};
    struct proc *p = start_with(&(struct start){.stdin_text = "abc\n", .env = env}, "relay", NULL);

    expect_exit(p, 0);
    clue("short-write");
    expect_output(p, "ABC\n");
}
