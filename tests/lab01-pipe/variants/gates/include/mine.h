/* SPDX-License-Identifier: MIT */
/* a header of my own */
#ifndef MINE_H
#define MINE_H
#define PIPE_FLAGS O_CLOEXEC
#endif
