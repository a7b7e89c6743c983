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
