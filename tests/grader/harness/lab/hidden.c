/* SPDX-License-Identifier: MIT */
#include "harness.h"

LAB_TEST(hidden, is_not_public)
{
    expect_exit(start("good", "twice", "1", NULL), 0);
}
