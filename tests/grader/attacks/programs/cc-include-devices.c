/* lab01; tests: hello_line; status: compile_error; score: 0; wall: 60 | headers that never end */
/* SPDX-License-Identifier: MIT */
#include "/dev/zero"
#include "/dev/random"
#include "/dev/stdin"
#include "/dev/tty"
#include "/proc/kmsg"
#include "/proc/self/fd/0"
