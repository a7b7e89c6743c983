/* SPDX-License-Identifier: MIT */
/* pages: the coverage of one submission as lcov's tracefile and genhtml's pages, for people. The
 * score does not need them: it is read from gcov's JSON. */
#ifndef GRADER_STAGE_PAGES_H
#define GRADER_STAGE_PAGES_H

#include "stage/stage.h"

/* Runs lcov and genhtml in the box on what the coverage stage left, and copies coverage.info and
 * the pages into the folder 'dir' of the host, which is made if it is missing. */
int pages_make(struct stage *s, const char *dir, struct err *err);

#endif
