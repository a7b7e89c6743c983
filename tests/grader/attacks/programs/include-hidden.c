/* lab01; tests: hello_line; status: compile_error; score: 0 | hidden tests and the like as headers */
/* SPDX-License-Identifier: MIT */
#include "/judge/tests"
#include "../../tests/lab01-pipe/hidden.c"
#include "../../../tests/lab01-pipe/hidden.c"
#include "/proc/self/environ"
#include "/proc/1/environ"
#include "/proc/1/cmdline"
#include "/etc/shadow"
#include "/sub/kit/probe.o"
