/* SPDX-License-Identifier: MIT */
/* lab07: given; grading puts it back as it is here. */
#ifndef LAB07_H
#define LAB07_H

#include <stddef.h>

/* Makes capitals of the letters among n bytes. 0; -1 with errno. */
int shout(char *s, size_t n);

/* Copies in_fd to out_fd through a pipe and a child. 0; -1 with errno. */
int relay_run(int in_fd, int out_fd);

#endif
